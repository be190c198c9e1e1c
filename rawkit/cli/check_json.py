"""What ``rawkit check --json`` prints: one object a line (:mod:`rawkit.cli.records`)."""

from collections.abc import Sequence

from rawkit.cli.records import Schema, Value, duration, line
from rawkit.posix.faults import Finding

SCHEMA: Schema = {
    "fault": ("socket_address", "fault", "stood", "finding", "tried_for"),
    "checked": ("socket_address", "faults_stood", "faults_not_stood", "faults_inapplicable"),
}


def fault(address: str, found: Finding) -> str:
    """Return the object of a fault that was tried."""
    values: dict[str, Value] = {
        "socket_address": address,
        "fault": found.fault,
        "stood": found.passed,
        "finding": found.said or None,
        "tried_for": duration(found.seconds),
    }
    return line("check", "fault", None, values)


def checked(address: str, found: Sequence[Finding]) -> str:
    """Return the object of all of them."""
    outcomes = [one.passed for one in found]
    values: dict[str, Value] = {
        "socket_address": address,
        "faults_stood": outcomes.count(True),
        "faults_not_stood": outcomes.count(False),
        "faults_inapplicable": outcomes.count(None),
    }
    return line("check", "checked", None, values)
