"""A dictionary from id to the time of its first copy: the least that deduplicates."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))
from dedup_system import DUPLICATE, NEW, System, serve  # noqa: E402


class DictWindow(System):
    version = f"Python {sys.version.split()[0]}"

    def __init__(self, hello):
        self.window = hello["settings"]["window"]
        self.since = {}

    def judge(self, pings, now):
        since, begins = self.since, now - self.window
        verdicts = []
        for key, *_ in pings:
            marked = since.get(key)
            if marked is not None and marked > begins:
                verdicts.append(DUPLICATE)
            else:
                # Out and in again: the oldest stays in front.
                since.pop(key, None)
                since[key] = now
                verdicts.append(NEW)
        return verdicts

    def advance(self, now):
        begins = now - self.window
        old = []
        for key, marked in self.since.items():
            if marked > begins:
                break
            old.append(key)
        for key in old:
            del self.since[key]
        return ()

    def footprint(self):
        return len(self.since), sys.getsizeof(self.since) + 80 * len(self.since)


serve(DictWindow)
