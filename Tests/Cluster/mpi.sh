#!/bin/bash
# mpi.sh NTK NTK_MPI PYTHON: the distributed solves with 1, 2 and 4 ranks against LAPACK, by way of numpy; then a run
# that goes on from their weights. Ends with 77 where this machine lets no MPI start.
set -euo pipefail
# However a step may hang, the whole ends.
[ -n "${NTK_LIMITED:-}" ] || NTK_LIMITED=1 exec timeout --kill-after=60 900 "$0" "$@"
ntk=$(realpath "${1:?usage: mpi.sh NTK NTK_MPI PYTHON}") ntk_mpi=$(realpath "$2") python=$(realpath -s "$3")
folder=$(mktemp -d "${TMPDIR:-/tmp}/ntk-mpi.XXXXXX")
trap 'rm -rf "$folder"' EXIT
fail() { echo "mpi.sh: $*" >&2; exit 1; }
cd "$folder"
# These tests may themselves run in a job of some queue.
unset "${!SLURM_@}" "${!OMPI_@}" "${!PMIX_@}"
# One thread a rank; mpirun refuses root and more ranks than cores without being asked. Containers may forbid one process
# to read another's memory, and a host's name need not be known to any server.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_plm=isolated
launch() { timeout 180 mpirun --oversubscribe --bind-to none -n "$@"; }
ranks() { launch "$1" "$ntk_mpi" "${@:2}"; }
launch 2 true || { echo "mpi.sh: no MPI can be started here: mpirun cannot run two ranks" >&2; exit 77; }

# Tiles that are no multiple of the blocks, and points that fill neither.
cat >mpi.yaml <<'YAML'
data: {name: fashion-mnist, train: 333, test: 20}
model: {preset: fc, depth: 2}
compute: {backend: cpu, precision: float64, tile: 50, store: always}
inference: {diag_reg: 1e-2}
save: [kernels]
YAML
"$ntk" run mpi.yaml output=run --quiet >/dev/null
"$python" - <<'PY'
import numpy as np
rng = np.random.default_rng(0)
theta = np.load("run/arrays/ntk_train_train.npy")
np.save("eigenvalues.npy", np.linalg.eigvalsh(theta)[::-1])
PY
for count in 1 2 4; do
    for method in cholesky cg eigh; do
        ranks "$count" run --method "$method" --block 16 --vectors 12
        METHOD=$method "$python" - <<'PY'
import os
import numpy as np
method = os.environ["METHOD"]
theta = np.load("run/arrays/ntk_train_train.npy")
n = len(theta)
if method == "eigh":
    wanted, found = np.load("eigenvalues.npy"), np.load("run/arrays/eigenvalues.npy")
    vectors = np.load("run/arrays/eigenvectors.npy")
    # A few units of rounding of the largest eigenvalue, as LAPACK's own.
    assert np.abs(found - wanted).max() < 1e-12 * wanted[0], np.abs(found - wanted).max() / wanted[0]
    assert vectors.shape == (12, n)
    residual = np.abs(vectors @ theta - found[:12, None] * vectors).max() / wanted[0]
    assert residual < 1e-12 and np.abs(vectors @ vectors.T - np.eye(12)).max() < 1e-12, residual
else:
    system = theta + 1e-2 * np.trace(theta) / n * np.eye(n)
    found = np.load("run/arrays/weights_tinf.npy")
    # The targets are those that give the solution back: 10 columns of zeros and ones.
    targets = system @ found
    exact = np.linalg.solve(system, targets.round())
    bound = 1e-11 if method == "cholesky" else 1e-7
    error = np.abs(found - exact).max() / np.abs(exact).max()
    assert found.shape == (n, 10) and (targets.round().sum(axis=1) == 1).all() and error < bound, error
PY
    done
done

# A run that was begun elsewhere goes on from the weights and computes no Gram matrix again; other equations are refused.
cat >given.yaml <<'YAML'
data: {name: fashion-mnist, train: 333, test: 20}
model: {preset: fc, depth: 2}
compute: {backend: cpu, precision: float64, tile: 50}
inference: {diag_reg: [1e-2, 1e-1]}
attacks: [{name: fgsm, eps: 8/255}]
save: [predictions, adversarial]
launcher: {engine: slurm}
YAML
"$ntk" run given.yaml output=alone --quiet >/dev/null
"$ntk" submit given.yaml output=given --dry-run >/dev/null
"$ntk" worker given --quiet --shard 0/1 >/dev/null
ranks 2 given --method cholesky --block 16
sed -i 's/"diag_reg" : "0.1"/"diag_reg" : "0.2"/' given/weights_reg1_tinf.json
if "$ntk" run given/config.yaml --quiet 2>message; then fail "weights of another ridge were taken"; fi
grep -q "given/weights_reg1_tinf.json' solve other equations (differs in: diag_reg)" message || fail "$(cat message)"
sed -i 's/"diag_reg" : "0.2"/"diag_reg" : "0.1"/' given/weights_reg1_tinf.json
rm -r given/gram.zarr
"$ntk" run given/config.yaml --quiet >/dev/null
[ ! -e given/gram.zarr ] && ! grep -q '"kernel"' given/manifest.json || fail "a Gram matrix was computed again"
"$python" - <<'PY'
import glob
import numpy as np
def pairs(pattern):
    for path in glob.glob("alone/arrays/" + pattern):
        yield np.load(path), np.load(path.replace("alone", "given", 1))
# Of α that differ by rounding; a pixel whose gradient is rounding error may go the other way.
predictions, moved = list(pairs("predictions_*")), list(pairs("adversarial_fgsm_*"))
assert len(predictions) == len(moved) == 2
for one, other in predictions:
    assert np.abs(one - other).max() < 1e-9, np.abs(one - other).max()
for one, other in moved:
    assert (one != other).mean() < 1e-3, (one != other).mean()
solves = open("given/solves.csv").read()
assert solves.count("cholesky") == 2, solves
PY

# A matrix that 32 bits cannot count is refused before it is read.
"$python" - <<'PY'
import numpy as np
np.save("x.npy", np.zeros((60000, 1), np.float32))
np.save("y.npy", (np.arange(60000) % 2).astype(np.int32))
np.save("x1.npy", np.zeros((1, 1), np.float32))
np.save("y1.npy", np.zeros(1, np.int32))
PY
cat >large.yaml <<'YAML'
data: {name: npy, train_inputs: x.npy, train_targets: y.npy, test_inputs: x1.npy, test_targets: y1.npy}
compute: {backend: cpu, tile: 4096}
launcher: {engine: slurm}
YAML
"$ntk" submit large.yaml output=large --dry-run >/dev/null
if ranks 1 large --method eigh 2>message; then fail "60,000 rows on one rank were not refused"; fi
grep -q "do not fit the 32-bit counts of ScaLAPACK; use more ranks" message || fail "$(cat message)"
echo "mpi.sh: Cholesky, eigenvalues and conjugate gradients with 1, 2 and 4 ranks agree with LAPACK"
