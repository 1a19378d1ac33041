#!/bin/sh
# Puts the systems that take too long for ./test.sh through laws, compares models with them, and measures them.
# Usage: systems/check.sh [OUT]: tables on the standard output, records in OUT (results/systems where it is left out)
set -eu
cd "$(dirname "$0")/.."
out=${1:-results/systems}
harness=${DEDUP_HARNESS:-target/debug/dedup-harness}
export DEDUP_PYTHON=${DEDUP_PYTHON:-$PWD/target/duckdb/bin/python}
[ -x "$harness" ] || { echo "no $harness: cargo build --workspace, or name one in DEDUP_HARNESS" >&2; exit 1; }
sh systems/install.sh flink beam

step() { # step CODES COMMAND...: runs it; any other exit code than these ends the check
    codes=$1
    shift
    echo
    echo "=== $*"
    code=0
    "$@" || code=$?
    case " $codes " in *" $code "*) ;; *) echo "ended with $code, allowed: $codes" >&2; exit 1 ;; esac
}

# All laws where a batch takes milliseconds; where it takes a second, those that need few.
for flow in flink flink-seen flink-event-time; do step 0 "$harness" conform "systems/$flow.toml"; done
for flow in spark beam; do
    for law in "one verdict" "inside one batch"; do step 0 "$harness" conform "systems/$flow.toml" --law "$law"; done
done

# The same pings, verdict by verdict: 4 is that some differ, which docs/BIAS.md explains.
step 0 "$harness" conform systems/flink.toml --against exact
step 0 "$harness" conform systems/flink-event-time.toml --against exact
step 0 "$harness" conform systems/flink.toml:state=rocksdb --against exact
step "0 4" "$harness" conform systems/flink-seen.toml --against pubsubio-flink
step "0 4" "$harness" conform systems/flink.toml --against beam-deduplicate
step "0 4" "$harness" conform systems/beam.toml --against beam-deduplicate -f systems/check/half-an-hour.toml
step "0 4" "$harness" conform systems/spark.toml --against exact -f systems/check/half-an-hour.toml

# JVMs get faster for a while: longer than the second that a closed loop takes otherwise.
step 0 "$harness" run -f '^quick$' -s systems/flink-floor.toml -s systems/flink.toml -s systems/flink.toml:state=rocksdb \
    -s systems/flink-seen.toml -s systems/flink-event-time.toml -s systems/flink-wall.toml -s systems/clickhouse.toml -s '^exact$' \
    -p verify -p time -p weigh --time-budget 8 --stall-timeout 5m -o "$out" --force
