"""PGD-20 of m points against n training points through neural_tangents, the work of `ntk bench pgd20-*`: f(x) = Theta(x, X)
alpha with one output, labels -1 and +1, eps = 0.1 in linf, steps of 2.5 eps / 20, box [0, 1], start at the points.

With one output every loss has the direction -y f', so the training points can be taken in chunks.
Needs common.py and nets.py of the peer's folder on its path (PYTHONPATH, or beside it).

    PYTHONPATH=PEER python bench_pgd.py --net fc
    PYTHONPATH=PEER python bench_pgd.py --net cnn --m 20 --n 100 --chunk 20
"""
import argparse
import time

from common import *

p = argparse.ArgumentParser()
p.add_argument("--net", choices=["fc", "cnn"], default="fc")
p.add_argument("--depth", type=int)
p.add_argument("--hw", type=int, default=28)
p.add_argument("--c", type=int, default=1)
p.add_argument("--m", type=int, default=500)
p.add_argument("--n", type=int, default=10000)
p.add_argument("--chunk", type=int, default=0, help="training points a call (0: all)")
p.add_argument("--steps", type=int, default=20)
p.add_argument("--reps", type=int, default=3)
a = p.parse_args()
import jax
import jax.numpy as jnp
import nets
import numpy as np

mark_base()
depth = a.depth or {"fc": 3, "cnn": 5}[a.net]
shape = (a.hw * a.hw * a.c,) if a.net == "fc" else (a.hw, a.hw, a.c)
_, _, kernel = nets.fc(depth) if a.net == "fc" else nets.cnn(depth)
random = np.random.RandomState(0)
x0 = jnp.asarray(random.rand(a.m, *shape).astype(np.float32))
X = jnp.asarray(random.rand(a.n, *shape).astype(np.float32))
alpha = jnp.asarray((random.randn(a.n) / np.sqrt(a.n)).astype(np.float32))
y = jnp.asarray((2.0 * random.randint(0, 2, a.m) - 1).astype(np.float32)).reshape((a.m,) + (1,) * len(shape))
eps = 0.1
size = 2.5 * eps / a.steps
gradient = jax.jit(jax.grad(lambda x, X, alpha: (kernel(x, X, "ntk") @ alpha).sum()))
step = jax.jit(lambda x, g: jnp.clip(jnp.clip(x - y * size * jnp.sign(g), x0 - eps, x0 + eps), 0.0, 1.0))
chunk = a.chunk or a.n


def attack():
    x = x0
    for _ in range(a.steps):
        g = sum(gradient(x, X[i : i + chunk], alpha[i : i + chunk]) for i in range(0, a.n, chunk))
        x = step(x, g)
    return np.asarray(x)


# One call a chunk compiles all there is; a whole attack can take the better part of an hour.
start = time.perf_counter()
step(x0, gradient(x0, X[:chunk], alpha[:chunk])).block_until_ready()
w = time.perf_counter() - start
ts, _, c = timeit(attack, a.reps, warmup=0)
report(f"pgd{a.steps}_{a.net}{depth}", ts, a.m * a.n * a.steps, "pairs", w, c, m=a.m, n=a.n, chunk=chunk,
       jax=jax.__version__)
