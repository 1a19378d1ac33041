#!/bin/sh
# Runs a Python program with the project's own Python, which has the libraries, where test.sh has made one.
here=$(dirname "$0")
own="$here/../target/duckdb/bin/python"
if [ -n "${DEDUP_PYTHON:-}" ]; then python=$DEDUP_PYTHON
elif [ -x "$own" ]; then python=$own
else python=python3
fi
exec "$python" "$@"
