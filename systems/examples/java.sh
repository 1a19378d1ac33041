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
made=$classes/$1.class
if [ ! -e "$made" ] || [ "$here/$1.java" -nt "$made" ] || [ "$client" -nt "$made" ]; then
    # Somewhere else first: workers start at once, and none is to find half a class.
    mkdir -p "$classes"
    work=$(mktemp -d -p "$classes")
    javac -d "$work" "$client" "$here/$1.java"
    mv -f "$work"/*.class "$classes"
    rmdir "$work"
fi
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$classes" "$1"
