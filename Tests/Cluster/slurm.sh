#!/bin/bash
# slurm.sh NTK: a run through a real Slurm of one node. Two tasks share the tiles; one of them is told to stop in the
# middle, goes back into the queue and on from its tiles; the solve stage waits for both. The results have the bytes of
# a run without a queue. Ends with 77 where this machine lets no Slurm start.
set -euo pipefail
# However a step may hang, the whole ends.
[ -n "${NTK_LIMITED:-}" ] || NTK_LIMITED=1 exec timeout --kill-after=60 900 "$0" "$@"
ntk=$(realpath "${1:?usage: slurm.sh NTK}")
here=$(dirname "$(realpath "$0")")
# These tests may themselves run in a job of some queue.
unset "${!SLURM_@}" "${!SBATCH_@}" "${!SQUEUE_@}" "${!OMPI_@}" "${!PMIX_@}"
folder=$(mktemp -d "${TMPDIR:-/tmp}/ntk-slurm.XXXXXX")
explain() {
    timeout 10 squeue --all || true
    timeout 10 sinfo || true
    tail -n 20 "$folder"/slurm/log/slurm*.log "$folder"/run/slurm/*.log || true
}
finish() {
    status=$?
    if [ "$status" != 0 ] && [ "$status" != 77 ]; then explain >&2; fi
    "$here/slurm-one-node.sh" stop "$folder/slurm" || true
    rm -rf "$folder"
}
trap finish EXIT
fail() { echo "slurm.sh: $*" >&2; exit 1; }
# Waits up to five minutes for a command to succeed.
wait_for() {
    local end=$((SECONDS + 300))
    while [ "$SECONDS" -lt "$end" ]; do "$@" && return; sleep 0.1; done
    fail "waited in vain for: $*"
}

cd "$folder"
export OPENBLAS_NUM_THREADS=1
cat >cluster.yaml <<'YAML'
data: {name: fashion-mnist, train: 160, test: 10}
model: {preset: conv-gap, depth: 1}
compute: {backend: cpu, tile: 16}
inference: {diag_reg: 1e-3}
attacks: [{name: fgsm, eps: 8/255}]
save: [kernels, predictions, adversarial]
launcher: {engine: slurm, shards: 2, cpus_per_task: 1, timeout_min: 10, signal_delay_s: 60}
YAML
mkdir slurm
# Everything shares one core, so that on a machine of many a task lasts long enough to be stopped in the middle; and the
# bits of results depend on how many threads there are.
core=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)
taskset -pc "$core" $$ >/dev/null
"$here/slurm-one-node.sh" start "$folder/slurm"
export SLURM_CONF=$folder/slurm/slurm.conf
"$ntk" run cluster.yaml output=whole compute.store=always --quiet >/dev/null
"$ntk" submit cluster.yaml output=run | tee submitted
array=$(sed -n 's/^gram: job //p' submitted)
solve=$(sed -n 's/^solve: job //p' submitted)
[ -n "$array" ] && [ -n "$solve" ] || fail "no jobs were submitted"

tiles() { find run/gram.zarr -path '*/c/*/*' -type f ! -name '.*' | wc -l; }
# Of 110, two for each place of the matrix.
enough() { [ "$(tiles)" -ge 20 ]; }
wait_for enough
scancel --signal=TERM --batch "${array}_0"
log=run/slurm/gram_${array}_0.log
wait_for grep -q "job ${array}_0 is queued again" "$log"
stopped=$(tiles)
# The queue lets the task wait for two minutes. It is asked not to, once the task waits for that time and for nothing
# else. Asked within the second of the requeue, it would start the task with rights that were just revoked; asked again
# and again, it would let it wait for ever.
asked=$((SECONDS - 25))
started() {
    if [ $((SECONDS - asked)) -ge 30 ] && squeue -h -j "${array}_0" -t PENDING -o %r 2>&1 | grep -q BeginTime; then
        scontrol update "JobId=${array}_0" StartTime=now || true
        asked=$SECONDS
    fi
    grep -q "were there" "$log"
}
wait_for started
grep "were there" "$log"
[ "$(sed -n 's/.* computed, \([0-9]*\) were there/\1/p' "$log")" -gt 0 ] || fail "the task did not go on from its tiles"
empty() { [ -z "$(squeue -h)" ]; }
wait_for empty
grep -q '"state" : "done"' run/status.json || fail "the solve stage did not end well"
for name in results.csv arrays/ntk_train_train.npy arrays/predictions_tinf.npy arrays/adversarial_fgsm_linf_eps0_tinf.npy; do
    cmp "run/$name" "whole/$name" || fail "$name differs from that of a run without a queue"
done
diff -r run/gram.zarr whole/gram.zarr || fail "the tiles differ from those of a run without a queue"

# A task that fails must not leave the next stage waiting.
sed -i 's/train: 160/train: 50/' cluster.yaml
"$ntk" submit cluster.yaml output=broken >submitted
array=$(sed -n 's/^gram: job //p' submitted)
scancel "${array}"
wait_for empty
[ ! -e broken/results.csv ] || fail "the solve stage ran though the tiles were cancelled"
echo "slurm.sh: $stopped tiles when the task was stopped; it went on, and the results are those of a run without a queue"
