"""A flow that lets all through: what remains is what the protocol costs."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))
from dedup_flow import PING_BYTES, Flow, serve  # noqa: E402


class Noop(Flow):
    version = f"Python {sys.version.split()[0]}"
    raw = True

    def put(self, pings, now):
        # A number is the last eight bytes of a ping.
        self.out_bytes(b"".join(pings[end - 8 : end] for end in range(PING_BYTES, len(pings) + 1, PING_BYTES)))


serve(Noop)
