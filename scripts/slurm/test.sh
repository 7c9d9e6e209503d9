#!/bin/bash
# Starts a one-node Slurm cluster on this machine, submits a sweep, stops one of its jobs, and checks that all jobs finish. Then it fills a gallery with
# the job array of docs/slurm.md. Called by `just test-slurm`.
#
# Needs root (for the daemons) and Debian's slurmctld, slurmd, slurmdbd, slurm-client, munge and mariadb-server. Missing packages are installed.
# All other files are in a temporary directory. The cluster is stopped and its files are deleted when the test ends.
set -euo pipefail

aio=$(realpath "${1:?usage: test.sh PROGRAM}")
experiments=$(realpath "$(dirname "$0")/../../experiments")
manual=$(realpath "$(dirname "$0")/../../docs/slurm.md")
here=$(mktemp -d /tmp/aio-slurm.XXXXXX)
host=$(hostname -s)

fail() { echo "test-slurm: $*" >&2; tail -n 20 "$here"/*.log "$here"/desk/runs/slurm/*.log >&2 2>/dev/null || true; exit 1; }
stop() {
    # Without its configuration, scancel would ask the cluster of this machine, if it belongs to one.
    [ -f "$here/slurm.conf" ] && SLURM_CONF="$here/slurm.conf" scancel --quiet --user=root 2>/dev/null || true
    for daemon in slurmd slurmctld slurmdbd mariadbd munged; do
        [ -f "$here/$daemon.pid" ] && kill "$(cat "$here/$daemon.pid")" 2>/dev/null || true
    done
    sleep 1
    rm -rf "$here"
}
trap stop EXIT

for program in slurmctld slurmd slurmdbd sbatch munged mariadbd; do
    command -v $program >/dev/null && continue
    # RUNLEVEL=1: the packages must not start their own daemons.
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends slurmctld slurmd slurmdbd slurm-client munge mariadb-server >/dev/null
    break
done

chmod 711 "$here"
head -c 1024 /dev/urandom > "$here/munge.key" && chmod 400 "$here/munge.key"
# --force: munged normally requires that only root can write to every parent directory of its files. /tmp is writable by all.
munged --force --key-file="$here/munge.key" --socket="$here/munge.sock" --pid-file="$here/munged.pid" --log-file="$here/munged.log" --seed-file="$here/munge.seed"

# The accounting database keeps a job's record after the queue has dropped it.
mkdir "$here/mariadb" && chown mysql "$here/mariadb"
mariadb-install-db --no-defaults --user=mysql --datadir="$here/mariadb" --auth-root-authentication-method=socket >/dev/null 2>"$here/mariadb.log"
mariadbd --no-defaults --user=mysql --datadir="$here/mariadb" --socket="$here/mariadb/sql.sock" --pid-file="$here/mariadb/mariadbd.pid" --skip-networking >>"$here/mariadb.log" 2>&1 &
for _ in $(seq 60); do mariadb --no-defaults --socket="$here/mariadb/sql.sock" -e "select 1" >/dev/null 2>&1 && break; sleep 0.5; done
ln -s "$here/mariadb/mariadbd.pid" "$here/mariadbd.pid"
mariadb --no-defaults --socket="$here/mariadb/sql.sock" -e "create database slurm"
cat > "$here/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$here/munge.sock
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=16819
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
LogFile=$here/slurmdbd.log
PidFile=$here/slurmdbd.pid
CONF
chmod 600 "$here/slurmdbd.conf"
cat > "$here/slurm.conf" <<CONF
ClusterName=aio
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
# A requeued job waits until its old credential has expired. The default is two minutes.
AuthInfo=socket=$here/munge.sock,cred_expire=5
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
# With munge, this is the path of the socket.
AccountingStoragePass=$here/munge.sock
MailProg=/bin/true
ReturnToService=2
StateSaveLocation=$here/state
SlurmdSpoolDir=$here/spool
SlurmctldPidFile=$here/slurmctld.pid
SlurmdPidFile=$here/slurmd.pid
SlurmctldLogFile=$here/slurmctld.log
SlurmdLogFile=$here/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
mkdir "$here/state" "$here/spool"
export SLURM_CONF="$here/slurm.conf"
# MariaDB's client library reads the path of the socket from this variable.
MYSQL_UNIX_PORT="$here/mariadb/sql.sock" slurmdbd
for _ in $(seq 60); do sacctmgr -n show cluster >/dev/null 2>&1 && break; sleep 0.5; done
sacctmgr -i add cluster aio >/dev/null || fail "the accounting database does not answer"
slurmctld
slurmd
for _ in $(seq 60); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 1; done
sinfo -h -o %T | grep -q idle || fail "the node did not come up"
echo "cluster: $(sinfo --version), node $(sinfo -h -N -o '%N %T %c CPUs')"

mkdir -p "$here/desk/experiments"
cp "$experiments/smoke.toml" "$here/desk/experiments/"
cat > "$here/desk/experiments/sweep.toml" <<SWEEP
base = "smoke.toml"
seeds = [0]
[axes]
"losses.binding" = [1.0, 0.0]
[[zip]]
label = ["one stage of 40 epochs"]
"train.stages" = [[
  { name = "synthetic pairs", datasets = ["synth-pedes"], epochs = 40, real = ["text"], learning_rate = 1e-3, warmup_steps = 2, min_lr_ratio = 0.1 },
]]
[slurm]
cpus = 1
time = "00:20:00"
notice = 60
device = "cpu"
SWEEP
cd "$here/desk"
# Renders the benchmark once, so that two jobs do not render it at the same time.
"$aio" experiment smoke >"$here/smoke.log" 2>&1 || fail "the smoke experiment failed"
"$aio" sweep slurm experiments/sweep.toml --dry-run > script.sh
bash -n script.sh
"$aio" sweep slurm experiments/sweep.toml
job=$(sed 's/.*"job":\([0-9]*\).*/\1/' runs/slurm/sweep.json)

first=$("$aio" sweep plan experiments/sweep.toml | awk -F'|' 'NR==3 {gsub(/ /, "", $2); print $2}')
for _ in $(seq 240); do [ "$(cat "runs/smoke/$first/seed-0/metrics.jsonl" 2>/dev/null | wc -l)" -ge 10 ] && break; sleep 0.5; done
"$aio" sweep status experiments/sweep.toml
"$aio" sweep status experiments/sweep.toml | grep -q "${job}_0 running on $host" || fail "the status does not show the running element"
stopped_at=$(wc -l < "runs/smoke/$first/seed-0/metrics.jsonl")
echo "stopping ${job}_0 after $stopped_at steps"
scancel --signal=USR1 --batch "${job}_0"

for _ in $(seq 600); do [ -z "$(squeue -h -j "$job" 2>/dev/null)" ] && break; sleep 1; done
"$aio" sweep status experiments/sweep.toml
"$aio" sweep status experiments/sweep.toml | grep -q "2 of 2 runs done" || fail "some runs are not done"
log="runs/slurm/aio-sweep-${job}_0.log"
grep -q "a checkpoint is written" "$log" || fail "the first element was not stopped: $log"
# The queue no longer lists the jobs, so these states come from the accounting database.
"$aio" sweep status experiments/sweep.toml | grep -q "${job}_1 completed" || fail "the status does not show the state from sacct"
lines=$(wc -l < "runs/smoke/$first/seed-0/metrics.jsonl")
steps=$(sed 's/.*"step":\([0-9]*\).*/\1/' "runs/smoke/$first/seed-0/metrics.jsonl" | sort -n | uniq | wc -l)
[ "$lines" -eq "$steps" ] || fail "some steps were computed twice: $lines lines, $steps steps"
echo "done: ${job}_0 was stopped after $stopped_at steps, requeued, and finished its $steps steps, each once"

# The gallery of docs/slurm.md, with fewer parts and processors: the same rows as of a gallery that is filled at once.
PATH="$(dirname "$aio"):$PATH"
export PATH
ln -s datasets/synthetic-smoke/Market-1501-v15.09.15/bounding_box_test photos
sed -n '/^#!\/bin\/sh$/,/^```$/p' "$manual" | sed '/^```$/d; s/^#SBATCH --array=1-8$/#SBATCH --array=1-3/; s/^#SBATCH --cpus-per-task=4$/#SBATCH --cpus-per-task=1/' > fill.sh
grep -q -- --array=1-3 fill.sh || fail "docs/slurm.md has no script that fills a gallery"
sed -n '/^array=/,/^```$/p' "$manual" | sed '/^```$/d' > submit.sh
. ./submit.sh
for _ in $(seq 300); do [ -z "$(squeue -h 2>/dev/null)" ] && break; sleep 1; done
[ -f people/gallery.json ] || fail "the parts of the gallery were not merged: $(cat slurm-*.out)"
aio gallery create whole photos
for gallery in people whole; do
    aio gallery verify $gallery
    aio gallery export $gallery --output $gallery.csv
    cut -d, -f2- $gallery.csv | sort > $gallery.rows
done
[ "$(wc -l < people.rows)" -gt 10 ] || fail "the gallery has too few rows"
cmp people.rows whole.rows || fail "the merged gallery has other rows than one that is filled at once"
echo "done: $(($(wc -l < people.rows) - 1)) rows in the gallery that jobs $array filled"
