"""A stream processor in small: pings wait in a queue for a thread of its own, and come out in another order."""

import os
import queue
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))
from dedup_flow import Flow, serve  # noqa: E402


class LateWindow(Flow):
    version = f"Python {sys.version.split()[0]}"
    advances = True

    def __init__(self, hello):
        self.window = hello["settings"]["window"]
        self.since = {}
        self.queue = queue.Queue()
        threading.Thread(target=self.work, daemon=True).start()

    def put(self, pings, now):
        self.queue.put((pings, now))

    def marker(self, now):
        self.queue.put(([], now))
        self.queue.join()

    def work(self):
        while True:
            pings, now = self.queue.get()
            self.forget(now)
            passed = []
            for key, _, _, number in pings:
                if key not in self.since:
                    self.since[key] = now
                    passed.append(number)
            # Engines promise no order.
            passed.reverse()
            self.out(passed)
            self.queue.task_done()

    def forget(self, now):
        old = []
        for key, since in self.since.items():
            if since + self.window > now:
                break
            old.append(key)
        for key in old:
            del self.since[key]

    def footprint(self):
        return len(self.since), sys.getsizeof(self.since) + 80 * len(self.since)


serve(LateWindow)
