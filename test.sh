#!/usr/bin/env bash
# Every check of the project: format, lints, docs, all tests. Installs what they need where it is missing.
# Everything that is run is built once, with the profile of the tests; how long each step took is said at the end.
# Usage: ./test.sh
set -euo pipefail
cd "$(dirname "$0")"

need() { # need COMMAND PACKAGE: a Debian package, unless its command is there already
    command -v "$1" >/dev/null || need_package "$2"
}

need_package() { # need_package PACKAGE: a Debian package
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    echo "--- installing $1"
    "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq "$1" >/dev/null || {
        echo "error: $1 is missing and could not be installed; install it by hand: apt-get install $1" >&2
        exit 1
    }
}

steps=()
step() { # step COMMAND...: says what is done, and how long it took
    local began=$SECONDS
    echo; echo "=== $*"
    "$@"
    steps+=("$(printf '%5d s  %s' $((SECONDS - began)) "$*")")
    echo "--- $((SECONDS - began)) s"
}

need redis-server redis-server
need openssl openssl
need memcached memcached
need nats-server nats-server
need chromium chromium
need node nodejs
need npm npm

# The nightly job is compared with DuckDB's, its queries for other engines are read by sqlglot, and some engines and libraries
# are Python's: Debian has none of it. PyPI has, and the file says in which versions and with which digests.
python_env=target/duckdb
wanted=systems/requirements.txt
from_pypi() { # from_pypi VARIABLE: all of it into the project's own Python, unless it is there
    cmp -s "$wanted" "$python_env/installed.txt" && return
    command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null || need_package python3-venv
    echo "--- installing what stands in $wanted (from PyPI, into $python_env)"
    [ -x "$python_env/bin/python" ] || python3 -m venv "$python_env"
    local install=("$python_env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes)
    # What has no wheel is built by the setuptools of this file.
    grep '^setuptools==' "$wanted" | "${install[@]}" --requirement /dev/stdin &&
        "${install[@]}" --no-build-isolation --requirement "$wanted" || {
        echo "error: what stands in $wanted could not be installed; do so by hand, as it says, and name its program in $1" >&2
        exit 1
    }
    cp "$wanted" "$python_env/installed.txt"
}
if [ -z "${DEDUP_DUCKDB:-}" ] && ! command -v duckdb >/dev/null; then
    from_pypi DEDUP_DUCKDB
    # The program itself, and not the script around it.
    DEDUP_DUCKDB="$(echo "$PWD/$python_env"/lib/python3*/site-packages/duckdb_cli/duckdb)"
    export DEDUP_DUCKDB
fi
# What reads SQL of other engines, what writes traces, and engines that a profile's query is run on.
python_has_all() {
    "${DEDUP_PYTHON:-python3}" - <<'END' 2>/dev/null
from importlib.util import find_spec
assert all(find_spec(package) for package in ("sqlglot", "fastavro", "pyarrow", "chdb", "pyspark", "psycopg", "cachetools"))
END
}
if ! python_has_all; then
    from_pypi DEDUP_PYTHON
    export DEDUP_PYTHON="$PWD/$python_env/bin/python"
fi
# Servers that Debian has in one version or not at all.
sh systems/install.sh redisbloom redis-8 valkey nats-2.15
need javac default-jdk-headless
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql
command -v jq >/dev/null || need_package jq

export RUSTDOCFLAGS="-D warnings"
step cargo fmt --all --check
# The preload library is compiled by the build script and no module of the crate, so cargo fmt does not see it.
step rustfmt --check --edition 2024 harness/engine/src/servers/preload/virtual_clock.rs
step cargo fmt --check --manifest-path examples/embed/Cargo.toml
step cargo clippy --workspace --all-targets --locked -- -D warnings
step cargo clippy --manifest-path examples/embed/Cargo.toml --locked --target-dir target -- -D warnings
# As others build it: what only tests ask of a dependency, nobody else gets.
step cargo check --locked -p dedup-harness -p outside-strategy
step cargo doc --workspace --no-deps --locked --quiet
step cargo test --workspace --locked --no-run

# What packages can see that know nothing of reports, and what compiles them: no report, and nothing of the commands.
seen_by_packages() {
    local files
    files=$(git ls-files -co --exclude-standard -- . ':!harness/src' ':!harness/tests' ':!harness/report' ':!benches' ':!examples' 2>/dev/null) || return 0
    # A file that was deleted is one line less.
    { rustc -vV; tr '\n' '\0' <<<"$files" | xargs -0 sha256sum || true; } 2>/dev/null | sha256sum
}

# With cargo-nextest, where it is there, the tests of all executables share the cores. It also runs some of them alone
# without building anything anew: where nothing changed that a package can see, its tests would say what they said.
if command -v cargo-nextest >/dev/null; then
    passed=target/passed seen=$(seen_by_packages) chosen=(--workspace)
    if [ -z "${CI:-}" ] && [ -n "$seen" ] && [ "$(cat "$passed" 2>/dev/null)" = "$seen" ]; then
        steps+=("    -    tests of packages that know nothing of reports: nothing they see has changed since they passed (rm $passed runs them)")
        chosen+=(-E 'rdeps(dedup-report)')
    fi
    step cargo nextest run "${chosen[@]}" --locked --no-fail-fast --status-level fail --final-status-level slow
    step cargo test --workspace --locked --doc --quiet
    echo "$seen" >"$passed"
else
    step cargo test --workspace --locked
fi
# Reports in a real browser, made by the program that the tests were built with: a browser that is missing is a failure,
# not a skip.
step npm ci --no-audit --no-fund --prefix harness/tests/report
DEDUP_HARNESS="$PWD/target/debug/dedup-harness" step npm test --prefix harness/tests/report
echo
printf '%s\n' "${steps[@]}"
echo "all checks passed"
