"""A deduplication system in Python, for dedup-harness: the protocol of docs/PROTOCOL.md in binary.

    from dedup_system import NEW, DUPLICATE, System, serve

    class Mine(System):
        def judge(self, pings, now): ...

    serve(Mine)

Nothing but the standard library. Copy it beside your own file.
"""

import json
import os
import struct
import sys
import traceback

NEW, DUPLICATE, HELD, IN_FLIGHT, LATE, UNJUDGED = range(6)
END = 2**64 - 1  # `now` where the input has ended

_HEADER, _NOW, _COUNT = struct.Struct("<IB3x"), struct.Struct("<Q"), struct.Struct("<I")
_PING = struct.Struct("<16sQQQ")  # key, event time, arrival, delivery; times in nanoseconds since 1970
_SETTLED = struct.Struct("<16sQQ")  # key, delivery, 0 delivered or 1 failed
_FOOTPRINT = struct.Struct("<QQ")


class Partly(Exception):
    """Raised by `judge` where a store answered for some pings alone: all verdicts, UNJUDGED among them, and why."""

    def __init__(self, verdicts, why):
        super().__init__(why)
        self.verdicts = verdicts


class System:
    """What a system can be asked; of these `judge` has to be there. An exception is the answer `failed`."""

    version = None  # what a record calls it, such as "redis 7.0.15"

    def __init__(self, hello):
        """`hello` is the greeting: settings, worker, workers, seed, state_dir and more."""
        self.hello = hello

    def judge(self, pings, now):
        """A verdict for each of `pings`, tuples of key (16 bytes), event time, arrival and delivery."""
        raise NotImplementedError

    # Leave these out where there is nothing to do: the harness then does not ask. Who marks in `judge` loses what fails to be
    # published, unless `settle` forgets it; who remembers says by `footprint` how much.
    settle = None  # settle(settled, now): tuples of key, delivery, 0 delivered or 1 failed
    advance = None  # advance(now): the deliveries that were held and are released
    footprint = None  # footprint(): ids, bytes


def serve(make):
    """Speaks for `make(hello)` over standard input and output until the input ends."""
    read, write = sys.stdin.buffer.read, sys.stdout.buffer.write
    sys.stdout = sys.stderr  # what a library prints is none of the protocol
    line = sys.stdin.buffer.readline()
    if not line:
        return
    hello = json.loads(line)
    flush = sys.__stdout__.buffer.flush
    try:
        if hello["dedup-protocol"] != 1:
            raise ValueError(f"this speaks version 1 of the protocol, not {hello['dedup-protocol']}")
        system = make(hello)
    except Exception as error:  # told to the harness, whatever it is
        _say_where(error)
        word = "missing" if isinstance(error, ImportError) else "failed"
        write(json.dumps({word: f"{type(error).__name__}: {error}"}).encode() + b"\n")
        flush()
        return
    calls = {name: getattr(system, name) is not None for name in ("settle", "advance", "footprint")}
    welcome = {"dedup-protocol": 1, "frames": "binary", "calls": calls, "system": system.version}
    write(json.dumps(welcome).encode() + b"\n")
    flush()
    while header := read(_HEADER.size):
        length, kind = _HEADER.unpack(header)
        try:
            kind, body = _answer(system, chr(kind), read(length))
        except Exception as error:
            _say_where(error)
            kind, body = "e", f"{type(error).__name__}: {error}".encode()
        write(_HEADER.pack(len(body), ord(kind)) + body)
        flush()


def _say_where(error):
    """Errors of the harness end with the last lines of the standard error."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    print("at " + " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames), file=sys.stderr)


def _answer(system, kind, body):
    if kind == "F":
        return "f", _FOOTPRINT.pack(*system.footprint())
    (now,) = _NOW.unpack_from(body)
    if kind == "J":
        try:
            verdicts, why = system.judge(list(_PING.iter_unpack(body[8:])), now), ""
        except Partly as partly:
            verdicts, why = partly.verdicts, str(partly)
        return "v", _COUNT.pack(len(verdicts)) + bytes(verdicts) + why.encode()
    if kind == "S":
        system.settle(list(_SETTLED.iter_unpack(body[8:])), now)
        return "d", b""
    if kind == "A":
        return "r", b"".join(map(_NOW.pack, system.advance(now) or ()))
    raise ValueError(f"an unknown request {kind!r}")
