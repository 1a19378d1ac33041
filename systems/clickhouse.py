"""ClickHouse, in this process (chdb): pings are inserted batch by batch, and a query says which of them are seen for the first time."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))
from dedup_flow import Flow, serve  # noqa: E402

# A ping as the protocol has it is a row as ClickHouse has it.
ROW = "key FixedString(16), event UInt64, arrival UInt64, seq UInt64"
PARTITIONS_A_WINDOW = 4


class ClickHouse(Flow):
    raw = True

    def __init__(self, hello):
        from chdb import engine_version, session

        self.version = f"ClickHouse {engine_version}"
        self.settings = hello["settings"]
        directory = os.path.join(hello["state_dir"], "clickhouse")
        self.session = session.Session(directory)
        self.file = os.path.join(hello["state_dir"], "batch.bin")
        self.batch = f"file('{self.file}', RowBinary, '{ROW}')"
        self.pieces = []
        self.now = 0
        self.make()

    def query(self, text):
        return self.session.query(text, "RowBinary").bytes()

    def put(self, pings, now):
        self.pieces.append(pings)

    def marker(self, now):
        pieces, self.pieces = self.pieces, []
        if not pieces:
            return
        with open(self.file, "wb") as file:
            file.writelines(pieces)
        self.out_bytes(self.passed(now))


class Claim(ClickHouse):
    """Ids that no row of the window has are inserted, and pass."""

    def make(self):
        self.window = self.settings["window"]
        self.slice = max(self.window // PARTITIONS_A_WINDOW, 1)
        self.kept_from = 0
        self.query("CREATE TABLE IF NOT EXISTS fresh (key FixedString(16), seq UInt64) ENGINE = Memory")
        self.query(
            "CREATE TABLE IF NOT EXISTS seen (key FixedString(16), t UInt64) ENGINE = MergeTree"
            f" ORDER BY key PARTITION BY intDiv(t, {self.slice})"
        )

    def passed(self, now):
        self.drop_before(now - self.window)
        self.query("TRUNCATE TABLE fresh")
        self.query(
            f"INSERT INTO fresh SELECT key, min(seq) FROM {self.batch} WHERE key NOT IN ("
            f" SELECT key FROM seen WHERE t + {self.window} > {now} AND key IN (SELECT key FROM {self.batch})"
            ") GROUP BY key"
        )
        self.query(f"INSERT INTO seen SELECT key, {now} FROM fresh")
        return self.query("SELECT seq FROM fresh")

    def drop_before(self, time):
        """Whole partitions go once all of their ids are too old."""
        keeps = max(time, 0) // self.slice
        if keeps > self.kept_from:
            partitions = self.session.query(
                "SELECT DISTINCT partition FROM system.parts WHERE table = 'seen' AND active"
                f" AND toUInt64(partition) < {keeps}",
                "TSV",
            )
            for partition in str(partitions).split():
                self.query(f"ALTER TABLE seen DROP PARTITION {partition}")
            self.kept_from = keeps

    def footprint(self):
        count = "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE table = 'seen' AND active"
        rows, size = str(self.session.query(count, "TSV")).split()
        return int(rows), int(size)


class Replacing(ClickHouse):
    """All rows go into a ReplacingMergeTree, whose first of each id survives. What a reader sees of a batch has passed."""

    def make(self):
        self.query(
            "CREATE TABLE IF NOT EXISTS pings (key FixedString(16), seq UInt64, ver Int64 MATERIALIZED -toInt64(seq))"
            " ENGINE = ReplacingMergeTree(ver) ORDER BY key"
            " SETTINGS parts_to_delay_insert = 1000000, parts_to_throw_insert = 1000000"
        )
        if self.settings["read"] == "unmerged":
            # When parts are merged by themselves is up to the load of the machine.
            self.query("SYSTEM STOP MERGES pings")
        # Numbers begin anew with each process, and what the one before it has put in came first.
        self.base = self.count = int(str(self.session.query("SELECT if(count() = 0, 0, max(seq) + 1) FROM pings", "TSV")))

    def passed(self, now):
        first = self.count
        self.count += os.path.getsize(self.file) // 40
        self.query(f"INSERT INTO pings SELECT key, seq + {self.base} FROM {self.batch}")
        if self.settings["read"] == "merged":
            self.query("OPTIMIZE TABLE pings FINAL")
        final = "FINAL" if self.settings["read"] == "final" else ""
        keys = f"key IN (SELECT key FROM {self.batch})"
        return self.query(f"SELECT toUInt64(seq - {self.base}) FROM pings {final} WHERE {keys} AND seq >= {first}")

    def footprint(self):
        count = "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE table = 'pings' AND active"
        rows, size = str(self.session.query(count, "TSV")).split()
        return int(rows), int(size)


class Blocks(ClickHouse):
    """A block of ids an insert. A block that was inserted before is dropped by the server; what is inserted has passed."""

    def make(self):
        self.rows = self.settings["rows"]
        self.block = os.path.join(os.path.dirname(self.file), "block.bin")
        # The key alone: a producer that retries sends the same bytes, and so has no number of its own in them.
        self.query(
            "CREATE TABLE IF NOT EXISTS pings (key FixedString(16)) ENGINE = MergeTree ORDER BY key"
            f" SETTINGS non_replicated_deduplication_window = {self.settings['blocks']},"
            " parts_to_delay_insert = 1000000, parts_to_throw_insert = 1000000"
        )
        self.count = self.rows_in_table()

    def passed(self, now):
        with open(self.file, "rb") as file:
            pings = file.read()
        passed = []
        for first in range(0, len(pings), 40 * self.rows):
            block = [pings[at : at + 40] for at in range(first, min(first + 40 * self.rows, len(pings)), 40)]
            with open(self.block, "wb") as file:
                file.writelines(ping[:16] for ping in block)
            # What is read by a SELECT is not compared.
            self.query(f"INSERT INTO pings FROM INFILE '{self.block}' FORMAT RowBinary")
            before, self.count = self.count, self.rows_in_table()
            if self.count > before:
                passed += (ping[32:] for ping in block)
        return b"".join(passed)

    def rows_in_table(self):
        return int(str(self.session.query("SELECT count() FROM pings", "TSV")))

    def footprint(self):
        count = "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE table = 'pings' AND active"
        rows, size = str(self.session.query(count, "TSV")).split()
        return int(rows), int(size)


SHAPES = {"read": Replacing, "blocks": Blocks, "window": Claim}

serve(lambda hello: next(shape for name, shape in SHAPES.items() if name in hello["settings"])(hello))
