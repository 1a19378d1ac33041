#!/bin/sh
# Puts the systems that take too long for ./test.sh through laws, compares models with them, breaks them, and measures them.
# Usage: systems/check.sh [OUT]: tables on the standard output, records in OUT (results/systems where it is left out)
# It ends after DEDUP_CHECK_MINUTES (40), and says what it has left out then. DEDUP_CHECK_ONLY is a text: steps whose command has it.
set -eu
cd "$(dirname "$0")/.."
out=${1:-results/systems}
harness=${DEDUP_HARNESS:-target/debug/dedup-harness}
began=$(date +%s)
ends=$((began + ${DEDUP_CHECK_MINUTES:-40} * 60))
left_out=0
failed=
export DEDUP_PYTHON=${DEDUP_PYTHON:-$PWD/target/duckdb/bin/python}
[ -x "$harness" ] || { echo "no $harness: cargo build --workspace, or name one in DEDUP_HARNESS" >&2; exit 1; }
# JVMs leave files where temporary ones go: a place of ours, which goes with us.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 1' INT TERM
sh systems/install.sh flink beam

step() { # step CODES ARGUMENT...: runs the harness; any other exit code than these is a failure, which is told at the end
    codes=$1
    shift
    case "$*" in *"${DEDUP_CHECK_ONLY:-}"*) ;; *) return ;; esac
    left=$((ends - $(date +%s)))
    echo
    echo "=== dedup-harness $*"
    if [ "$left" -le 0 ]; then
        echo "left out: the time is over"
        left_out=$((left_out + 1))
        return
    fi
    code=0
    from=$(date +%s)
    timeout "$left" "$harness" "$@" || code=$?
    echo "took $(($(date +%s) - from)) s"
    if [ "$code" = 124 ]; then
        echo "given up: the time is over"
        left_out=$((left_out + 1))
        return
    fi
    case " $codes " in *" $code "*) return ;; esac
    echo "FAILED: ended with $code, allowed: $codes"
    failed="$failed
  dedup-harness $*"
}

# The same pings, verdict by verdict: 4 is that some differ, which docs/BIAS.md explains.
step 0 conform systems/flink.toml --against exact
step 0 conform systems/flink.toml:state=rocksdb --against exact
step 0 conform systems/flink.toml:sink=committing,checkpoint=20ms --against exact -f systems/check/half-an-hour.toml
step 0 conform systems/flink-event-time.toml --against exact
step 0 conform systems/flink-sql.toml --against exact
step 0 conform systems/flink-sql.toml:order=row --against exact
step 0 conform systems/flink-cluster.toml --against exact
step "0 4" conform systems/flink-seen.toml --against pubsubio-flink
step "0 4" conform systems/flink.toml --against beam-deduplicate
for domain in event processing; do
    step "0 4" conform "systems/beam.toml:domain=$domain" --against beam-deduplicate -f systems/check/half-an-hour.toml
done
step "0 4" conform systems/spark.toml --against exact -f systems/check/half-an-hour.toml
step "0 4" conform systems/spark.toml:store=rocksdb --against exact -f systems/check/half-an-hour.toml
# Which copy passes, where a batch is one file, and where it is four.
for files in 1 4; do step "0 4" conform "systems/spark.toml:files=$files" --against exact -f systems/check/copies-in-a-batch.toml; done

# JVMs get faster for a while: longer than the second that a closed loop takes otherwise.
step 0 run -f '^quick$' -s systems/flink-floor.toml -s systems/flink.toml -s systems/flink.toml:state=rocksdb \
    -s systems/flink-sql.toml -s systems/flink-sql.toml:order=row -s systems/flink-cluster.toml -s systems/flink-event-time.toml \
    -s '^exact$' -p verify -p time --time-budget 5 --stall-timeout 5m -o "$out/processors" --force
# Thousands of small batches, each of which waits for a checkpoint, would take a quarter of an hour to verify.
step 0 run -f '^quick$' -s systems/flink.toml:sink=committing,checkpoint=200ms -s systems/flink.toml:checkpoint=200ms \
    -p time --time-budget 5 --stall-timeout 5m -o "$out/committing" --force

# Killed and started again: a task manager alone, and the process with what it keeps and without. What has nothing finds nothing
# in either case.
step 0 run -f '^faults/store-killed$' -s systems/flink-cluster.toml -s systems/flink-cluster.toml:sink=committing,checkpoint=20ms \
    -p verify --stall-timeout 5m -o "$out/task-manager-killed" --force
step 0 run -f '^faults/restart-state-kept$' -s systems/flink.toml -s systems/flink.toml:checkpoint=500ms \
    -s systems/flink.toml:sink=committing,checkpoint=20ms -s systems/flink-cluster.toml -s '^(exact|durable|pubsubio-flink)$' \
    -p verify --stall-timeout 5m -o "$out/restart-kept" --force
step 0 run -f '^faults/restart-state-lost$' -s systems/flink.toml:checkpoint=500ms -s '^(exact|durable|pubsubio-flink)$' \
    -p verify --stall-timeout 5m -o "$out/restart-lost" --force
step 0 run -f systems/check/restart-state-kept.toml -s systems/spark.toml -s systems/spark.toml:store=rocksdb -s systems/beam.toml \
    -s '^(exact|durable|beam-deduplicate)$' -p verify --stall-timeout 5m -o "$out/short-kept" --force
step 0 run -f systems/check/restart-state-lost.toml -s systems/spark.toml -s '^(exact|durable|beam-deduplicate)$' \
    -p verify --stall-timeout 5m -o "$out/short-lost" --force

# Laws: those that need few batches, where one takes a second; all of them for one.
for flow in flink-sql flink-cluster spark beam; do
    for law in "one verdict" "inside one batch"; do step 0 conform "systems/$flow.toml" --law "$law"; done
done
step 0 conform systems/flink.toml
echo
echo "took $(($(date +%s) - began)) s; $left_out steps left out or given up; failed:${failed:- none}"
[ "$left_out" = 0 ] && [ -z "$failed" ]
