"""Puts the file that is named first into the table `pings` of a ClickHouse, runs statements, a JSON list, and prints what each answers."""

import json
import sys

from chdb import session

clickhouse = session.Session()
columns = "id String, at String, client String, country Nullable(String), version String, type String, session String"
for statement in [
    "CREATE DATABASE impact",
    "USE impact",
    "CREATE TABLE pings ENGINE = MergeTree ORDER BY at AS SELECT * REPLACE (parseDateTime64BestEffort(at, 6, 'UTC') AS at) "
    f"FROM file('{sys.argv[1]}', 'CSVWithNames', '{columns}') SETTINGS format_csv_null_representation = ''",
    *json.load(sys.stdin),
]:
    print(str(clickhouse.query(statement, "JSONEachRow")).strip(), flush=True)
