#!/bin/sh
# A task manager of Flink in a JVM of its own: the server beside a job manager. Usage: flink-taskmanager.sh PORT DIR
here=$(dirname "$0")
flink=$here/../target/systems/flink
command -v java >/dev/null || { echo "no java on the PATH" >&2; exit 127; }
[ -e "$flink/classes/DedupTaskManager.class" ] || { echo "no Flink in target/systems" >&2; exit 127; }
exec java -Djava.io.tmpdir="$2" -Xmx1g --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
    -Dlog4j2.configurationFile="$here/flink/log4j2.properties" -cp "$flink/classes:$flink/packages/pyflink/lib/*" DedupTaskManager "$1" "$2"
