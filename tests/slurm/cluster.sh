#!/usr/bin/env bash
# A real Slurm cluster on this host, for the tests: a controller, the nodes c1 and c2 (partition cpu)
# and g1 (partition gpu, two GPUs that are device files). Root, Debian's packages, no systemd.
#   tests/slurm/cluster.sh start | stop | node NAME | accounts
# `stop` leaves the host as `start` found it, and so does a start that fails. `node` starts one slurmd
# again. Partition short has a time limit of ten minutes; urgent takes the nodes of cpu from its jobs.
# `accounts` adds slurmdbd, with a MariaDB of its own, to the cluster that runs.
set -euo pipefail
mark="# written by tests/slurm/cluster.sh"
state=/var/lib/groupconv-slurm
nodes="c1 c2 g1"
daemons="slurm.*|munged"

fail() {
  echo "cluster.sh: $*" >&2
  exit 1
}

refuse_what_is_not_ours() {
  local file
  while IFS= read -r file; do
    grep -qsxF "$file" "$state/files" ||
      fail "$file: a Slurm or munge configuration that this script did not write"
  done < <(find /etc/slurm /etc/munge ! -type d 2>/dev/null)
  [ -d "$state" ] || ! pgrep -x "$daemons" >/dev/null || fail "Slurm or munge runs on this host"
}

install_packages() {
  local get=(apt-get install -y -qq --no-install-recommends "$@")
  local user folder
  export DEBIAN_FRONTEND=noninteractive
  # First what will have to be undone.
  for user in slurm munge; do
    getent passwd "$user" >/dev/null || echo "$user" >>"$state/users"
  done
  for folder in /etc/{slurm,munge,mysql} /run/munge /var/{lib,log}/{slurm,munge,mysql}; do
    [ -d "$folder" ] || echo "$folder" >>"$state/folders"
  done
  "${get[@]}" --simulate >"$state/plan" 2>/dev/null || {
    apt-get update -qq
    "${get[@]}" --simulate >"$state/plan"
  }
  awk '/^Inst/ && $3 !~ /^\[/ { print $2 }' "$state/plan" >>"$state/packages"
  if [ ! -e /usr/sbin/policy-rc.d ]; then # nothing starts by itself
    touch "$state/policy"
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
  fi
  "${get[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${get[@]}" >/dev/null; }
  note_configuration # munge makes its key
}

note_configuration() {
  mkdir -p /etc/slurm /etc/munge
  find /etc/slurm /etc/munge ! -type d >"$state/files"
}

write_configuration() {
  mkdir -p /etc/slurm "$state/spool" "$state/log"
  local host
  host=$(hostname)
  if ! getent hosts "$host" >/dev/null; then
    cp /etc/hosts "$state/hosts"
    printf '\n127.0.0.1 %s\n' "$host" >>/etc/hosts
  fi
  cat >/etc/slurm/slurm.conf <<CONF
$mark
ClusterName=groupconv
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
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=0
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
NodeName=g1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17003 CPUs=2 RealMemory=16000 Gres=gpu:h100:2
PartitionName=DEFAULT MaxTime=INFINITE State=UP
PartitionName=cpu Nodes=c1,c2 Default=YES LLN=YES
PartitionName=gpu Nodes=g1
PartitionName=short Nodes=c1,c2 MaxTime=10
PartitionName=urgent Nodes=c1,c2 PriorityTier=2
CONF
  cat >/etc/slurm/gres.conf <<CONF
$mark
NodeName=g1 Name=gpu Type=h100 File=/dev/null
NodeName=g1 Name=gpu Type=h100 File=/dev/zero
CONF
  note_configuration
}

start_node() {
  mkdir -p "$state/spool/$1"
  slurmd -N "$1"
}

start() {
  [ "$(id -u)" = 0 ] || fail "root is needed"
  refuse_what_is_not_ours
  mkdir -p "$state"
  trap 'stop_after_failure $?' EXIT
  install_packages slurmctld slurmd slurm-client munge
  pgrep -x slurmctld >/dev/null || write_configuration # it may have accounts by now
  mkdir -p /run/munge /var/log/munge /var/lib/munge
  chown munge:munge /run/munge /var/log/munge /var/lib/munge /etc/munge/munge.key
  munge -n >/dev/null 2>&1 || setpriv --reuid munge --regid munge --clear-groups munged
  pgrep -x slurmctld >/dev/null || slurmctld || fail "slurmctld does not start"
  for node in $nodes; do
    pgrep -f "slurmd -N $node" >/dev/null || start_node "$node" || fail "slurmd -N $node does not start"
  done
  local until=$((SECONDS + 30))
  until [ "$(ready_nodes)" = 3 ]; do
    [ "$SECONDS" -lt "$until" ] || fail "the nodes do not come up"
    sleep 0.2
  done
  timeout 30 srun -p cpu -t 1 true || fail "no job runs in partition cpu"
  timeout 30 srun -p gpu --gpus=1 -t 1 true || fail "no job runs in partition gpu"
}

