#!/bin/bash
# slurm-one-node.sh start|stop DIR: a private Slurm of one node that lives in DIR alone. It needs neither systemd nor
# cgroups, touches nothing under /etc, and listens on ports of its own. After `start`, SLURM_CONF=DIR/slurm.conf reaches it.
set -euo pipefail
action=${1:?usage: slurm-one-node.sh start|stop DIR} root=${2:?usage: slurm-one-node.sh start|stop DIR}

stop() {
    for daemon in slurmd slurmctld munged; do
        file=$root/run/$daemon.pid
        [ -f "$file" ] || continue
        process=$(cat "$file")
        kill "$process" 2>/dev/null || continue
        for _ in $(seq 50); do kill -0 "$process" 2>/dev/null || break; sleep 0.1; done
    done
}

say() { echo "slurm-one-node.sh: $*" >&2; }

start() {
    for program in munged slurmctld slurmd sinfo; do
        command -v "$program" >/dev/null || { say "$program is not installed"; exit 1; }
    done
    mkdir -p "$root"/{state,spool,log,run}
    # Munge wants nobody else to be able to write to the folders of its socket.
    chmod 755 "$root" "$root"/*
    head -c 1024 /dev/urandom >"$root/munge.key"
    chmod 400 "$root/munge.key"
    host=$(hostname -s) user=$(id -un) port=$((20000 + $$ % 20000))
    memory=$(($(awk '/MemTotal/ { print $2 }' /proc/meminfo) / 1024 - 512))
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
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF=$root/slurm.conf
    munged --force --key-file="$root/munge.key" --socket="$root/run/munge.socket" --pid-file="$root/run/munged.pid" \
        --log-file="$root/log/munged.log" --seed-file="$root/run/munge.seed" || { say "munged does not start"; exit 1; }
    slurmctld -f "$SLURM_CONF" || { say "slurmctld does not start"; stop; exit 1; }
    slurmd -f "$SLURM_CONF" -N "$host" || { say "slurmd does not start; it may need root"; stop; exit 1; }
    for _ in $(seq 80); do
        sinfo -h -o %T 2>/dev/null | grep -q idle && return
        sleep 0.25
    done
    say "the node does not become idle"
    tail -n 20 "$root"/log/*.log >&2
    stop
    exit 1
}

"$action"
