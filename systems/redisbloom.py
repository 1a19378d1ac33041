"""RedisBloom as a deduplication system: a filter for each window, in keys that are named by its number."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))
from dedup_system import DUPLICATE, NEW, UNJUDGED, Partly, System, serve  # noqa: E402

ADDED, KNOWN = 1, 0
# Most of what is answered, in lists.
BITS = {b":1\r\n": 1, b":0\r\n": 0}


class Refusal(Exception):
    """What the server says instead of an answer."""


class Redis:
    """As much of its protocol as is needed here."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.answers = self.socket.makefile("rb", 1 << 16)

    def ask(self, *commands):
        self.socket.sendall(b"".join(map(self.packed, commands)))
        return [self.answer() for _ in commands]

    @staticmethod
    def packed(words):
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def answer(self):
        return self.meaning(self.answers.readline())

    def meaning(self, line):
        if not line.endswith(b"\r\n"):
            raise OSError("redis-server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            readline = self.answers.readline
            return [BITS[line] if (line := readline()) in BITS else self.meaning(line) for _ in range(int(rest))]
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.answers.read(int(rest) + 2)[:-2]
        return Refusal(rest.decode(errors="replace")) if kind == b"-" else rest


class Rotated(System):
    """Two filters: of the window that is going on, and of the one before it."""

    def __init__(self, hello):
        self.address = hello["server"]
        self.settings = hello["settings"]
        self.window = self.settings["window"]
        self.newest = None
        self.redis = Redis(self.address)
        [info, modules] = self.redis.ask([b"INFO", b"server"], [b"MODULE", b"LIST"])
        redis = next(line[14:] for line in info.decode().splitlines() if line.startswith("redis_version:"))
        number = next(module[3] for module in modules if module[1] == b"bf")
        self.version = f"RedisBloom {number // 10000}.{number // 100 % 100}.{number % 100} in Redis {redis}"

    def judge(self, pings, now):
        ids = [ping[0] for ping in pings]
        number = now // self.window
        try:
            if self.redis is None:
                self.redis = Redis(self.address)
            here, before = self.key(number), self.key(number - 1)
            added, known = self.redis.ask(*self.commands(here, before, ids))
            self.drop_older(number)
        except OSError:
            # What it has decided of this batch is not known: the next begins on a new connection.
            self.redis = None
            raise
        for whole in (added, known):
            if isinstance(whole, Refusal):
                raise whole
        return self.verdicts(added, known)

    def footprint(self):
        [keys] = self.redis.ask([b"KEYS", self.NAME + b":*"])
        ids = size = 0
        for told in self.redis.ask(*([self.INFO, key] for key in keys)):
            told = dict(zip(told[::2], told[1::2]))
            ids += told[b"Number of items inserted"]
            size += told[b"Size"]
        return ids, size

    def key(self, number):
        return self.NAME + b":%d" % number

    @staticmethod
    def verdicts(added, known):
        verdicts, refused = [], None
        # Of a filter that is full the list of answers ends with the refusal.
        added += added[-1:] * (len(known) - len(added))
        for here, before in zip(added, known):
            if isinstance(here, Refusal) or here not in (ADDED, KNOWN):
                refused = here if isinstance(here, Refusal) else "filter is full"
                verdicts.append(DUPLICATE if before else UNJUDGED)
            else:
                verdicts.append(NEW if here == ADDED and not before else DUPLICATE)
        if UNJUDGED in verdicts:
            raise Partly(verdicts, str(refused))
        return verdicts

    def drop_older(self, number):
        """Takes away what nobody asks any more, where a window has begun."""
        if self.newest is not None and number > self.newest:
            old = [self.key(one) for one in (self.newest - 1, self.newest) if one < number - 1]
            if old:
                self.redis.ask([b"UNLINK", *old])
        self.newest = max(number, self.newest or number)


class Bloom(Rotated):
    NAME, INFO = b"bloom", b"BF.INFO"

    def commands(self, here, before, ids):
        rate = b"%.9g" % (self.settings["rate"] / 2)
        made = [b"CAPACITY", b"%d" % self.settings["ids"], b"ERROR", rate]
        if self.settings["full"] == "refuses":
            made.append(b"NONSCALING")
        return [b"BF.INSERT", here, *made, b"ITEMS", *ids], [b"BF.MEXISTS", before, *ids]


class Cuckoo(Rotated):
    NAME, INFO = b"cuckoo", b"CF.INFO"

    def commands(self, here, before, ids):
        made = [b"CAPACITY", b"%d" % self.settings["ids"]]
        return [b"CF.INSERTNX", here, *made, b"ITEMS", *ids], [b"CF.MEXISTS", before, *ids]


serve({"bloom": Bloom, "cuckoo": Cuckoo}[sys.argv[1]])
