#!/usr/bin/env bash
# What others get of this: licences and duplicate versions of dependencies (deny.toml), and packages as cargo would publish
# them. `dedup-strategies`, which services embed, is built from its package alone; the others are packed.
# Usage: checks/publish.sh      (cargo install cargo-deny --locked)
set -euo pipefail
cd "$(dirname "$0")/.."
cargo deny --locked check licenses bans sources
cargo publish --dry-run --locked --no-verify --workspace
cargo publish --dry-run --locked -p dedup-strategies
# Nothing is published yet, so there is no version to compare with; a commit can be named: BASE=v0.1.0 checks/publish.sh
if [ -n "${BASE:-}" ]; then
    cargo semver-checks -p dedup-strategies --baseline-rev "$BASE"
fi
