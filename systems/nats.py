"""NATS JetStream as a deduplication system: a message with an id that the stream has had in its window is a duplicate."""

import json
import os
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))
from dedup_system import DUPLICATE, NEW, System, serve  # noqa: E402

STREAM = "pings"
# What the stream says of a message: the last part of our inbox's subject, and JSON.
ACK = re.compile(rb"MSG \S+\.(\d+) [^\r]+\r\n(.*)\r\n|PING\r\n")


class Nats(System):
    def __init__(self, hello):
        self.address = hello["server"].rsplit(":", 1)
        self.worker = hello["worker"]
        window_ns = int(hello["settings"]["window"] / hello["time_factor"])
        # The least that a stream allows.
        self.stream = {
            "name": STREAM,
            "subjects": [f"{STREAM}.>"],
            "storage": hello["settings"]["storage"],
            "duplicate_window": max(window_ns, 100_000_000),
            "max_age": max(window_ns, 100_000_000),
            "max_msgs": 1 if hello["settings"]["keep"] == "newest" else -1,
        }
        self.connection = None
        self.connect()

    def connect(self):
        host, port = self.address
        self.connection = socket.create_connection((host, int(port)), timeout=15)
        self.lines = self.connection.makefile("rb", 1 << 18)
        info = json.loads(self.lines.readline().split(b" ", 1)[1])
        self.version = f"nats-server {info['version']}"
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "lang": "python", "version": "1"}
        self.inbox = f"_INBOX.w{self.worker}"
        self.connection.sendall(f"CONNECT {json.dumps(options)}\r\nSUB {self.inbox}.* 1\r\n".encode())
        made = self.request(f"$JS.API.STREAM.CREATE.{STREAM}", self.stream)
        # Another worker was first.
        if "error" in made and made["error"].get("err_code") != 10058:
            raise RuntimeError(made["error"]["description"])

    def request(self, subject, body):
        text = json.dumps(body).encode()
        self.connection.sendall(b"PUB %s %s.r %d\r\n%s\r\n" % (subject.encode(), self.inbox.encode(), len(text), text))
        return self.reply()[1]

    def reply(self):
        """The next message to our inbox: the last part of its subject, and what it says."""
        while True:
            line = self.lines.readline()
            if line.startswith((b"MSG ", b"HMSG ")):
                words = line.split()
                body = self.lines.read(int(words[-1]) + 2)[:-2]
                if line.startswith(b"HMSG "):
                    raise OSError(body.split(b"\r\n")[0].decode(errors="replace"))
                return words[1].rsplit(b".", 1)[1], json.loads(body)
            if line.startswith(b"PING"):
                self.connection.sendall(b"PONG\r\n")
            elif line.startswith(b"-ERR") or not line:
                raise OSError(line.decode(errors="replace").strip() or "the server closed the connection")

    def judge(self, pings, now):
        try:
            if self.connection is None:
                self.connect()
            self.publish([ping[0].hex() for ping in pings])
            verdicts = [None] * len(pings)
            for index, said in self.acks(len(pings)):
                verdicts[int(index)] = self.verdict(said)
            return verdicts
        except OSError:
            # What it has decided of this batch is not known: the next begins on a new connection.
            self.connection = None
            raise

    def publish(self, ids):
        size = len("NATS/1.0\r\nNats-Msg-Id: \r\n\r\n") + 2 * 16
        before, after = f"HPUB {STREAM}.p {self.inbox}.", f" {size} {size}\r\nNATS/1.0\r\nNats-Msg-Id: "
        text = "".join([f"{before}{index}{after}{key}\r\n\r\n\r\n" for index, key in enumerate(ids)])
        self.connection.sendall(text.encode())

    def acks(self, count):
        """So many messages, many at once: a search finds in a microsecond what lines that are read one by one take four for."""
        found, text = [], b""
        while len(found) < count:
            more = self.lines.read1(1 << 18)
            if not more:
                raise OSError("the server closed the connection")
            text += more
            at = 0
            while ack := ACK.match(text, at):
                at = ack.end()
                if ack[1] is None:
                    self.connection.sendall(b"PONG\r\n")
                else:
                    found.append(ack.groups())
            text = text[at:]
            if text.startswith((b"HMSG", b"-ERR")) and text.count(b"\n"):
                raise OSError(text.split(b"\r\n")[0].decode(errors="replace"))
        return found

    @staticmethod
    def verdict(said):
        if b'"duplicate"' not in said and b'"error"' not in said:
            return NEW
        said = json.loads(said)
        if "error" in said:
            raise OSError(said["error"]["description"])
        return DUPLICATE if said.get("duplicate") else NEW

    def footprint(self):
        said = self.request(f"$JS.API.STREAM.INFO.{STREAM}", {})
        return said["state"]["messages"], said["state"]["bytes"]


serve(Nats)
