#!/usr/bin/env bash
# Traces of every form with something changed in them, read by every reader: no panic, no hang, no count that does not add up.
# Usage: checks/mutations.sh [FILES]      a million of them if not said
set -euo pipefail
cd "$(dirname "$0")/.."
DEDUP_MUTATIONS="${1:-1000000}" cargo test --release --locked -p dedup-stream --lib -- a_changed_file_is_an_error
