#!/usr/bin/env bash
# Fuzzes everything that reads what others wrote: scenarios, traces, profiles, records, baselines, settings, replies of a Redis.
# Usage: checks/fuzz.sh [SECONDS_EACH [TARGET...]]      (cargo install cargo-fuzz --locked; a nightly toolchain)
# Begins with fuzz/seeds, which is committed; what is found new goes into fuzz/corpus, which is not.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds="${1:-3600}"
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls seeds)
# The code is safe but for three files, which valgrind watches: no sanitizer.
cargo +nightly fuzz build -s none
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target"
    echo "--- $target"
    cargo +nightly fuzz run -s none "$target" "corpus/$target" "seeds/$target" -- -max_total_time="$seconds" \
        -timeout=20 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 2>&1 | grep -E "^(Done|stat::|SUMMARY|.*panicked at)|Test unit|Crash|ERROR"
done
