#!/usr/bin/env bash
# Live trials of the gate on speed: how often it cries wolf, how often it misses a slowdown, how long it takes, and what
# a busy neighbour does to it. Prints one table. For a quiet machine.
#
#   docs/ci/trials.sh [TRIALS] [STRATEGY] [STRATEGIES] [BUDGET]
#
# 20 of each kind, the strategy that is slowed down (exact), a regular expression of all that are measured (exact,
# bloom-rotating and cuckoo, so that a gate takes less than a minute), and the longest that a gate may take (5m).
#
# Needs a release build (cargo build --release). Slowing down is done by the worker itself, with work that is thrown away:
# the hidden option --slow-down STRATEGY=SHARE of `gate run`.
set -uo pipefail
cd "$(dirname "$0")/../.."
trials=${1:-20}
slowed=${2:-exact}
measured=${3:-^(exact|bloom-rotating|cuckoo)$}
budget=${4:-5m}
program=${PROGRAM:-target/release/dedup-harness}
work=$(mktemp -d)
hogs=()
tidy() {
    for hog in "${hogs[@]}"; do kill "$hog" 2>/dev/null; done
    rm -rf "$work"
}
trap tidy EXIT
# Both sides from one file that nobody builds anew meanwhile.
cp "$program" "$work/gate-trial"

gate() { # gate NAME [OPTION]...: one gate of the program against itself
    local name=$1
    shift
    local began=$SECONDS
    "$work/gate-trial" gate run -q --base "$work/gate-trial" --format json "$@" >"$work/$name.json" 2>"$work/$name.err"
    echo "$? $((SECONDS - began))"
}

metrics() { # metrics FILE DECISION: names of the metrics with that decision
    python3 - "$1" "$2" <<'PY'
import json, sys
try:
    verdict = json.load(open(sys.argv[1]))
except ValueError:
    sys.exit()
for metric in verdict["metrics"]:
    if metric["decision"] == sys.argv[2]:
        print("/".join([metric["scenario"], metric["strategy"], metric["metric"]]))
PY
}

series() { # series NAME [OPTION]...: TRIALS gates, one line of the table
    local name=$1
    shift
    local failed=0 right=0 others=0 inconclusive=0 seconds=0
    for trial in $(seq "$trials"); do
        read -r code took < <(gate "$name-$trial" "$@")
        seconds=$((seconds + took))
        local fails
        fails=$(metrics "$work/$name-$trial.json" fail)
        [ "$code" -eq 0 ] || failed=$((failed + 1))
        grep -q "/$slowed/throughput$" <<<"$fails" && right=$((right + 1))
        [ -n "$fails" ] && grep -qv "/$slowed/" <<<"$fails" && others=$((others + 1))
        [ -n "$(metrics "$work/$name-$trial.json" inconclusive)" ] && inconclusive=$((inconclusive + 1))
    done
    printf '%-34s %6d %6d %22d %22d %12d %8d\n' \
        "$name" "$trials" "$failed" "$right" "$others" "$inconclusive" $((seconds / trials))
}

printf '%-34s %6s %6s %22s %22s %12s %8s\n' \
    "" gates FAIL "FAIL ($slowed)" "FAIL of others" INCONCLUSIVE "s a gate"
series "the same program" -s "$measured" --budget "$budget"
series "$slowed slower by 5 %" -s "$measured" --budget "$budget" --slow-down "$slowed=5%"

# Ten strategies on scenarios.
read -r code took < <(gate ten -f '^(quick|twins)$' -s '^(exact|lru-exact|bloom|bloom-rotating|window-batch)$')
counted=$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["metrics"]))' "$work/ten.json")
echo "ten strategies on scenarios, $counted metrics: $took s, exit code $code"

# A busy neighbour on every core.
for _ in $(seq "$(nproc)"); do
    (while :; do :; done) &
    hogs+=("$!")
done
trials=$((trials > 3 ? 3 : trials))
series "the same program, every core busy" -s "$measured" --budget "$budget"
