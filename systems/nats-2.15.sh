#!/bin/sh
# A nats-server 2.15 with JetStream on the loopback, its store in DIR. Usage: nats-2.15.sh PORT DIR
server=$(cd "$(dirname "$0")/.." && pwd)/target/systems/nats-2.15/nats-server
[ -x "$server" ] || { echo "no nats-server 2.15 in target/systems" >&2; exit 127; }
exec "$server" -a 127.0.0.1 -p "$1" -js -sd "$2/store"
