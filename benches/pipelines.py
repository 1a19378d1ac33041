#!/usr/bin/env python3
"""How much faster two pipelines are than one, by the processor time of the busiest thread of a verify cell: what a run takes where
each thread has a core, measured so that whatever else the machine does hardly matters.

    benches/pipelines.py PROGRAM [STRATEGY] [ROUNDS]

Prints nanoseconds a ping for each round, runs of both kinds taking turns, and the ratio of the medians. Twenty minutes of
benches/day.toml, 19 M pings.
"""
import glob
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

program, strategy, rounds = sys.argv[1], (sys.argv[2:] + ["noop"])[0], int((sys.argv[3:] + ["5"])[0])
day = pathlib.Path(__file__).with_name("day.toml").read_text()


def threads(pid):
    """Processor time of every thread of the cells that process `pid` has started, by thread, in nanoseconds."""
    for children in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            for cell in pathlib.Path(children).read_text().split():
                for thread in glob.glob(f"/proc/{cell}/task/*/schedstat"):
                    yield thread, int(pathlib.Path(thread).read_text().split()[0])
        except (OSError, IndexError):
            pass  # It has just ended.


def busiest(folder, pipelines):
    out = folder / "out"
    options = ["-p", "verify", "--nightly", "none", "-f", str(folder / "part.toml"), "-s", f"^{strategy}$"]
    command = [program, "run", "-q", *options, "--pipelines", str(pipelines), "-o", str(out), "--force"]
    run, ran = subprocess.Popen(command, stdout=subprocess.DEVNULL), {}
    while run.poll() is None:
        ran.update(threads(run.pid))
        time.sleep(0.01)
    cell = json.loads((out / "records.jsonl").read_text().splitlines()[1])
    return [nanos / cell["result"]["verify"]["pings_count"] for nanos in sorted(ran.values())[::-1][:2]]


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "part.toml").write_text(day.replace('duration = "24h"', 'duration = "20m"'))
    seen = {1: [], 2: []}
    for _ in range(rounds):
        for pipelines, times in seen.items():
            times.append(busiest(folder, pipelines))
            print(pipelines, "pipelines:", ", ".join(f"{nanos:.1f}" for nanos in times[-1]), "ns a ping, busiest threads")
    one, two = (statistics.median(times[0] for times in seen[pipelines]) for pipelines in (1, 2))
    print(f"{one:.1f} ns with one, {two:.1f} with two: {one / two:.2f} times as fast")
