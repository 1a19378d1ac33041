"""What a store takes from a bare loop in Python, beside what its system takes: the same server, the same pings, batches of 64, in turns.

The loop has no pipe, no window and no verdict of its own: it sends a batch, reads as many answers, and counts. Prints a table of
Markdown: medians of the rounds, in thousand pings a second by the wall's clock. Usage: sh systems/python.sh systems/check/bare_rates.py [ROUNDS [NAME...]]
"""

import os
import re
import socket
import statistics
import sys
import time

socket.setdefaulttimeout(10)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
ARGUMENTS, sys.argv[1:] = sys.argv[1:], []
from adapter_costs import BATCH, PINGS, Running, Server, batches  # noqa: E402

ROUNDS = int(ARGUMENTS[0]) if ARGUMENTS else 3


def ids(pings):
    return [pings[at : at + 16] for at in range(0, len(pings), 40)]


def unix(path):
    one = socket.socket(socket.AF_UNIX)
    one.connect(path)
    return one


def memcached(address):
    connection = unix(address)
    answers = connection.makefile("rb", 1 << 16)

    def judge(keys):
        connection.sendall(b"".join(b"add %s 0 700 0\r\n\r\n" % key.hex().encode() for key in keys))
        return sum(answers.readline() == b"NOT_STORED\r\n" for _ in keys)

    return judge, connection


def redisbloom(address):
    """One filter, where the system asks the one before it as well."""
    connection = unix(address)
    answers = connection.makefile("rb", 1 << 16)
    connection.sendall(b"BF.RESERVE seen 0.001 1000000\r\n")
    answers.readline()

    def judge(keys):
        words = b"".join(b"$16\r\n" + key + b"\r\n" for key in keys)
        connection.sendall(b"*%d\r\n$7\r\nBF.MADD\r\n$4\r\nseen\r\n" % (len(keys) + 2) + words)
        answers.readline()
        return sum(answers.readline() == b":0\r\n" for _ in keys)

    return judge, connection


def nats(address):
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    answers = connection.makefile("rb", 1 << 18)
    answers.readline()
    stream = b'{"name":"s","subjects":["s.>"],"storage":"file","duplicate_window":600000000000,"max_age":600000000000}'
    connection.sendall(b'CONNECT {"verbose":false,"headers":true}\r\nSUB in.* 1\r\n')
    connection.sendall(b"PUB $JS.API.STREAM.CREATE.s in.r %d\r\n%s\r\n" % (len(stream), stream))
    answers.readline(), answers.readline()
    about_one = re.compile(rb"MSG [^\r]+\r\n(.*)\r\n")

    def judge(keys):
        one = b"HPUB s.p in.a 59 59\r\nNATS/1.0\r\nNats-Msg-Id: %s\r\n\r\n\r\n"
        connection.sendall(b"".join(one % key.hex().encode() for key in keys))
        text, said = b"", []
        while len(said) < len(keys):
            text += answers.read1(1 << 18)
            said = about_one.findall(text)
        return sum(b'"duplicate"' in one for one in said)

    return judge, connection


def postgres(address, durability="logged"):
    import psycopg

    connection = None
    until = time.monotonic() + 10
    while connection is None:
        try:
            connection = psycopg.connect(host=os.path.dirname(address), user="postgres", autocommit=True)
        except psycopg.OperationalError as error:
            # It listens before it lets anybody in.
            if "starting up" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
    if durability == "async":
        connection.execute("SET synchronous_commit = off")
    connection.execute(f"CREATE {'UNLOGGED' if durability == 'unlogged' else ''} TABLE s (id bytea PRIMARY KEY, t bigint)")

    def judge(keys):
        insert = "INSERT INTO s SELECT unnest(%s::bytea[]), 0 ON CONFLICT DO NOTHING"
        return len(keys) - connection.execute(insert, [keys], binary=True, prepare=True).rowcount

    return judge, connection


BARE = {"memcached": memcached, "redisbloom": redisbloom, "nats": nats, "nats-2.15": nats, "postgres": postgres}
NAMES = ARGUMENTS[1:] or [*BARE, "postgres:durability=async", "postgres:durability=unlogged"]


def bare(name):
    server = Server(name)
    judge, connection = BARE[server.name](server.address, *server.given.values())
    pings = [ids(batch) for _, batch in batches()]
    began = time.perf_counter()
    duplicates = sum(map(judge, pings))
    took = time.perf_counter() - began
    # A PostgreSQL that is to end waits for its clients.
    connection.close()
    server.end()
    return PINGS / took / 1e3, duplicates


def as_system(name):
    running = Running(name)
    asked = [(now.to_bytes(8, "little"), now, batch) for now, batch in batches()]
    duplicates, began = 0, time.perf_counter()
    for head, _, batch in asked:
        if running.advances:
            running.ask("A", head)
        duplicates += running.ask("J", head + batch)[4 : 4 + BATCH].count(1)
    took = time.perf_counter() - began
    running.end()
    return PINGS / took / 1e3, duplicates


def main():
    print("| store | bare loop | least, most | as a system, behind pipes | least, most | duplicates of either |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in NAMES:
        rounds = [(bare(name), as_system(name)) for _ in range(ROUNDS)]
        cells = []
        for side in (0, 1):
            rates = [one[side][0] for one in rounds]
            cells += [f"{statistics.median(rates):.0f}", f"{min(rates):.0f}, {max(rates):.0f}"]
        print(f"| `{name}` | {' | '.join(cells)} | {rounds[0][0][1]:,}, {rounds[0][1][1]:,} |", flush=True)


main()
