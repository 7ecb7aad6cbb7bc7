#!/usr/bin/env bash
# A real Slurm cluster on this host, for the tests: a controller, the nodes c1 and c2 (partition cpu)
# and g1 (partition gpu, two GPUs that are device files). Root, Debian's packages, no systemd.
#   tests/slurm/cluster.sh start | stop | node NAME
# `stop` leaves the host as `start` found it. `node` starts one slurmd again.
set -euo pipefail
mark="# written by tests/slurm/cluster.sh"
state=/var/lib/groupconv-slurm
nodes="c1 c2 g1"

fail() {
  echo "cluster.sh: $*" >&2
  exit 1
}

refuse_what_is_not_ours() {
  for file in /etc/slurm/{slurm,gres,cgroup,slurmdbd}.conf; do
    [ -e "$file" ] || continue
    grep -qsxF "$mark" "$file" || fail "$file: a Slurm configuration that this script did not write"
  done
  [ ! -e /etc/munge/munge.key ] || [ -d "$state" ] || fail "/etc/munge/munge.key: munge is set up here"
}

install_packages() {
  local before
  before=$(dpkg-query -W -f '${Package}\n' | sort)
  if [ ! -e /usr/sbin/policy-rc.d ]; then # nothing starts by itself
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  local get=(apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge)
  export DEBIAN_FRONTEND=noninteractive
  "${get[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${get[@]}" >/dev/null; }
  comm -13 <(echo "$before") <(dpkg-query -W -f '${Package}\n' | sort) >>"$state/packages"
}

write_configuration() {
  mkdir -p /etc/slurm "$state/spool" "$state/log"
  local host
  host=$(hostname)
  getent hosts "$host" >/dev/null || echo "127.0.0.1 $host $mark" >>/etc/hosts
  cat >/etc/slurm/slurm.conf <<CONF
$mark
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=10
MailProg=/bin/true
MpiDefault=none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=15
KillWait=3
MinJobAge=3600
StateSaveLocation=$state/spool
SlurmdSpoolDir=$state/spool/%n
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/%n.pid
SlurmctldLogFile=$state/log/slurmctld
SlurmdLogFile=$state/log/%n
NodeName=c1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17001 CPUs=2 RealMemory=16000
NodeName=c2 NodeHostname=$host NodeAddr=127.0.0.1 Port=17002 CPUs=2 RealMemory=16000
NodeName=g1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17003 CPUs=2 RealMemory=16000 Gres=gpu:2
PartitionName=cpu Nodes=c1,c2 Default=YES MaxTime=INFINITE State=UP LLN=YES
PartitionName=gpu Nodes=g1 MaxTime=INFINITE State=UP
CONF
  cat >/etc/slurm/gres.conf <<CONF
$mark
NodeName=g1 Name=gpu File=/dev/null
NodeName=g1 Name=gpu File=/dev/zero
CONF
}

start_node() {
  mkdir -p "$state/spool/$1"
  slurmd -N "$1"
}

start() {
  [ "$(id -u)" = 0 ] || fail "root is needed"
  refuse_what_is_not_ours
  mkdir -p "$state"
  install_packages
  write_configuration
  mkdir -p /run/munge /var/log/munge /var/lib/munge
  chown munge:munge /run/munge /var/log/munge /var/lib/munge /etc/munge/munge.key
  munge -n >/dev/null 2>&1 || setpriv --reuid munge --regid munge --clear-groups munged
  pgrep -x slurmctld >/dev/null || slurmctld
  for node in $nodes; do
    pgrep -f "slurmd -N $node" >/dev/null || start_node "$node"
  done
  for _ in $(seq 100); do
    [ "$(sinfo -h -N -o '%T' 2>/dev/null | grep -c idle)" = 3 ] && break
    sleep 0.2
  done
  srun -p cpu -t 1 true && srun -p gpu --gpus=1 -t 1 true || fail "jobs do not run: $state/log"
}

stop() {
  refuse_what_is_not_ours
  [ -d "$state" ] || return 0
  scancel --user=root 2>/dev/null || true
  for _ in $(seq 100); do  # their processes are gone with them
    [ -n "$(squeue -h 2>/dev/null)" ] || break
    sleep 0.2
  done
  pkill -x slurmd || true
  pkill -x slurmctld || true
  pkill -x slurmstepd || true
  pkill -x munged || true
  for _ in $(seq 50); do
    pgrep -x 'slurmd|slurmctld|slurmstepd|munged' >/dev/null || break
    sleep 0.1
  done
  pkill -9 -x slurmstepd || true
  sed -i "/$(printf '%s' "$mark" | sed 's/[/.]/\\&/g')/d" /etc/hosts 2>/dev/null || true
  local installed
  installed=$(cat "$state/packages" 2>/dev/null || true)
  [ -z "$installed" ] || DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq $installed >/dev/null 2>&1
  if [ -n "$installed" ]; then rm -rf /etc/slurm /etc/munge /run/munge /var/log/munge /var/lib/munge; fi
  rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
  rm -rf "$state"
}

case "${1-}" in
start) start ;;
stop) stop ;;
node) start_node "$2" ;;
*) fail "start, stop or node NAME" ;;
esac