accounts() {
  [ -e "$state/files" ] || fail "no cluster runs"
  install_packages slurmdbd mariadb-server-core mariadb-client-core
  export MYSQL_UNIX_PORT=$state/db.sock
  mysql_install_db --datadir="$state/db" --user=root --auth-root-authentication-method=socket \
    --skip-test-db >/dev/null 2>"$state/log/db"
  mariadbd --no-defaults --user=root --datadir="$state/db" --socket="$MYSQL_UNIX_PORT" \
    --skip-networking --pid-file="$state/db.pid" </dev/null >"$state/log/db" 2>&1 &
  wait_for mariadb --no-defaults --execute "select 1"
  (
    umask 077 # slurmdbd insists
    cat >/etc/slurm/slurmdbd.conf <<CONF
$mark
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
PidFile=$state/slurmdbd.pid
LogFile=$state/log/slurmdbd
CONF
  )
  slurmdbd
  sed -i "s|^AccountingStorageType=.*|AccountingStorageType=accounting_storage/slurmdbd\n\
AccountingStorageHost=127.0.0.1\nAccountingStorageEnforce=associations|" /etc/slurm/slurm.conf
  note_configuration
  wait_for sacctmgr --noheader list cluster
  pkill -x slurmctld
  while pgrep -x slurmctld >/dev/null; do sleep 0.1; done
  slurmctld
  wait_for srun --partition cpu --time 1 true
}

# Until the command succeeds, 30 s at most.
wait_for() {
  local until=$((SECONDS + 30))
  until timeout 10 "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || fail "no answer: $*"
    sleep 0.2
  done
}

ready_nodes() {
  timeout 5 sinfo -h -N -o '%N %T' 2>/dev/null | grep -E 'idle|mixed|allocated' | sort -u | wc -l
}

stop_after_failure() {
  [ "$1" != 0 ] || return 0
  tail -n 3 "$state"/log/* >&2 || true
  stop
}

noted() {
  sort -u "$state/$1" 2>/dev/null || true
}

stop() {
  [ -d "$state" ] || return 0
  local until=$((SECONDS + 20)) installed=() package user folder process
  timeout 10 scancel --user=root 2>/dev/null || true
  while [ -n "$(timeout 5 squeue -h 2>/dev/null)" ] && [ "$SECONDS" -lt "$until" ]; do
    sleep 0.2 # their processes are gone with them
  done
  pkill -x "$daemons" || true
  until=$((SECONDS + 5))
  while pgrep -x "$daemons" >/dev/null && [ "$SECONDS" -lt "$until" ]; do
    sleep 0.1
  done
  pkill -9 -x "$daemons" || true
  # What a job leaves on a node that was set down is nobody's.
  for process in $(grep -lzx SLURM_CLUSTER_NAME=groupconv /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3); do
    kill -9 "$process" 2>/dev/null || true
  done
  [ ! -e "$state/db.pid" ] || kill "$(cat "$state/db.pid")" || true
  until [ ! -e "$state/db.pid" ] || [ "$SECONDS" -ge "$((until + 15))" ]; do sleep 0.1; done
  [ ! -e "$state/hosts" ] || cat "$state/hosts" >/etc/hosts # it may be a mount: no other file
  for package in $(noted packages); do
    if dpkg-query -W "$package" >/dev/null 2>&1; then installed+=("$package"); fi
  done
  if [ "${#installed[@]}" != 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq "${installed[@]}" >/dev/null
  fi
  for user in $(noted users); do
    userdel "$user" 2>/dev/null || true
    groupdel "$user" 2>/dev/null || true
  done
  rm -f /etc/slurm/{slurm,gres,slurmdbd}.conf /etc/munge/munge.key
  for folder in $(noted folders); do
    case "$folder" in
    /etc/*) rmdir "$folder" 2>/dev/null || true ;; # what others put there stays
    *) rm -rf "$folder" ;;
    esac
  done
  [ ! -e "$state/policy" ] || rm -f /usr/sbin/policy-rc.d
  rm -rf "$state"
}

case "${1-}" in
start) start ;;
stop) stop ;;
node) start_node "$2" ;;
accounts) accounts ;;
*) fail "start, stop, node NAME or accounts" ;;
esac
