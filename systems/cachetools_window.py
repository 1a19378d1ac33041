"""cachetools as a deduplication system: a `TTLCache` by the time of the pings."""

import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))
from dedup_system import DUPLICATE, NEW, System, serve  # noqa: E402

# What a key, its number and the links of the cache take in CPython 3.11, counted once with tracemalloc over 100,000 ids.
BYTES_PER_ID = 271


class Cachetools(System):
    def __init__(self, hello):
        import cachetools

        self.version = f"cachetools {cachetools.__version__}"
        self.now = 0
        settings, workers = hello["settings"], hello["workers"]
        # Keys are spread at random: a worker's share, and four standard deviations.
        share = settings["capacity"] / workers
        room = math.ceil(share + 4 * math.sqrt(share)) if workers > 1 else settings["capacity"]
        self.seen = cachetools.TTLCache(max(room, 1), settings["window"], timer=lambda: self.now)

    def judge(self, pings, now):
        self.now = now
        seen, verdicts = self.seen, []
        for key, *_ in pings:
            # A hit makes the id the most recent again, and leaves its time as it is.
            if seen.get(key) is None:
                seen[key] = True
                verdicts.append(NEW)
            else:
                verdicts.append(DUPLICATE)
        return verdicts

    def advance(self, now):
        if now < 2**64 - 1:
            self.now = now
            self.seen.expire()
        return ()

    def footprint(self):
        return self.seen.currsize, BYTES_PER_ID * self.seen.currsize


serve(Cachetools)
