#!/bin/sh
# Compiles an example in Java with its client, where that was not done since they changed, and runs it. Usage: java.sh CLASS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
classes=$here/../../target/systems/examples
client=$here/../clients/DedupSystem.java
missing() {
    read -r _hello
    printf '{"missing":"%s"}\n' "$1"
    exit 0
}
command -v javac >/dev/null || missing "javac"
# By what they say: times of files are those of a checkout, or of a copy.
digest=$(cat "$client" "$here/$1.java" | sha256sum | cut -d ' ' -f 1)
made=$classes/$1.sha256
if [ "$digest" != "$(cat "$made" 2>/dev/null || echo none)" ]; then
    # Somewhere else first: workers start at once, and none is to find half a class. That goes with the run, whatever ends it.
    work=$(mktemp -d)
    trap 'rm -rf "$work" "$classes"/.new.$$' EXIT
    trap 'exit 130' HUP INT TERM
    javac -d "$work" "$client" "$here/$1.java"
    if mkdir -p "$classes" 2>/dev/null && [ -w "$classes" ]; then
        rm -f "$made"
        for class in "$work"/*.class; do
            cp "$class" "$classes/.new.$$"
            mv -f "$classes/.new.$$" "$classes/${class##*/}"
        done
        # Last: who reads it finds all of them.
        echo "$digest" >"$classes/.new.$$"
        mv -f "$classes/.new.$$" "$made"
        rm -rf "$work"
    else
        # A checkout that cannot be written: it is compiled in each run.
        classes=$work
    fi
fi
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$classes" "$1"
