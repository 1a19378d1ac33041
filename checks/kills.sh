#!/usr/bin/env bash
# Kills each command at random moments, by SIGKILL and SIGTERM: nothing is left, and what was written can be read.
# Usage: checks/kills.sh [KILLS [SEED]]
set -euo pipefail
cd "$(dirname "$0")/.."
DEDUP_KILLS="${1:-50}" DEDUP_KILLS_SEED="${2:-1}" cargo test -p dedup-harness --locked --test cli -- survives_kills --test-threads 2
