"""What comes out of the pipeline: in a module of its own, as functions of the program itself would be copied."""

import threading

_lock = threading.Lock()
_numbers = []


def keyed(ping):
    return ping


def passed(ping):
    with _lock:
        _numbers.append(ping[1])


def take():
    with _lock:
        taken = _numbers[:]
        _numbers.clear()
    return taken
