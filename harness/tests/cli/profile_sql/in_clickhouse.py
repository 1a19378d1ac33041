"""Runs the profile's queries in ClickHouse, each over a table that holds its file."""

import json
import sys

from chdb import session

clickhouse = session.Session()
name = r"`it's \\\`live\\`"


def text(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


for question in json.load(sys.stdin):
    columns = (
        "`order` Nullable(String), `it's \"part\"` Nullable(String), at Nullable(String), ns Nullable(Int64), "
        "ms Nullable(Float64), s Nullable(Float64)"
    )
    clickhouse.query(f"DROP TABLE IF EXISTS {name}")
    clickhouse.query(
        f"CREATE TABLE {name} ENGINE = Memory AS SELECT * REPLACE (parseDateTime64BestEffortOrNull(at, 6, 'UTC') AS at) "
        f"FROM file({text(question['csv'])}, 'CSVWithNames', {text(columns)}) "
        "SETTINGS format_csv_null_representation = ''"
    )
    print(str(clickhouse.query(question["query"], "TSVRaw")).strip(), flush=True)
