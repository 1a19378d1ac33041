"""How much processor time a ping takes of each store's adapter, and of its server, in batches of 64: figures that load does not change much.

Prints a table of Markdown. Usage: sh systems/python.sh systems/check/adapter_costs.py [SYSTEMS [NAME...]]
SYSTEMS is the directory of the adapters (this one's, where it is left out), such as one of an earlier commit.
"""

import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
SYSTEMS = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..")
NAMES = sys.argv[2:] or ["memcached", "redisbloom", "redis-cuckoo", "nats", "postgres", "postgres:durability=async", "postgres:durability=unlogged"]
PINGS, BATCH, IDS_IN_WINDOW = 200_000, 64, 68_593
WINDOW_NS = 600 * 10**9
PING, HEADER = struct.Struct("<16sQQQ"), struct.Struct("<IB3x")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
START_NS = 10**18


def family(root):
    """A process, and all that it has started."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parents[int(entry)] = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    found = [root]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def seconds(root):
    """Processor time of a process and its descendants."""
    ticks = 0
    for one in family(root):
        try:
            with open(f"/proc/{one}/stat") as file:
                words = file.read().rsplit(")", 1)[1].split()
            ticks += int(words[11]) + int(words[12])
        except OSError:
            pass
    return ticks / TICKS_A_SECOND


def batches():
    """A tenth of the pings are copies of one up to half a window before. An adapter's time goes on as on `quick`."""
    rng = random.Random(5)
    ids = [rng.randbytes(16) for _ in range(PINGS)]
    for at in range(0, PINGS, 10):
        ids[at] = ids[max(at - rng.randrange(1, IDS_IN_WINDOW // 2), 0)]
    for first in range(0, PINGS, BATCH):
        now = START_NS + first * WINDOW_NS // IDS_IN_WINDOW
        yield now, b"".join(PING.pack(key, now, now, 0) for key in ids[first : first + BATCH])


def defaults(file, given):
    """Settings as the harness tells them: times in nanoseconds."""
    told = {}
    for name, setting in file.get("settings", {}).items():
        value = given.get(name, setting["default"])
        special = {"the scenario's window": WINDOW_NS, "ids in a window": IDS_IN_WINDOW}
        numbers = {"count": int, "share": float}
        told[name] = special.get(value, numbers.get(setting["kind"], str)(value) if value not in special else 0)
    return told


class Server:
    """The server of a system, and how to reach it."""

    def __init__(self, name):
        self.name, _, given = name.partition(":")
        self.given = dict(word.split("=") for word in given.split(",") if word)
        with open(os.path.join(SYSTEMS, self.name + ".toml"), "rb") as text:
            file = self.file = tomllib.load(text)
        self.directory = tempfile.TemporaryDirectory()
        here = self.directory.name
        os.chmod(here, 0o711)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [word.replace("{dir}", here).replace("{port}", str(port)) for word in file["server"]["command"]]
        self.server = subprocess.Popen(command, cwd=SYSTEMS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        path = file["server"].get("socket")
        self.address = os.path.join(here, path) if path else f"127.0.0.1:{port}"
        self.listens(self.address, path)

    def listens(self, address, is_path):
        while self.server.poll() is None:
            try:
                with socket.socket(socket.AF_UNIX if is_path else socket.AF_INET) as one:
                    one.connect(address if is_path else ("127.0.0.1", int(address.rsplit(":", 1)[1])))
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{self.name}: its server ended")

    def end(self):
        self.server.terminate()
        self.server.wait()
        self.directory.cleanup()


class Running(Server):
    """A system with its server."""

    def __init__(self, name):
        super().__init__(name)
        file, here = self.file, self.directory.name
        self.program = subprocess.Popen(file["command"], cwd=SYSTEMS, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        hello = {
            "dedup-protocol": 1, "worker": 0, "workers": 1, "seed": 7, "state_dir": here, "ids_in_window": IDS_IN_WINDOW, "ids_total": PINGS,
            "time_factor": 1.0, "server": self.address, "settings": defaults(file, self.given),
        }
        self.program.stdin.write(json.dumps(hello).encode() + b"\n")
        self.program.stdin.flush()
        welcome = json.loads(self.program.stdout.readline())
        if "dedup-protocol" not in welcome:
            raise SystemExit(f"{name}: {welcome}")
        self.advances = welcome["calls"]["advance"]

    def ask(self, kind, body):
        self.program.stdin.write(HEADER.pack(len(body), ord(kind)) + body)
        self.program.stdin.flush()
        length, said = HEADER.unpack(self.program.stdout.read(HEADER.size))
        answer = self.program.stdout.read(length)
        if said == ord("e"):
            raise SystemExit(f"{self.name}: {answer.decode()}")
        return answer

    def end(self):
        self.program.stdin.close()
        self.program.wait()
        super().end()


def main():
    print("| system | its adapter, us a ping | its server, us a ping | duplicates of 200,000 |")
    print("|---|---:|---:|---:|")
    for name in NAMES:
        running = Running(name)
        before = [seconds(process.pid) for process in (running.program, running.server)]
        duplicates = 0
        for now, pings in batches():
            if running.advances:
                running.ask("A", now.to_bytes(8, "little"))
            duplicates += running.ask("J", now.to_bytes(8, "little") + pings)[4 : 4 + BATCH].count(1)
        after = [seconds(process.pid) for process in (running.program, running.server)]
        adapter, server = (f"{(late - early) / PINGS * 1e6:.1f}" for early, late in zip(before, after))
        print(f"| `{name}` | {adapter} | {server} | {duplicates:,} |", flush=True)
        running.end()


if __name__ == "__main__":
    main()
