"""Identifiers for ICMP echo: unlike one another in this process, unlikely in others."""

import itertools
import os

_numbers = itertools.count(int.from_bytes(os.urandom(2), "big"))


def next_identifier() -> int:
    """Return a 16-bit identifier that was not given out for the last 65,534 times; never 0."""
    return next(_numbers) % 0xFFFF + 1  # counting is atomic, so threads need no lock
