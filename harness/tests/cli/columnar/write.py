"""Writes pings, a JSON list of objects of texts, as Parquet and as Avro: write.py FOLDER.

`text` and `number` have clients and sessions as such; every other file has clients of the type in its name.
"""

import datetime
import json
import sys

import fastavro
import pyarrow
import pyarrow.parquet

folder = sys.argv[1]
pings = json.load(sys.stdin)
TEXTS = ["id", "country", "type"]
texts = {name: [ping.get(name) for ping in pings] for name in TEXTS + ["client", "session"]}
times = [datetime.datetime.fromisoformat(ping["at"].replace("Z", "+00:00")) for ping in pings]


def number(text):
    return None if text is None else int(text[1:])


numbers = {name: [number(text) for text in texts[name]] for name in ["client", "session"]}
clients = texts["client"]

# What columns may be: of Parquet, and of Avro with its schema.
kinds = {
    "text": (pyarrow.array(clients), "string", clients),
    "dictionary": (pyarrow.array(clients).dictionary_encode(), {"type": "enum", "name": "who", "symbols": sorted(set(clients))}, clients),
    "bytes": (pyarrow.array([text.encode() for text in clients]), "bytes", [text.encode() for text in clients]),
    "number": (pyarrow.array(numbers["client"], pyarrow.int64()), "long", numbers["client"]),
    "double": (pyarrow.array([float(n) for n in numbers["client"]]), "double", [float(n) for n in numbers["client"]]),
    "half": (pyarrow.array([n + 0.5 for n in numbers["client"]]), "double", [n + 0.5 for n in numbers["client"]]),
    "boolean": (pyarrow.array([n == 1 for n in numbers["client"]]), "boolean", [n == 1 for n in numbers["client"]]),
    "list": (pyarrow.array([[text] for text in clients]), {"type": "array", "items": "string"}, [[text] for text in clients]),
    "group": (pyarrow.array([{"name": text} for text in clients]),
              {"type": "record", "name": "who", "fields": [{"name": "name", "type": "string"}]}, [{"name": text} for text in clients]),
    "nobody": (pyarrow.array([None] * len(clients), pyarrow.string()), ["null", "string"], [None] * len(clients)),
}
for kind, (column, schema, values) in kinds.items():
    is_number = kind == "number"
    session = numbers["session"] if is_number else texts["session"]
    columns = {name: pyarrow.array(texts[name], pyarrow.string()) for name in TEXTS}
    columns["at"] = pyarrow.array(times, pyarrow.timestamp("us", "UTC"))
    columns["client"] = column
    columns["session"] = pyarrow.array(session, pyarrow.int64() if is_number else pyarrow.string())
    pyarrow.parquet.write_table(pyarrow.table(columns), f"{folder}/{kind}.parquet", row_group_size=4)
    fields = [{"name": name, "type": ["null", "string"]} for name in TEXTS]
    fields.append({"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}})
    fields.append({"name": "client", "type": schema})
    fields.append({"name": "session", "type": ["null", "long" if is_number else "string"]})
    rows = zip(times, values, session, *(texts[name] for name in TEXTS))
    named = ["at", "client", "session", *TEXTS]
    with open(f"{folder}/{kind}.avro", "wb") as file:
        fastavro.writer(file, fastavro.parse_schema({"type": "record", "name": "ping", "fields": fields}),
                        [dict(zip(named, row)) for row in rows])
