"""memcached as a deduplication system: `add` stores a key that is not there, and says whether it did."""

import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))
from dedup_system import DUPLICATE, NEW, System, serve  # noqa: E402

# A time to live beyond this is taken for a time since 1970.
LONGEST_RELATIVE_S = 30 * 24 * 3600
ANSWERS = {b"STORED": NEW, b"NOT_STORED": DUPLICATE}


class Memcached(System):
    def __init__(self, hello):
        self.address = hello["server"]
        window_s = hello["settings"]["window"] / hello["time_factor"] / 1e9
        # It counts seconds by a clock that ticks once a second, so that an item may go one early.
        self.live_s = int(-(-window_s // 1)) + 1
        self.connection = None
        self.connect()
        self.connection.sendall(b"version\r\n")
        self.version = f"memcached {self.answers.readline().split()[1].decode()}"

    def connect(self):
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.settimeout(10)
        self.connection.connect(self.address)
        self.answers = self.connection.makefile("rb", 1 << 16)

    def judge(self, pings, now):
        live = self.live_s
        if live > LONGEST_RELATIVE_S:
            live += int(time.time())
        tail = b" 0 %d 0\r\n\r\n" % live
        try:
            if self.connection is None:
                self.connect()
            self.connection.sendall(b"".join(b"add " + ping[0].hex().encode() + tail for ping in pings))
            return [self.answer() for _ in pings]
        except OSError:
            # What it has decided of this batch is not known: the next begins on a new connection.
            self.connection = None
            raise

    def answer(self):
        line = self.answers.readline().strip()
        if line not in ANSWERS:
            raise OSError(f"memcached answered {line.decode(errors='replace') or 'nothing'!r}")
        return ANSWERS[line]

    def footprint(self):
        self.connection.sendall(b"stats\r\n")
        stats = {}
        while (line := self.answers.readline().split()) and line[0] == b"STAT":
            stats[line[1]] = line[2]
        return int(stats[b"curr_items"]), int(stats[b"bytes"])


serve(Memcached)
