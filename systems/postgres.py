"""PostgreSQL as a deduplication system: a table of ids and when each was let through last."""

import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))
from dedup_system import DUPLICATE, END, NEW, System, serve  # noqa: E402

# In the order of the ids, so that two workers never wait for each other's rows.
CLAIM = b"""
    INSERT INTO seen AS s (id, t) SELECT id, $2::bigint FROM unnest($1::uuid[]) AS id ORDER BY id
    ON CONFLICT (id) DO UPDATE SET t = excluded.t WHERE s.t <= $3::bigint
    RETURNING id
"""
# An array as it is sent: one dimension, no nulls, of type uuid, how many, counted from one; before each its length.
ARRAY, UUID, UUID_LENGTH, TIME = struct.Struct("!iiIii"), 2950, struct.pack("!i", 16), struct.Struct("!q")
PURGES_A_WINDOW = 4
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
        self.prepared = False
        if durability == "async":
            self.connection.execute("SET synchronous_commit = off")
        unlogged = "UNLOGGED" if durability == "unlogged" else ""
        with self.connection.transaction():
            # Two workers that make a table at once would get into each other's way.
            self.connection.execute("SELECT pg_advisory_xact_lock(1)")
            self.connection.execute(
                f"CREATE {unlogged} TABLE IF NOT EXISTS seen (id uuid PRIMARY KEY, t bigint NOT NULL)"
            )
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

    def connected(self):
        """The connection, or a new one where it has broken, and whether it has the statement."""
        if self.connection.closed:
            self.connection = self.connect()
            self.prepared = False
            if self.durability == "async":
                self.connection.execute("SET synchronous_commit = off")
        return self.connection

    def claim(self, ids, now):
        """Which of these ids pass. Past the library's own conversions, which cost as much as the server."""
        connection = self.connected().pgconn
        if not self.prepared:
            self.checked(connection.prepare(b"claim", CLAIM))
            self.prepared = True
        array = ARRAY.pack(1, 0, UUID, len(ids), 1) + UUID_LENGTH + UUID_LENGTH.join(ids)
        values = [array, TIME.pack(now), TIME.pack(now - self.window)]
        result = self.checked(connection.exec_prepared(b"claim", values, [1, 1, 1], 1))
        return {result.get_value(row, 0) for row in range(result.ntuples)}

    def checked(self, result):
        if result.status not in (self.psycopg.pq.ExecStatus.COMMAND_OK, self.psycopg.pq.ExecStatus.TUPLES_OK):
            raise self.psycopg.OperationalError(result.error_message.decode(errors="replace").strip())
        return result

    def judge(self, pings, now):
        ids = [ping[0] for ping in pings]
        new = self.claim(set(ids), now)
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
            connection = self.connected()
            connection.execute("DELETE FROM seen WHERE t <= %s", (now - self.window,))
            # Their room can be used again. By itself it would be a minute of the wall's clock later, which may be many windows.
            connection.execute("VACUUM seen")
        return ()

    def footprint(self):
        return self.connection.execute(
            "SELECT (SELECT count(*) FROM seen), pg_total_relation_size('seen')", binary=True
        ).fetchone()


serve(Postgres)
