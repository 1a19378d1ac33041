"""Writes the same pings as maintained libraries write them: writers.py FOLDER DUCKDB; pings as JSON on standard input."""

import csv
import datetime
import decimal
import json
import subprocess
import sys

import fastavro
import pyarrow
import pyarrow.parquet

folder, duckdb = sys.argv[1:3]
pings = json.load(sys.stdin)
texts, numbers = [ping["id"] for ping in pings], [ping["n"] for ping in pings]
millis = [ping["t_ms"] for ping in pings]
times = [datetime.datetime.fromtimestamp(t / 1000, datetime.timezone.utc) for t in millis]


def path(name):
    return f"{folder}/{name}"


def write_csv(name, **dialect):
    with open(path(name), "w", newline="", encoding="utf-8") as file:
        to = csv.writer(file, **dialect)
        to.writerow(["id", "n", "t_ms"])
        to.writerows([ping["id"] or "", ping["n"], ping["t_ms"]] for ping in pings)


write_csv("excel.csv")
write_csv("tab.tsv", dialect="excel-tab")
write_csv("unix.csv", dialect="unix")
write_csv("semicolon.csv", delimiter=";", quoting=csv.QUOTE_ALL)
write_csv("bar.csv", delimiter="|", quoting=csv.QUOTE_NONNUMERIC)
write_csv("backslash.csv", doublequote=False, escapechar="\\", quoting=csv.QUOTE_ALL)

for name, ascii_only in [("lines.ndjson", True), ("unicode.ndjson", False)]:
    with open(path(name), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(ping, ensure_ascii=ascii_only) + "\n" for ping in pings)
for name, more in [("array.json", {}), ("pretty.json", {"indent": 2}), ("tabs.json", {"indent": "\t"})]:
    with open(path(name), "w", encoding="utf-8") as file:
        json.dump(pings, file, **more)
with open(path("records.json"), "w", encoding="utf-8") as file:
    json.dump({"Records": pings}, file)
for name, arguments in [("jq-pretty.json", [".[]"]), ("jq-array.json", ["."]), ("jq-joined.json", ["-cj", ".[]"])]:
    with open(path(name), "wb") as file:
        subprocess.run(["jq", *arguments, path("array.json")], stdout=file, check=True)

stamp = pyarrow.timestamp("us", "UTC")
for name, ids, ts, more in [
    ("plain.parquet", pyarrow.array(texts), pyarrow.array(times, stamp), {"compression": "none"}),
    ("large.parquet", pyarrow.array(texts, pyarrow.large_string()), pyarrow.array(times, stamp), {"compression": "zstd"}),
    ("dictionary.parquet", pyarrow.array(texts).dictionary_encode(), pyarrow.array(times, pyarrow.timestamp("ns", "UTC")),
     {"row_group_size": 50}),
    ("naive.parquet", pyarrow.array(texts), pyarrow.array(times, pyarrow.timestamp("ms")),
     {"compression": "gzip", "use_dictionary": False, "data_page_version": "2.0"}),
    ("int96.parquet", pyarrow.array(texts), pyarrow.array(times, stamp), {"use_deprecated_int96_timestamps": True}),
]:
    table = pyarrow.table({"id": ids, "n": pyarrow.array(numbers), "t_ms": ts})
    pyarrow.parquet.write_table(table, path(name), **more)

wide = [decimal.Decimal(n) for n in numbers]
seconds = [decimal.Decimal(t) / 1000 for t in millis]
for name, values, ts in [
    ("n-int.parquet", pyarrow.array(numbers, pyarrow.int64()), pyarrow.array(millis, pyarrow.int64())),
    ("n-unsigned.parquet", pyarrow.array(numbers, pyarrow.uint64()), pyarrow.array(millis, pyarrow.uint64())),
    ("n-decimal.parquet", pyarrow.array(wide, pyarrow.decimal128(38, 0)), pyarrow.array(millis, pyarrow.int64())),
    ("n-decimal9.parquet", pyarrow.array(wide, pyarrow.decimal128(30, 9)), pyarrow.array(times, stamp)),
    ("n-float.parquet", pyarrow.array([float(n) for n in numbers]), pyarrow.array([float(t) for t in millis])),
]:
    pyarrow.parquet.write_table(pyarrow.table({"n": values, "t_ms": ts}), path(name))
table = pyarrow.table({"n": pyarrow.array(numbers), "t_s": pyarrow.array(seconds, pyarrow.decimal128(20, 3))})
pyarrow.parquet.write_table(table, path("s-decimal.parquet"))

schema = fastavro.parse_schema({"type": "record", "name": "ping", "fields": [
    {"name": "id", "type": ["null", "string"]},
    {"name": "n", "type": "long"},
    {"name": "t_ms", "type": {"type": "long", "logicalType": "timestamp-micros"}},
]})
rows = [{"id": text, "n": n, "t_ms": time} for text, n, time in zip(texts, numbers, times)]
for codec in ["null", "deflate"]:
    with open(path(f"{codec}.avro"), "wb") as file:
        fastavro.writer(file, schema, rows, codec=codec, sync_interval=2000)

read = f"read_json('{path('lines.ndjson')}', format='newline_delimited', columns={{id: 'VARCHAR', n: 'BIGINT', t_ms: 'BIGINT'}})"
copies = [("duck.csv", "header"), ("duck.tsv", "header, delimiter '\t'"), ("duck.ndjson", "format json"),
          ("duck-array.json", "format json, array true"), ("duck.parquet", "format parquet"),
          ("duck-zstd.parquet", "format parquet, compression zstd, row_group_size 2048"), ("duck.csv.gz", "header, compression gzip")]
sql = "".join(f"COPY (FROM {read}) TO '{path(name)}' ({how});\n" for name, how in copies)
subprocess.run([duckdb, "-batch"], input=sql.encode(), check=True, stdout=subprocess.DEVNULL)
