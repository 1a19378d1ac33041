"""Ids in a SQLite file: what docs/ADDING-A-SYSTEM.md tells how it came about."""

import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))
from dedup_system import DUPLICATE, NEW, System, serve  # noqa: E402

FAILED = 1


class SqliteWindow(System):
    version = "sqlite " + sqlite3.sqlite_version

    def __init__(self, hello):
        self.window = hello["settings"]["window"]
        path = os.path.join(hello["state_dir"], f"ids-{hello['worker']}.db")
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("CREATE TABLE IF NOT EXISTS ids (id BLOB PRIMARY KEY, seen INTEGER NOT NULL) WITHOUT ROWID")
        self.db.execute("CREATE INDEX IF NOT EXISTS by_time ON ids (seen)")

    def judge(self, pings, now):
        verdicts = []
        self.db.execute("BEGIN")
        self.db.execute("DELETE FROM ids WHERE seen < ?", (now - self.window,))
        for key, *_ in pings:
            new = self.db.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (key, now)).rowcount
            verdicts.append(NEW if new else DUPLICATE)
        self.db.execute("COMMIT")
        return verdicts

    def settle(self, settled, now):
        failed = [(key,) for key, _delivery, outcome in settled if outcome == FAILED]
        if failed:
            self.db.execute("BEGIN")
            self.db.executemany("DELETE FROM ids WHERE id = ?", failed)
            self.db.execute("COMMIT")

    def footprint(self):
        (ids,) = self.db.execute("SELECT count(*) FROM ids").fetchone()
        (pages,) = self.db.execute("PRAGMA page_count").fetchone()
        (page_size,) = self.db.execute("PRAGMA page_size").fetchone()
        return ids, pages * page_size


serve(SqliteWindow)
