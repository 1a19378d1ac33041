#!/bin/sh
# A job of Flink in a JVM of its own, which speaks the protocol. Usage: flink.sh first|seen|wall|event|sql|none [MAIN]
here=$(dirname "$0")
flink=$here/../target/systems/flink
classes=$flink/classes
missing() {
    read -r _hello
    printf '{"missing":"%s"}\n' "$1"
    exit 0
}
command -v java >/dev/null || missing "a Java runtime (apt-get install default-jdk-headless)"
[ -e "$classes/DedupFlink.class" ] || missing "Flink 2.3.0 in target/systems/flink"
[ "$(sh "$here/flink/digest.sh")" = "$(cat "$flink/classes.sha256" 2>/dev/null || echo none)" ] ||
    missing "the job as it is now in target/systems/flink"
# Our classes first: one stands in the place of Flink's own.
exec java -Djava.io.tmpdir="${TMPDIR:-/tmp}" -Xmx2g --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
    -Dlog4j2.configurationFile="$here/flink/log4j2.properties" -cp "$classes:$flink/packages/pyflink/lib/*" "${2:-DedupFlink}" "$1"
