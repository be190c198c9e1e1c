"""Identifiers for ICMP echo: unlike one another in this process, unlikely in others."""

import itertools
import os


def _from_anywhere() -> "itertools.count[int]":
    return itertools.count(int.from_bytes(os.urandom(2), "big"))


def _start_anew() -> None:
    global _numbers
    _numbers = _from_anywhere()


_numbers = _from_anywhere()
os.register_at_fork(after_in_child=_start_anew)  # or a child would count with its parent


def next_identifier() -> int:
    """Return a 16-bit identifier that was not given out for the last 65,534 times; never 0."""
    return next(_numbers) % 0xFFFF + 1  # counting is atomic, so threads need no lock
