"""What ClickHouse's own deduplication of inserts takes for a repetition, and what it does not.

A block of 1,000 pings is inserted into an empty table, then something like it; each row is one such pair, and how many pings the table has
after each. Prints a table of Markdown. Usage: sh systems/python.sh systems/check/clickhouse_blocks.py
"""

import os
import sys
import tempfile

PINGS = 1000


def key(number):
    # No two halves alike, as ids have them.
    return (number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big").hex()


BLOCK = [key(number) for number in range(PINGS)]
OTHER = [key(number) for number in range(PINGS, 2 * PINGS)]


class Server:
    def __init__(self, directory):
        from chdb import engine_version, session

        self.session = session.Session(os.path.join(directory, "clickhouse"))
        self.file = os.path.join(directory, "block.tsv")
        self.version = engine_version

    def table(self, window):
        self.session.query("DROP TABLE IF EXISTS pings SYNC")
        self.session.query(
            "CREATE TABLE pings (key FixedString(16)) ENGINE = MergeTree ORDER BY key"
            + (f" SETTINGS non_replicated_deduplication_window = {window}" if window is not None else "")
        )

    def insert(self, keys, how="file", settings=""):
        """Inserts a block: by VALUES, FROM INFILE, or by a SELECT of rows in any order or sorted. How many rows the table has then."""
        with open(self.file, "w") as file:
            file.write("".join(key + "\n" for key in keys))
        settings = f"SETTINGS {settings} " if settings else ""
        self.session.query(
            {
                "values": f"INSERT INTO pings {settings}VALUES " + ",".join(f"('{key}')" for key in keys),
                "file": f"INSERT INTO pings FROM INFILE '{self.file}' {settings}FORMAT TSV",
                "select": f"INSERT INTO pings {settings}SELECT * FROM {self.rows()}",
                "sorted": f"INSERT INTO pings {settings}SELECT * FROM {self.rows()} ORDER BY ALL SETTINGS max_threads = 1",
            }[how]
        )
        return int(str(self.session.query("SELECT count() FROM pings", "TSV")))

    def rows(self):
        return f"file('{self.file}', TSV, 'key FixedString(16)')"


TOKEN = "insert_deduplication_token = 'batch 7'"
# What is inserted after the block, the table's window, how both are inserted, and with which settings.
CASES = [
    ("the same block, by the defaults of a table without replicas", BLOCK, None, "values", ""),
    ("the same block", BLOCK, 100, "values", ""),
    ("the same block, from a file of the client", BLOCK, 100, "file", ""),
    ("the same block, `insert_deduplicate = 0`, which has no effect any more", BLOCK, 100, "values", "insert_deduplicate = 0"),
    ("the same block, `deduplicate_insert = 'disable'`", BLOCK, 100, "values", "deduplicate_insert = 'disable'"),
    ("a block that differs by a row", BLOCK[:-1] + OTHER[:1], 100, "values", ""),
    ("a block that lacks a row", BLOCK[:-1], 100, "values", ""),
    ("the same rows in another order", BLOCK[::-1], 100, "values", ""),
    ("the same block by `INSERT ... SELECT` from a file", BLOCK, 100, "select", ""),
    ("the same, `ORDER BY ALL` and in one stream", BLOCK, 100, "sorted", ""),
    ("the same block by `SELECT`, with a token", BLOCK, 100, "select", TOKEN),
    ("**other pings**, with the token of the block before", OTHER, 100, "values", TOKEN),
]


def main():
    with tempfile.TemporaryDirectory() as directory:
        server = Server(directory)
        print(f"| then inserted, ClickHouse {server.version} | pings in the table after the first | after the second | so the second |")
        print("|---|---:|---:|---|")
        for name, second, window, how, settings in CASES:
            server.table(window)
            counts = server.insert(BLOCK, how, settings), server.insert(second, how, settings)
            print(f"| {name} | {counts[0]:,} | {counts[1]:,} | {'passed' if counts[1] > counts[0] else 'was dropped'} |")
        # A block is known as long as so many others have not come since.
        for window in (2, 3):
            server.table(window)
            counts = [server.insert(block, "values") for block in (BLOCK, OTHER[:500], OTHER[500:], BLOCK)]
            name = f"two other blocks and the same, `non_replicated_deduplication_window = {window}`"
            print(f"| {name} | {counts[0]:,} | {counts[3]:,} | {'passed' if counts[3] > counts[2] else 'was dropped'} |")


sys.exit(main())
