"""PostgreSQL as a deduplication system: a table of ids and when each was let through last."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))
from dedup_system import DUPLICATE, END, NEW, System, serve  # noqa: E402

# In the order of the ids, so that two workers never wait for each other's rows.
CLAIM = """
    INSERT INTO seen AS s (id, t) SELECT id, %(now)s FROM unnest(%(ids)s::bytea[]) AS id ORDER BY id
    ON CONFLICT (id) DO UPDATE SET t = excluded.t WHERE s.t <= %(expired)s
    RETURNING id
"""
PURGES_A_WINDOW = 10
# Less than a reply may take.
STARTS_WITHIN_S = 8


class Postgres(System):
    def __init__(self, hello):
        import psycopg

        self.psycopg = psycopg
        settings = hello["settings"]
        self.window = settings["window"]
        self.purges = hello["worker"] == 0
        self.next_purge = 0
        durability = settings["durability"]
        self.host = os.path.dirname(hello["server"])
        self.connection = self.connect()
        if durability == "async":
            self.connection.execute("SET synchronous_commit = off")
        unlogged = "UNLOGGED" if durability == "unlogged" else ""
        with self.connection.transaction():
            # Two workers that make a table at once would get into each other's way.
            self.connection.execute("SELECT pg_advisory_xact_lock(1)")
            self.connection.execute(
                f"CREATE {unlogged} TABLE IF NOT EXISTS seen (id bytea PRIMARY KEY, t bigint NOT NULL)"
            )
            self.connection.execute("CREATE INDEX IF NOT EXISTS seen_t ON seen (t)")
        self.version = f"PostgreSQL {self.connection.info.parameter_status('server_version')}"
        self.durability = durability

    def connect(self):
        """It listens before it lets anybody in, at first and after it was killed."""
        until = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                return self.psycopg.connect(host=self.host, user="postgres", autocommit=True, connect_timeout=STARTS_WITHIN_S)
            except self.psycopg.OperationalError as error:
                if "starting up" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def query(self, statement, values):
        if self.connection.closed:
            self.connection = self.connect()
            if self.durability == "async":
                self.connection.execute("SET synchronous_commit = off")
        return self.connection.execute(statement, values, prepare=True, binary=True)

    def judge(self, pings, now):
        ids = [ping[0] for ping in pings]
        values = {"ids": list(set(ids)), "now": now, "expired": now - self.window}
        new = {row[0] for row in self.query(CLAIM, values)}
        verdicts = []
        for key in ids:
            if key in new:
                new.discard(key)
                verdicts.append(NEW)
            else:
                verdicts.append(DUPLICATE)
        return verdicts

    def advance(self, now):
        if self.purges and now != END and now >= self.next_purge:
            self.next_purge = now + self.window // PURGES_A_WINDOW
            self.query("DELETE FROM seen WHERE t <= %(expired)s", {"expired": now - self.window})
        return ()

    def footprint(self):
        return self.connection.execute(
            "SELECT (SELECT count(*) FROM seen), pg_total_relation_size('seen')", binary=True
        ).fetchone()


serve(Postgres)
