"""Lets each id through once, and speaks JSON lines without any library: the flow that docs/PROTOCOL.md shows."""

import json
import sys

seen = set()
hello = json.loads(sys.stdin.readline())
print(json.dumps({"dedup-protocol": 1, "frames": "json"}), flush=True)
for line in sys.stdin:
    (asked, what), = json.loads(line).items()
    if asked == "marker":
        print(json.dumps({"marker": what["number"]}), flush=True)
        continue
    for ping in what["pings"]:
        if ping["key"] not in seen:
            seen.add(ping["key"])
            print(json.dumps({"passed": [ping["delivery"]]}), flush=True)
