"""Runs the nightly job's queries in an engine, and compares what they leave with what the harness left.

Standard input: JSON with `live` and `stable`, directories of day partitions, the `day`, `queries`, and for PostgreSQL the
`socket`'s directory. The first argument is the engine. Each query runs twice over a stable table that begins as a copy of the
live one.
"""

import datetime
import json
import sys
import tempfile

import pyarrow.dataset
import pyarrow.parquet

NAMES = ["document_id", "submission_timestamp", "truth_unique"]


def rows_of(directory):
    """Rows of all partitions: id, microseconds, number."""
    table = pyarrow.dataset.dataset(directory, format="parquet").to_table(columns=NAMES)
    ids, times, numbers = (table.column(name).to_pylist() for name in NAMES)
    return [(key, micros(time), number) for key, time, number in zip(ids, times, numbers)]


def micros(time):
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.timezone.utc)
    return (time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


class Clickhouse:
    def __init__(self, asked):
        from chdb import session

        self.session = session.Session()
        for part in ("live", "stable"):
            self.session.query(f"CREATE DATABASE telemetry_{part}")
        self.session.query(
            "CREATE TABLE telemetry_live.main_v5 (document_id Nullable(FixedString(16)), "
            "submission_timestamp DateTime64(6, 'UTC'), truth_unique UInt64) ENGINE = MergeTree ORDER BY tuple()"
        )
        files = asked["live"] + "/*/*.parquet"
        self.session.query(f"INSERT INTO telemetry_live.main_v5 SELECT {', '.join(NAMES)} FROM file('{files}', Parquet)")

    def begin(self):
        self.session.query("DROP TABLE IF EXISTS telemetry_stable.main_v5 SYNC")
        self.session.query(
            "CREATE TABLE telemetry_stable.main_v5 ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM telemetry_live.main_v5"
        )

    def run(self, statement):
        self.session.query(statement)

    def rows(self):
        said = self.session.query(
            "SELECT hex(assumeNotNull(document_id)), isNull(document_id), toUnixTimestamp64Micro(submission_timestamp), "
            "truth_unique FROM telemetry_stable.main_v5", "JSONCompactEachRow"
        )
        told = [json.loads(line) for line in str(said).splitlines()]
        return [(None if null else bytes.fromhex(key), int(time), int(number)) for key, null, time, number in told]


class Postgres:
    def __init__(self, asked):
        import psycopg

        self.connection = psycopg.connect(host=asked["socket"], user="postgres", dbname="postgres", autocommit=True)
        for part in ("live", "stable"):
            self.connection.execute(f"CREATE SCHEMA telemetry_{part}")
        self.connection.execute(
            "CREATE TABLE telemetry_live.main_v5 (document_id BYTEA, submission_timestamp TIMESTAMPTZ, truth_unique BIGINT)"
        )
        with self.connection.cursor().copy("COPY telemetry_live.main_v5 FROM STDIN") as copy:
            for key, time, number in rows_of(asked["live"]):
                moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=time)
                copy.write_row((key, moment, number))

    def begin(self):
        self.connection.execute("DROP TABLE IF EXISTS telemetry_stable.main_v5")
        self.connection.execute("CREATE TABLE telemetry_stable.main_v5 AS SELECT * FROM telemetry_live.main_v5")

    def run(self, statement):
        self.connection.execute(statement)

    def rows(self):
        told = self.connection.execute(f"SELECT {', '.join(NAMES)} FROM telemetry_stable.main_v5").fetchall()
        return [(key and bytes(key), micros(time), number) for key, time, number in told]


class Spark:
    def __init__(self, asked):
        from pyspark.sql import SparkSession

        self.scratch = tempfile.TemporaryDirectory()
        settings = {
            # Nothing here runs for long enough to be worth compiling well.
            "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 -Dderby.system.home={self.scratch.name}",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.session.timeZone": "UTC",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": self.scratch.name,
            "spark.sql.warehouse.dir": self.scratch.name + "/warehouse",
        }
        builder = SparkSession.builder.master("local[2]").appName("nights")
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.spark = builder.getOrCreate()
        self.spark.sparkContext.setLogLevel("ERROR")
        for part in ("live", "stable"):
            self.spark.sql(f"CREATE DATABASE telemetry_{part}")
        # Spark reads no column of the type UUID.
        ids, times, numbers = (list(column) for column in zip(*rows_of(asked["live"])))
        plain = pyarrow.table({
            NAMES[0]: pyarrow.array(ids, pyarrow.binary()),
            NAMES[1]: pyarrow.array(times, pyarrow.timestamp("us", "UTC")),
            NAMES[2]: pyarrow.array(numbers, pyarrow.int64()),
        })
        pyarrow.parquet.write_table(plain, self.scratch.name + "/live.parquet")
        rows = self.spark.read.parquet(self.scratch.name + "/live.parquet")
        self.live = rows.withColumn("submission_date", rows.submission_timestamp.cast("date"))
        self.live.write.partitionBy("submission_date").saveAsTable("telemetry_live.main_v5")

    def begin(self):
        self.spark.sql("DROP TABLE IF EXISTS telemetry_stable.main_v5")
        self.live.write.partitionBy("submission_date").saveAsTable("telemetry_stable.main_v5")

    def run(self, statement):
        self.spark.sql(statement)

    def rows(self):
        told = self.spark.sql(
            "SELECT document_id, UNIX_MICROS(submission_timestamp), truth_unique FROM telemetry_stable.main_v5"
        ).collect()
        return [(key and bytes(key), time, number) for key, time, number in told]


def statements(text):
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]


asked = json.load(sys.stdin)
engine = {"clickhouse": Clickhouse, "postgres": Postgres, "spark": Spark}[sys.argv[1]](asked)
day_us = 86_400_000_000
first = micros(datetime.datetime.fromisoformat(asked["day"]))
is_of_day = lambda row: first <= row[1] < first + day_us
# Of equal times any row would do: its number is left out.
counted = lambda rows: sorted((row[1], row[0] or b"") for row in rows)
untouched = counted(row for row in rows_of(asked["live"]) if not is_of_day(row))
for query in asked["queries"]:
    ours = counted(rows_of(query["ours"]))
    engine.begin()
    seen = []
    for _ in range(2):
        for statement in statements(query["sql"]):
            engine.run(statement)
        seen.append(sorted(engine.rows(), key=lambda row: (row[1], row[2])))
    theirs = [row for row in seen[0] if is_of_day(row)]
    assert counted(theirs) == ours, f"{query['name']}: {len(theirs)} rows, ours are {len(ours)}"
    assert counted(row for row in seen[0] if not is_of_day(row)) == untouched, f"{query['name']}: other days are touched"
    assert seen[0] == seen[1], f"{query['name']}: a second run changes something"
    print(f"{query['name']}: {len(theirs)} rows", flush=True)
