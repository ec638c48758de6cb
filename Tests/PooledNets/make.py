"""Makes cases.json and the arrays beside it: nets whose poolings stand in residual blocks, are cut at the border or meet
circular padding, by neural_tangents in float64. The format is that of ../Golden.

    JAX_ENABLE_X64=1 python make.py
"""

import json
import pathlib

import jax
import neural_tangents as nt
import numpy as np
from neural_tangents import stax

HERE = pathlib.Path(__file__).parent


def conv(height, width, strides=(1, 1), padding="SAME"):
    return {"op": "Conv", "filter": [height, width], "strides": list(strides), "padding": padding,
            "W_std": 1.3, "b_std": 0.2}


def pool(op, window, strides, padding):
    return {"op": op, "window": list(window), "strides": list(strides), "padding": padding}


RELU = {"op": "Relu"}
END = [{"op": "GlobalAvgPool"}, {"op": "Dense", "W_std": 1.1, "b_std": 0.1}]
NETS = {
    "pools_in_branches": [
        conv(3, 3), RELU,
        {"op": "Residual",
         "main": [conv(3, 3), RELU, pool("AvgPool", (2, 2), (2, 2), "VALID"), conv(2, 2)],
         "shortcut": [pool("SumPool", (2, 2), (2, 2), "VALID"), conv(1, 1)]},
        RELU, *END, RELU, {"op": "Dense", "W_std": 1.1, "b_std": 0.1}],
    "pools_cut_at_the_border": [
        conv(3, 3), RELU, pool("AvgPool", (3, 2), (2, 2), "SAME"), conv(3, 3), RELU,
        pool("SumPool", (2, 3), (1, 1), "SAME"), {"op": "Flatten"}, {"op": "Dense", "W_std": 1.1, "b_std": 0.1}],
    "circular_with_a_pool": [
        conv(3, 3, padding="CIRCULAR"), RELU, pool("AvgPool", (2, 2), (2, 1), "VALID"),
        conv(3, 3, padding="CIRCULAR"), RELU, *END],
    "circular_pool": [
        conv(3, 3), RELU, pool("AvgPool", (2, 3), (2, 2), "CIRCULAR"), conv(1, 1), RELU, *END],
    "circular_then_zeros": [
        conv(3, 3, padding="CIRCULAR"), RELU, conv(3, 3), RELU, conv(3, 3, (4, 2), "CIRCULAR"), RELU, *END],
}


def layer(spec):
    op = spec["op"]
    if op == "Conv":
        return stax.Conv(1, tuple(spec["filter"]), tuple(spec["strides"]), spec["padding"], spec["W_std"], spec["b_std"])
    if op == "Dense":
        return stax.Dense(1, spec["W_std"], spec["b_std"])
    if op in ("AvgPool", "SumPool"):
        return getattr(stax, op)(tuple(spec["window"]), tuple(spec["strides"]), spec["padding"])
    if op == "Residual":
        branches = [stax.serial(*map(layer, spec[name])) for name in ("main", "shortcut")]
        return stax.serial(stax.FanOut(2), stax.parallel(*branches), stax.FanInSum())
    return getattr(stax, op)()


def main():
    random = np.random.default_rng(1)
    images = random.standard_normal((7, 6, 5, 2))
    x, z, c = images[:5], images[5:], random.standard_normal(5)
    np.savez(HERE / "data_pooled.npz", X=x, Z=z, c=c)
    for name, spec in NETS.items():
        kernel = stax.serial(*map(layer, spec))[2]
        arrays = {}
        for kind in ("nngp", "ntk"):
            arrays[f"{kind}_xx"] = kernel(x, None, kind)
            arrays[f"{kind}_zz"] = kernel(z, None, kind)
            arrays[f"{kind}_zx"] = kernel(z, x, kind)
            arrays[f"grad_{kind}"] = jax.grad(lambda z: (kernel(z, x, kind) @ c).sum())(z)
        np.savez(HERE / f"{name}.npz", **{key: np.asarray(value, np.float64) for key, value in arrays.items()})
    cases = [{"id": name, "data": "data_pooled", "spec": spec} for name, spec in NETS.items()]
    versions = {"neural_tangents": nt.__version__, "jax": jax.__version__}
    (HERE / "cases.json").write_text(json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n")


main()
