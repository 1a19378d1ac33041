#!/usr/bin/env bash
# Every check of the project: format, lints, docs, all tests. Installs what they need where it is missing.
# Usage: ./test.sh
set -euo pipefail
cd "$(dirname "$0")"

need() { # need COMMAND PACKAGE: a Debian package, unless its command is there already
    command -v "$1" >/dev/null && return
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    echo "--- installing $2 (for $1)"
    "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq "$2" >/dev/null || {
        echo "error: $1 is missing and could not be installed; install it by hand: apt-get install $2" >&2
        exit 1
    }
}

step() { echo; echo "=== $*"; "$@"; }

need redis-server redis-server
need openssl openssl
need chromium chromium
need node nodejs
need npm npm

export RUSTDOCFLAGS="-D warnings"
step cargo fmt --all --check
# The preload library is compiled by the build script and no module of the crate, so cargo fmt does not see it.
step rustfmt --check --edition 2024 harness/src/servers/preload/virtual_clock.rs
step cargo fmt --check --manifest-path examples/outside-strategy/Cargo.toml
step cargo clippy --workspace --all-targets --locked -- -D warnings
step cargo doc --workspace --no-deps --locked --quiet
step cargo test --workspace --locked
# Reports in a real browser: a browser that is missing is a failure, not a skip.
step cargo build --locked
step npm ci --no-audit --no-fund --prefix harness/tests/report
DEDUP_HARNESS="$PWD/target/debug/dedup-harness" step npm test --prefix harness/tests/report
# A team's own package, outside the workspace. In the same target directory, so that only the harness is built again.
step cargo run --manifest-path examples/outside-strategy/Cargo.toml --target-dir target --locked -- \
    run --scenario '^quick$' --strategy '^last-id$' --time-budget 0.1
echo
echo "all checks passed"
