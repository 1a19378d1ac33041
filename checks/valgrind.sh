#!/usr/bin/env bash
# Runs what exercises every `unsafe` under valgrind's memcheck: an invalid read or write, a use of what was never written,
# or memory that is lost ends it. Built for tests, so that the invariants are asserted too.
# Usage: checks/valgrind.sh
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "error: valgrind is missing: apt-get install valgrind" >&2; exit 1; }

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
memcheck() { # memcheck WHAT COMMAND...
    echo "--- $1"
    shift
    # Reachable at the end is what threads and lazies keep for the whole process.
    valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        --show-leak-kinds=definite "$@"
}
cargo build --locked -q
tool=target/debug/dedup-harness
# Without its optional libraries; and without rustix's own reader of what the kernel hands to a process, which reads where
# valgrind has nothing: the C library is asked instead.
strategies=$(RUSTFLAGS="--cfg rustix_use_libc" cargo test --locked --no-run -p dedup-strategies --no-default-features --lib \
    --target-dir target/valgrind --message-format json 2>/dev/null | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)

# dedup-strategies/src/structures/hardware.rs: tables, pieces, prefetch, advice, and who stands on them.
memcheck "hardware" "$strategies" structures::hardware --test-threads 1
memcheck "prefetched and vectorised tables" "$strategies" --test-threads 1 \
    it_grows_and_shrinks_and_forgets_nothing_on_the_way tags_of_the_last_33_slices

# harness/engine/src/alloc.rs: the allocator of the whole program, counting (weigh) and not.
cat > "$here/tiny.toml" <<'END'
about = "A few pings."
seed = 5
pings = 2_000
window = "10m"

[arrival]
process = "poisson"
rate = 20.0

[[repeat]]
cause = "redelivery"
share = 0.2
lag.uniform = ["1s", "5m"]
END
memcheck "allocator" --trace-children=yes --trace-children-skip='*redis-server*' "$tool" \
    run -q -f "$here/tiny.toml" -s '^(exact|split-block|cuckoo)$' -p verify -p weigh --jobs 1 --stall-timeout 10m

# harness/engine/src/servers/preload/virtual_clock.rs: a program that asks it for the time, with a clock and without.
clock=$(find target/debug/build -path '*dedup-engine-*' -name '*.so' -size +0 -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
printf '\0\0\0\0\0\0\0\1' > "$here/now"
told=$(LD_PRELOAD="$PWD/$clock" DEDUP_VIRTUAL_CLOCK="$here/now" memcheck "clock" date -u +%Y | tail -1)
[ "$told" = 1972 ] || { echo "error: the virtual clock told the year $told"; exit 1; }
LD_PRELOAD="$PWD/$clock" memcheck "clock, none named" date -u +%Y
echo "valgrind found nothing"
