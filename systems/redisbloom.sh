#!/bin/sh
# A Redis of our own with the module RedisBloom, on the socket DIR/redis.sock. Usage: redisbloom.sh DIR
set -eu
module=$(cd "$(dirname "$0")/.." && pwd)/target/systems/redisbloom/redisbloom.so
[ -e "$module" ] || { echo "no RedisBloom in target/systems" >&2; exit 127; }
server=${DEDUP_REDIS_SERVER:-redis-server}
command -v "$server" >/dev/null || { echo "no redis-server on the PATH" >&2; exit 127; }
exec "$server" --port 0 --unixsocket "$1/redis.sock" --dir "$1" --save '' --appendonly no --loadmodule "$module"
