"""A stream processor as a deduplication system, for dedup-harness: the shape *flow* of docs/PROTOCOL.md in binary.

    from dedup_flow import Flow, serve

    class Mine(Flow):
        def put(self, pings, now): self.out(...)
        def marker(self, now): ...

    serve(Mine)

Nothing but the standard library. Copy it beside your own file.
"""

import json
import os
import struct
import sys
import threading

END = 2**64 - 1  # `now` where the input has ended

_HEADER, _WORD, _MARKER = struct.Struct("<IB3x"), struct.Struct("<Q"), struct.Struct("<QQ")
_PING = struct.Struct("<16sQQQ")  # key, event time, arrival, number; times in nanoseconds since 1970
PING_BYTES = _PING.size


class Flow:
    """What a flow is told. `put` may let pings out at once, or another thread may later, up to the end of `marker`."""

    version = None  # what a record calls it, such as "ClickHouse 26.9.1"
    raw = False  # whether `put` wants the bytes of the pings, PING_BYTES for each, and not tuples

    def __init__(self, hello):
        """`hello` is the greeting: settings, seed, state_dir and more."""
        self.hello = hello

    def put(self, pings, now):
        """`pings`, tuples of key (16 bytes), event time, arrival and number, flow in. `now` is the time of all."""
        raise NotImplementedError

    def marker(self, now):
        """Returns once everything is out that passes of what was put in before. Nothing older than `now` comes."""

    # Leave these out where there is nothing to do: the harness then does not ask.
    advances = False  # whether it wants markers without pings, about once a second of the run
    footprint = None  # footprint(): ids, bytes

    def out(self, numbers):
        """Lets pings out, by their numbers. Any thread may call it."""
        body = struct.pack(f"<{len(numbers)}Q", *numbers)
        self.out_bytes(body)

    def out_bytes(self, body):
        """The same of numbers that are bytes already, 8 for each, least first."""
        if body:
            self._send("p", body)

    _lock = threading.Lock()
    _pipe = None

    def _send(self, kind, body):
        with self._lock:
            self._pipe.write(_HEADER.pack(len(body), ord(kind)) + body)
            self._pipe.flush()

    def _answer(self, kind, body):
        if kind == "P":
            (now,) = _WORD.unpack_from(body)
            self.put(body[8:] if self.raw else list(_PING.iter_unpack(body[8:])), now)
        elif kind == "M":
            now, number = _MARKER.unpack(body)
            self.marker(now)
            self._send("m", _WORD.pack(number))
        elif kind == "F":
            self._send("f", _MARKER.pack(*self.footprint()))
        else:
            raise ValueError(f"an unknown request {kind!r}")


def serve(make):
    """Speaks for `make(hello)` over standard input and output until the input ends. An exception ends it."""
    read, out = sys.stdin.buffer.read, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints, or a program that it starts, is none of the protocol
    line = sys.stdin.buffer.readline()
    if not line:
        return
    hello = json.loads(line)
    try:
        if hello["dedup-protocol"] != 1:
            raise ValueError(f"this speaks version 1 of the protocol, not {hello['dedup-protocol']}")
        flow = make(hello)
    except Exception as error:  # told to the harness, whatever it is
        word = "missing" if isinstance(error, ImportError) else "failed"
        out.write(json.dumps({word: f"{type(error).__name__}: {error}"}).encode() + b"\n")
        out.flush()
        return
    flow._pipe = out
    calls = {"advance": flow.advances, "footprint": flow.footprint is not None}
    welcome = {"dedup-protocol": 1, "frames": "binary", "calls": calls, "system": flow.version}
    out.write(json.dumps(welcome).encode() + b"\n")
    out.flush()
    while header := read(_HEADER.size):
        length, kind = _HEADER.unpack(header)
        flow._answer(chr(kind), read(length))
