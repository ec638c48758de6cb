#!/bin/bash
# slurm-one-node.sh start|stop DIR: a private Slurm of one node that lives in DIR alone. It needs neither systemd nor
# cgroups, touches nothing under /etc, and listens on ports of its own. After `start`, SLURM_CONF=DIR/slurm.conf reaches it.
# Where this machine lets no Slurm start, it says why and ends with 77.
set -euo pipefail
action=${1:?usage: slurm-one-node.sh start|stop DIR} root=${2:?usage: slurm-one-node.sh start|stop DIR}
# Where the daemons are, which not every user has in the path.
PATH=$PATH:/usr/sbin:/sbin

stop() {
    for daemon in slurmd slurmctld munged; do
        file=$root/run/$daemon.pid
        [ -f "$file" ] || continue
        process=$(cat "$file")
        kill "$process" 2>/dev/null || continue
        for _ in $(seq 50); do kill -0 "$process" 2>/dev/null || continue 2; sleep 0.1; done
        kill -KILL "$process" 2>/dev/null || true
    done
}

# What a machine lacks is no failure of the tests.
give_up() {
    echo "slurm-one-node.sh: no Slurm can be started here: $*" >&2
    tail -n 20 "$root"/log/*.log >&2 2>/dev/null || true
    stop
    exit 77
}

is_free() { ! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start() {
    for program in munged slurmctld slurmd sinfo; do
        command -v "$program" >/dev/null || give_up "$program is not installed"
    done
    # A container may run under a number that has no name, and Slurm wants names.
    user=$(id -un 2>/dev/null) || give_up "user $(id -u) has no name"
    # As the kernel has it: nothing is looked up.
    host=$(uname -n) host=${host%%.*}
    mkdir -p "$root"/{state,spool,log,run}
    # Munge wants nobody else to be able to write to the folders of its socket.
    chmod 755 "$root" "$root"/*
    head -c 1024 /dev/urandom >"$root/munge.key"
    chmod 400 "$root/munge.key"
    # Below the ports that the system hands out by itself.
    port=$((20000 + $$ % 6000 * 2))
    for _ in $(seq 50); do
        if is_free "$port" && is_free $((port + 1)); then break; fi
        port=$((port + 2))
    done
    # The node has two processors whatever the machine has (config_overrides), so that two tasks always run at a time.
    cat >"$root/slurm.conf" <<CONF
ClusterName=ntktest
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$root/run/munge.socket
CryptoType=crypto/munge
SlurmUser=$user
SlurmdUser=$user
SlurmdParameters=config_overrides
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/spool
SlurmctldPidFile=$root/run/slurmctld.pid
SlurmdPidFile=$root/run/slurmd.pid
SlurmctldLogFile=$root/log/slurmctld.log
SlurmdLogFile=$root/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
ReturnToService=2
KillWait=5
JobRequeue=1
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF=$root/slurm.conf
    timeout 30 munged --force --key-file="$root/munge.key" --socket="$root/run/munge.socket" \
        --pid-file="$root/run/munged.pid" --log-file="$root/log/munged.log" --seed-file="$root/run/munge.seed" ||
        give_up "munged does not start"
    timeout 30 slurmctld -f "$SLURM_CONF" || give_up "slurmctld does not start"
    timeout 30 slurmd -f "$SLURM_CONF" -N "$host" || give_up "slurmd does not start; it may need root"
    for _ in $(seq 120); do
        timeout 10 sinfo -h -o %T 2>/dev/null | grep -q idle && return
        sleep 0.25
    done
    give_up "the node does not become idle"
}

"$action"
