"""Training of finite nets in PyTorch and in `ntk bench`, in turn on the same processor: images per second and their ratio.

    python Benchmarks/training/pytorch.py --ntk .build/release/ntk [NAME ...]

The nets and the steps are those of `ntk bench`: train-wide-784 (784-4096-10), train-conv-32x32x3 (conv 32, 32,
max-pool, 64, 64, 128, 128, average-pool, dense 10) and train-conv-adv-32x32x3, where PGD of 20 steps makes the images of
every step. Batches of 250, plain gradient descent, cross-entropy, float32. Both programs run alternately, and each one's
best time counts: other work on the machine only adds to it.
"""
import argparse
import json
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional

BATCH = 250


def conv_net():
    layers, channels = [], 3
    for width, pool in [(32, None), (32, nn.MaxPool2d(2)), (64, None), (64, None), (128, None), (128, nn.AvgPool2d(2))]:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        channels = width
        if pool:
            layers.append(pool)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 8 * 8, 10))


def wide_net():
    return nn.Sequential(nn.Linear(784, 4096), nn.ReLU(), nn.Linear(4096, 10))


def pgd(net, images, labels, steps, eps=8 / 255, step=2 / 255):
    """Without restarts or random starts, as `ntk bench` has it."""
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    moved = images.clone()
    for _ in range(steps):
        moved.requires_grad_(True)
        loss = functional.cross_entropy(net(moved), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, moved)
        with torch.no_grad():
            moved = moved + step * gradient.sign()
            moved = torch.clamp(torch.min(torch.max(moved, images - eps), images + eps), 0, 1)
    for parameter in net.parameters():
        parameter.requires_grad_(True)
    return moved.detach()


class Epoch:
    """One pass over random images."""

    def __init__(self, net, shape, images, steps, channels_last):
        torch.manual_seed(0)
        layout = torch.channels_last if channels_last and len(shape) == 3 else torch.contiguous_format
        self.net = net.to(memory_format=layout)
        self.images = torch.rand(images, *shape).contiguous(memory_format=layout)
        self.labels = torch.randint(10, (images,))
        self.steps = steps
        self.descent = torch.optim.SGD(net.parameters(), lr=1e-2)

    def seconds(self):
        start = time.perf_counter()
        for first in range(0, len(self.images), BATCH):
            images, labels = self.images[first : first + BATCH], self.labels[first : first + BATCH]
            if self.steps:
                images = pgd(self.net, images, labels, self.steps)
            self.descent.zero_grad()
            functional.cross_entropy(self.net(images), labels).backward()
            self.descent.step()
        return time.perf_counter() - start


ROWS = {
    "train-wide-784": (wide_net, (784,), 5000, 0),
    "train-conv-32x32x3": (conv_net, (3, 32, 32), 500, 0),
    "train-conv-adv-32x32x3": (conv_net, (3, 32, 32), 250, 20),
}


def ours(program, name, images, threads):
    command = [program, "bench", name, "--n", str(images), "--threads", str(threads), "--repeats", "3", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["seconds"]["min"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="rows to measure; all by default")
    parser.add_argument("--ntk", default=".build/release/ntk", help="the program")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2, help="turns of both programs")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(ROWS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    torch.set_num_threads(arguments.threads)
    for name in arguments.names or ROWS:
        net, shape, images, steps = ROWS[name]
        # PyTorch is measured in both layouts of images; the faster one counts.
        epochs = [Epoch(net(), shape, images, steps, layout) for layout in ([False, True] if len(shape) == 3 else [False])]
        theirs, best = [float("inf")] * len(epochs), float("inf")
        for epoch in epochs:
            epoch.seconds()
        for _ in range(arguments.rounds):
            best = min(best, ours(arguments.ntk, name, images, arguments.threads))
            for index, epoch in enumerate(epochs):
                theirs[index] = min(theirs[index], *(epoch.seconds() for _ in range(3 if steps == 0 else 1)))
        print(
            json.dumps(
                {
                    "name": name, "threads": arguments.threads, "torch": torch.__version__,
                    "images_per_second": round(images / best, 1),
                    "torch_images_per_second": round(images / min(theirs), 1),
                    "torch_by_layout": [round(images / seconds, 1) for seconds in theirs],
                    "ratio": round(min(theirs) / best, 3),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
