#!/bin/sh
# A digest of what the classes of our jobs are compiled from: sources by their names and bytes, and the versions of Flink's jars.
# Times of files say nothing: a checkout gives new ones to what has not changed, and a copy keeps old ones on what has.
set -eu
cd "$(dirname "$0")/.."
sha256sum flink/requirements.txt clients/DedupFlow.java flink/*.java flink/ttl/*.java | sha256sum | cut -d ' ' -f 1
