#!/usr/bin/env bash
# A long stream through every embedded strategy, a process each: memory must be flat, or the script fails.
# Usage: checks/soak.sh [PINGS [SECONDS]]      a strategy stops after so many pings or seconds; for all of them: 1000000000 100000
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --release --locked -p dedup-strategies --example soak -- "${1:-1000000000}" "${2:-3600}"
