#!/bin/sh
# A strategy of the list in a process of its own, built with the settings of a release. Usage: behind_pipes.sh STRATEGY
program=$(dirname "$0")/../../target/release/examples/behind_pipes
if [ ! -x "$program" ]; then
    read -r _hello
    printf '{"missing":"%s"}\n' "target/release/examples/behind_pipes"
    exit 0
fi
exec "$program" "$@"
