#!/bin/sh
# A PostgreSQL of our own in DIR/data, with its defaults, on a socket there. Usage: postgres.sh DIR
set -eu
dir=$1
data=$dir/data
for bin in /usr/lib/postgresql/*/bin; do PATH=$bin:$PATH; done
command -v initdb >/dev/null || { echo "no initdb in /usr/lib/postgresql" >&2; exit 127; }
as=
if [ "$(id -u)" -eq 0 ]; then
    # It refuses to be root.
    as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
    chmod 711 "$dir"
fi
if [ ! -e "$data/PG_VERSION" ]; then
    mkdir -p "$data"
    [ -z "$as" ] || chown nobody:nogroup "$data"
    $as initdb -D "$data" -U postgres -A trust --no-sync --no-instructions >/dev/null
fi
# What the one before has started may still be about to end, and has the shared memory until then.
others() { for cwd in /proc/[0-9]*/cwd; do readlink "$cwd"; done 2>/dev/null | grep -qxF "$data"; }
tries=0
while others && [ $tries -lt 200 ]; do tries=$((tries + 1)); sleep 0.05; done
rm -f "$data/postmaster.pid"
exec $as postgres -D "$data" -k "$data" -c listen_addresses=
