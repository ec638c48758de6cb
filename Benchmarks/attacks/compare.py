"""Compares the attacks of ntk with those of torchattacks and foolbox on the same predictor, at the same budgets.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python compare.py --ntk ../../.build/release/ntk --data FOLDER

FOLDER holds Fashion-MNIST's files (train-images-idx3-ubyte.gz, ...). What ntk found is judged by the torch predictor,
so nothing rests on ntk's own word. Prints a table; --json FILE keeps the numbers.
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import time

import numpy as np
import torch

import public
from predictor import KernelPredictor

DEPTH, DIAG_REG = 3, 1e-4


def images(folder, name, count):
    """The first images [count, 28, 28, 1] in [0, 1] and labels [count]."""
    root = pathlib.Path(folder)
    with gzip.open(root / f"{name}-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(16 + count * 784), np.uint8, offset=16)
    with gzip.open(root / f"{name}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + count), np.uint8, offset=8)
    return pixels.reshape(count, 28, 28, 1) / 255.0, labels.astype(np.int32)


def run_ntk(ntk, work, trials, data):
    """Runs all attacks in one run folder; returns its arrays by name."""
    for name, array in data.items():
        np.save(work / f"{name}.npy", array)
    configuration = {
        "output": str(work / "run"),
        "data": {"name": "npy", **{name: str(work / f"{name}.npy") for name in data}},
        "model": {"preset": "fc", "depth": DEPTH},
        "compute": {"backend": "cpu", "precision": "float64"},
        "inference": {"diag_reg": DIAG_REG},
        "attacks": [{**trial.ours, "clip": [0, 1]} for trial in trials],
        "save": ["predictions", "adversarial"],
    }
    # JSON is YAML.
    (work / "compare.yaml").write_text(json.dumps(configuration))
    subprocess.run([ntk, "run", str(work / "compare.yaml"), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return lambda name: np.load(work / "run" / "arrays" / f"{name}.npy")


def seconds_of_attacks(work):
    """Seconds of each attack, by its place."""
    seconds = json.loads((work / "run" / "manifest.json").read_text())["seconds"]
    return {name.split()[1]: value for name, value in seconds.items() if name.startswith("attack ")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ntk", required=True, help="the program")
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--work", default="comparison", help="folder for arrays and the run")
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--only", nargs="*", help="names of attacks")
    parser.add_argument("--json", help="file for the numbers")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work).resolve()
    work.mkdir(parents=True, exist_ok=True)

    train, train_labels = images(arguments.data, "train", arguments.train)
    test, test_labels = images(arguments.data, "t10k", arguments.test)
    trials = [trial for trial in public.trials() if not arguments.only or trial.ours["name"] in arguments.only]
    arrays = run_ntk(
        arguments.ntk, work, trials,
        dict(train_inputs=train, train_targets=train_labels, test_inputs=test, test_targets=test_labels))

    torch.set_default_dtype(torch.float64)
    targets = torch.nn.functional.one_hot(torch.tensor(train_labels, dtype=torch.long), 10).double()
    model = KernelPredictor(torch.tensor(train), targets, DEPTH, DIAG_REG).eval()
    points = torch.tensor(test).permute(0, 3, 1, 2)
    labels = torch.tensor(test_labels, dtype=torch.long)
    clean = model(points).detach()
    difference = (clean - torch.tensor(arrays("predictions_tinf"))).abs().max().item()
    accuracy = (clean.argmax(1) == labels).double().mean().item()
    print(f"{len(train)} training and {len(test)} test points; clean accuracy {100 * accuracy:.1f} %; "
          f"predictions differ by {difference:.1e} at most\n")
    assert difference < 1e-8, "the two predictors are not the same"

    judge = public.Judge(model, points, labels)
    seconds = seconds_of_attacks(work)
    records = []
    known = {}
    for trial in trials:
        name = trial.ours["name"]
        known[name] = known.get(name, 0) + 1
        label = name if known[name] == 1 else f"{name}-{known[name]}"
        start = time.monotonic()
        theirs = trial.theirs(model, points, labels)
        theirs_seconds = time.monotonic() - start
        file = f"adversarial_{label}_{trial.norm}" + ("" if trial.is_minimal else "_eps0") + "_tinf"
        ours = torch.tensor(arrays(file)).permute(0, 3, 1, 2)
        record = dict(attack=name, norm=trial.norm, budget=trial.budget, peer=trial.peer,
                      ours_seconds=seconds[label], theirs_seconds=theirs_seconds, **judge(trial, ours, theirs))
        records.append(record)
        print(json.dumps(record), flush=True)
    print("\n" + public.table(records))
    if arguments.json:
        pathlib.Path(arguments.json).write_text("".join(json.dumps(record) + "\n" for record in records))


if __name__ == "__main__":
    main()
