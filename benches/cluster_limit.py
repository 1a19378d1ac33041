#!/usr/bin/env python3
"""Where a Redis cluster of six nodes on one machine stops to be faster with more clients, and whose limit that is.

    benches/cluster_limit.py PROGRAM [SECONDS]

Starts three primaries and three replicas on free loopback ports in a temporary directory, loads them with `redis-claim` from more and
more clients (processes of PROGRAM, each with so many connections, in a closed loop, batches of 64), and looks at all of them from
outside for a second while they run: processor time of clients, primaries and replicas a ping, how busy the machine's processors
are, how busy the busiest primary is (one thread each: 1.00 is its limit), and what the loopback carries. Needs redis-server
and redis-cli. Everything that it starts is ended.
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

program, seconds = sys.argv[1], float((sys.argv[2:] + ["6"])[0])
CLIENTS = [(1, 1), (1, 2), (1, 4), (2, 4), (4, 4), (8, 4)]
TICK = os.sysconf("SC_CLK_TCK")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def cli(port, *words):
    return subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True, check=True).stdout


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            sys.exit("error: the cluster was not ready within 30 s")
        time.sleep(0.1)


def ran(pid):
    """Processor seconds of a process and of the children it waits for or runs, by now."""
    total, todo = 0.0, [pid]
    while todo:
        one = todo.pop()
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / TICK
            for task in pathlib.Path(f"/proc/{one}/task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            pass  # It has just ended.
    return total


def machine():
    """Ticks in which the machine's processors worked, all ticks, and bytes that the loopback carried."""
    ticks = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    carried = next(line for line in pathlib.Path("/proc/net/dev").read_text().splitlines() if "lo:" in line)
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks), int(carried.split(":")[1].split()[0])


def calls(ports):
    """Commands of clients that the primaries have carried out."""
    stats = [line for port in ports for line in cli(port, "info", "commandstats").splitlines()]
    kinds = ("cmdstat_set:", "cmdstat_eval", "cmdstat_fcall")
    return sum(int(line.split("calls=")[1].split(",")[0]) for line in stats if line.startswith(kinds))


def load(folder, ports, processes, connections):
    url = "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports[:3])
    runs = []
    for number in range(processes):
        options = ["-p", "time", "-f", "^unique-only$", "-s", "^redis-claim$", "--threads", str(connections), "--batch", "64"]
        more = ["--redis-url", url, "--redis-prefix", f"client-{number}:", "--time-budget", str(int(seconds)), "--time-factor", "1"]
        out = ["-o", str(folder / f"out-{number}"), "--force"]
        runs.append(subprocess.Popen([program, "run", "-q", *options, *more, *out], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
    return runs


def looked_at(ports, servers, clients):
    before = [ran(pid) for pid in servers], [ran(run.pid) for run in clients], machine(), calls(ports[:3]), time.monotonic()
    time.sleep(1)
    after = [ran(pid) for pid in servers], [ran(run.pid) for run in clients], machine(), calls(ports[:3]), time.monotonic()
    lasted, pings = after[4] - before[4], after[3] - before[3]
    spent = [[late - early for late, early in zip(after[kind], before[kind])] for kind in (0, 1)]
    worked, ticks, carried = (late - early for late, early in zip(after[2], before[2]))
    each = lambda times: f"{sum(times) * 1e6 / max(pings, 1):.2f}"
    return (f"{pings / lasted / 1e3:.0f}", each(spent[1]), each(spent[0][:3]), each(spent[0][3:]), f"{worked / ticks:.2f}", f"{max(spent[0][:3]) / lasted:.2f}", f"{carried / lasted / 1e6:.0f}")


def main(folder):
    ports, nodes = free_ports(6), []
    try:
        for port in ports:
            home = folder / str(port)
            home.mkdir()
            options = ["--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--save", "", "--dir", str(home)]
            nodes.append(subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL))
        until(lambda: all(subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True).returncode == 0 for port in ports))
        cli(ports[0], "--cluster", "create", *[f"127.0.0.1:{port}" for port in ports], "--cluster-replicas", "1", "--cluster-yes")
        until(lambda: all("cluster_state:ok" in cli(port, "cluster", "info") for port in ports))
        until(lambda: sum("master_link_status:up" in cli(port, "info", "replication") for port in ports) == 3)
        print("| clients | connections each | thousand pings/s | client us a ping | primaries us | replicas us | processors busy | busiest primary | loopback MB/s |")
        print("|---|---|---|---|---|---|---|---|---|")
        for processes, connections in CLIENTS:
            clients = load(folder, ports, processes, connections)
            time.sleep(seconds / 2)
            row = looked_at(ports, [node.pid for node in nodes], clients)
            failed = [run.stderr.read() for run in clients if run.wait() != 0]
            if failed:
                sys.exit(failed[0])
            for port in ports[:3]:
                cli(port, "flushall")
            print("|", " | ".join([str(processes), str(connections), *row]), "|", flush=True)
    finally:
        for node in nodes:
            node.terminate()
        for node in nodes:
            node.wait()


with tempfile.TemporaryDirectory() as folder:
    main(pathlib.Path(folder))
