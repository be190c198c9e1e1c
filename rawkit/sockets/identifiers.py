"""Identifiers for ICMP echo: unlike one another in this process, unlikely in others."""

import os
import threading

_lock = threading.Lock()
_last = int.from_bytes(os.urandom(2), "big")


def next_identifier() -> int:
    """Return a 16-bit identifier that was not given out for the last 65,534 times; never 0."""
    global _last
    with _lock:
        _last = _last % 0xFFFF + 1
        return _last
