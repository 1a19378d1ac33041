#!/bin/sh
# A memcached of our own on the socket DIR/memcached.sock. Usage: memcached.sh DIR
set -eu
command -v memcached >/dev/null || { echo "no memcached on the PATH" >&2; exit 127; }
# The directory is entered by nobody else, not even by a user with fewer rights.
as=
[ "$(id -u)" -ne 0 ] || as="-u root"
# Defaults, but for the memory: with 64 MB it would evict without a word.
exec memcached $as -s "$1/memcached.sock" -a 0700 -m 1024
