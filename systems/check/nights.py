"""The nightly job's SQL on real engines, beside the job itself: the same table, and which of its rows stay, one by one.

Prints a table of Markdown; it ends with an error where a row differs. Usage: sh systems/python.sh systems/check/nights.py HARNESS
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile
import time

import pyarrow
import pyarrow.dataset
import pyarrow.parquet

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIO = os.path.join(HERE, "two-days.toml")
COMPARE = os.path.join(HERE, "..", "..", "harness", "tests", "cli", "nights_elsewhere", "compare.py")
DAY = "2026-01-02"
NIGHTS = {
    "the first row of two days, in three slices": ["--preceding-days", "1", "--slices", "3"],
    "the first row of the day": [],
    "the last row": ["--keep", "last"],
    "the last by a version": ["--keep", "last", "--version-column", "truth_unique"],
}
SAME_TIME = "broker redelivery"


def says(*command, **more):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def micros(text):
    moment = datetime.datetime.fromisoformat(text[:19] + "+00:00")
    return int(moment.timestamp()) * 1_000_000 + int(text[20:26])


def live_table(harness, directory):
    """The stream as day partitions. How many rows each day has."""
    days = {}
    for line in says(harness, "stream", SCENARIO).splitlines():
        ping = json.loads(line)
        stamp = micros(ping["time"])
        if ping["truth"]["cause"] == SAME_TIME:
            stamp -= ping["truth"]["lag_ns"] // 1000
        day = (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=stamp)).date().isoformat()
        row = bytes.fromhex(ping["document_id"].replace("-", "")), stamp, ping["truth"]["unique"]
        days.setdefault(day, []).append(row)
    for day, rows in days.items():
        part = os.path.join(directory, f"submission_date={day}")
        os.makedirs(part)
        ids, times, numbers = zip(*rows)
        table = pyarrow.table(
            {
                "document_id": pyarrow.array(ids, pyarrow.binary(16)),
                "submission_timestamp": pyarrow.array(times, pyarrow.timestamp("us", "UTC")),
                "truth_unique": pyarrow.array(numbers, pyarrow.uint64()),
            }
        )
        pyarrow.parquet.write_table(table, os.path.join(part, "part.parquet"))
    return {day: len(rows) for day, rows in days.items()}


def rows_of(directory):
    table = pyarrow.dataset.dataset(directory, format="parquet").to_table(columns=["document_id", "submission_timestamp"])
    return sorted(zip(table.column(1).to_pylist(), (bytes(key) for key in table.column(0).to_pylist())))


class Postgres:
    """A server of its own, for as long as it is asked."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        os.chmod(self.directory.name, 0o711)
        script = os.path.join(HERE, "..", "postgres.sh")
        self.running = subprocess.Popen(["sh", script, self.directory.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        socket = os.path.join(self.directory.name, "data", ".s.PGSQL.5432")
        while not os.path.exists(socket):
            if self.running.poll() is not None:
                raise SystemExit("PostgreSQL ended")
            time.sleep(0.1)
        return os.path.dirname(socket)

    def __exit__(self, *_why):
        self.running.terminate()
        self.running.wait()
        self.directory.cleanup()


def main(harness):
    harness = os.path.abspath(harness)
    with tempfile.TemporaryDirectory() as work, Postgres() as socket:
        live = os.path.join(work, "main_live")
        counts = live_table(harness, live)
        queries = []
        for number, (name, options) in enumerate(NIGHTS.items()):
            ours, duckdb = (os.path.join(work, f"{who}-{number}") for who in ("ours", "duckdb"))
            night = [harness, "nightly", live, "--day", DAY, *options]
            says(*night, "--out", ours)
            says(*night, "--engine", "duckdb", "--out", duckdb)
            assert rows_of(ours) == rows_of(duckdb), f"DuckDB, {name}"
            queries.append({"name": name, "ours": ours, "options": options, "left": len(rows_of(ours))})
        print(f"| engine, of {counts[DAY]:,} rows of the day | " + " | ".join(f"{query['name']} stays" for query in queries) + " |")
        print("|---|" + "---:|" * len(queries))
        print("| DuckDB | " + " | ".join(f"{query['left']:,}, all the same" for query in queries) + " |", flush=True)
        for engine in ("clickhouse", "postgres", "spark"):
            for query in queries:
                query["sql"] = says(harness, "nightly", "--emit-sql", engine, "--day", DAY, *query["options"])
            asked = {"live": live, "day": DAY, "queries": queries, "socket": socket}
            said = says(sys.executable, COMPARE, engine, input=json.dumps(asked), stderr=subprocess.DEVNULL)
            left = [line.rsplit(" ", 2)[1] for line in said.splitlines() if line.endswith(" rows")]
            assert len(left) == len(queries), said
            print(f"| {engine} | " + " | ".join(f"{int(count):,}, all the same" for count in left) + " |", flush=True)


main(sys.argv[1])
