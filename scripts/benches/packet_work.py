"""Measure one library at one job: ``python -m scripts.benches.packet_work LIBRARY JOB``.

It prints the nanoseconds of CPU time that one packet takes, a line for each kind of it. What
comes out is compared with what rawkit makes of the same values before it is measured, and
what rawkit makes with what all the others make.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from itertools import cycle, islice
from typing import Any

from scripts.benches.packet_library import Library
from scripts.benches.packet_values import KINDS, PAYLOAD, TTL, Values, values_of

LEAST = 0.15
"""Seconds of CPU time to measure for."""
COMPARED = 50
SIZES = (20, 64, 1500, 9000)
"""Octets that are summed up."""


def library(name: str) -> Library:
    """Return a library's ways."""
    found: Library = import_module(f"scripts.benches.libraries.with_{name}").LIBRARY
    return found


def cost(job: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Return the nanoseconds that the job takes for an item, on average."""
    passes, began, spent = 0, time.process_time(), 0.0
    while spent < LEAST:
        for item in items:
            job(item)
        passes += 1
        spent = time.process_time() - began
    return 1e9 * spent / passes / len(items)


def build(ours: Library) -> Iterator[tuple[str, float]]:
    """Measure what makes octets of values."""
    rawkit = library("rawkit")
    for kind in KINDS:
        values = list(values_of(kind))
        for one in values[:COMPARED]:
            reference = rawkit.build[kind](rawkit.prepared(one))
            require(ours.build[kind](ours.prepared(one)) == reference, f"builds {kind}")
        yield kind, cost(ours.build[kind], [ours.prepared(one) for one in values])


def dissect(ours: Library) -> Iterator[tuple[str, float]]:
    """Measure what reads octets."""
    rawkit = library("rawkit")
    for kind in KINDS:
        values = list(values_of(kind))
        octets = [rawkit.build[kind](rawkit.prepared(one)) for one in values]
        for one, packet in zip(values[:COMPARED], octets, strict=False):
            read = ours.plain(ours.dissect[kind](packet))
            require(read == expected(kind, one), f"reads {kind}")
        yield kind, cost(ours.dissect[kind], octets)


def patch(ours: Library) -> Iterator[tuple[str, float]]:
    """Measure what changes fields of a packet and makes octets of it again."""
    first, *values = values_of("TCP")
    rawkit = library("rawkit")
    for way, prepare in ours.patch.items():
        patched = prepare(first)
        for one in values[:COMPARED]:
            changes = {name: getattr(one, name) for name in ("dst", "identification", "sequence")}
            reference = rawkit.build["TCP"](rawkit.prepared(first._replace(**changes)))
            require(patched(*patches(ours, one)) == reference, f"patches ({way})")
        rows = [patches(ours, one) for one in values]
        yield way, cost(partial(starred, patched), rows)


def checksum(ours: Library) -> Iterator[tuple[str, float]]:
    """Measure what adds octets up."""
    rawkit = library("rawkit")
    one = next(values_of("TCP", 1))
    for size in SIZES:
        rows = [bytes(islice(cycle(one.payload), start, start + size)) for start in range(PAYLOAD)]
        for octets in rows:
            require(ours.checksum(octets) == rawkit.checksum(octets), f"sums up {size} octets")
        yield str(size), cost(ours.checksum, rows)


def starred(patched: Callable[..., bytes], row: tuple[Any, int, int]) -> bytes:
    """Call a function with the values of a row."""
    return patched(*row)


def patches(ours: Library, values: Values) -> tuple[Any, int, int]:
    """Return what is put into a packet, as the library takes it."""
    prepared = ours.prepared(values)
    return prepared.dst, prepared.identification, prepared.sequence


def expected(kind: str, values: Values) -> tuple[Any, ...]:
    """Return the fields that are to be read."""
    numbers = (0, 0) if kind == "UDP" else (values.sequence, values.flags)
    addresses = (values.dst_mac, values.src_mac, values.src, values.dst)
    return (*addresses, TTL, values.src_port, values.dst_port, *numbers, values.payload)


def require(fact: bool, what: str) -> None:
    """Stop if a library does not do what is to be measured."""
    if not fact:
        raise SystemExit(f"{sys.argv[1]} {what} otherwise than it is expected to")


JOBS = {"build": build, "dissect": dissect, "patch": patch, "checksum": checksum}

if __name__ == "__main__":
    for measured, nanoseconds in JOBS[sys.argv[2]](library(sys.argv[1])):
        print(f"{nanoseconds:.1f} {measured}")
