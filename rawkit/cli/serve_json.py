"""What ``rawkit serve --json`` prints: one object a line (:mod:`rawkit.cli.records`)."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rawkit.cli.records import Schema, Value, duration, line
from rawkit.posix.serving.counts import Stats
from rawkit.posix.serving.shift import Closed, Event

if TYPE_CHECKING:
    from rawkit.api.raw_server import RawListener
    from rawkit.posix.listen import Listener

STREAMS = ("accepted", "closed", "still_open", "full", "out_of_descriptors", "accept_errors")
POST = (
    *("datagrams", "answered_datagrams", "too_long_datagrams", "nameless", "unsafe"),
    *("withheld", "undelivered", "service_failures", "overflowed"),
)
OCTETS = ("received_octets", "sent_octets")
SCHEMA: Schema = {
    "listening": ("time", "socket_address", "service", "model", "ip_versions", "notes"),
    "closed": (
        *("time", "worker", "peer_address", "peer_pid", "peer_uid", "peer_gid", "close_reason"),
        *(*OCTETS, "lasted", "system_said"),
    ),
    "trouble": ("time", "worker", "trouble", "trouble_times"),
    "served": (
        *("time", "service", "model", "server_addresses", *OCTETS, *STREAMS, *POST, "workers"),
    ),
}
PARTS: Schema = {
    "worker": ("worker", *OCTETS, *STREAMS, *POST),
    "reason": ("close_reason", "connections"),
}
VERSIONS: dict[str, tuple[int, ...]] = {
    "IPv4 only": (4,),
    "IPv6 only": (6,),
    "IPv6 and IPv4": (4, 6),
}


def listening(listener: "Listener | RawListener", address: str, service: str, model: str) -> str:
    """Return the object of a place where clients can come."""
    values: dict[str, Value] = {
        "time": _now(),
        "socket_address": address,
        "service": service,
        "model": model,
        "ip_versions": VERSIONS.get(listener.families, ()),
        "notes": listener.notes,
    }
    return line("serve", "listening", None, values)


def event(happened: Event) -> str:
    """Return the object of a connection that has ended, or of trouble."""
    head: dict[str, Value] = {"time": _now(), "worker": happened.worker}
    if not isinstance(happened, Closed):
        about: dict[str, Value] = {"trouble": happened.about, "trouble_times": happened.times}
        return line("serve", "trouble", None, {**head, **about})
    pid, uid, gid = happened.credentials or (None, None, None)
    values: dict[str, Value] = {
        **head,
        "peer_address": str(happened.client) if happened.client else None,
        "peer_pid": pid,
        "peer_uid": uid,
        "peer_gid": gid,
        "close_reason": happened.reason,
        "received_octets": happened.received,
        "sent_octets": happened.sent,
        "lasted": duration(happened.seconds),
        "system_said": happened.error or None,
    }
    return line("serve", "closed", None, values)


def served(service: str, model: str, addresses: Sequence[str], stats: Stats) -> str:
    """Return the object of all that was counted."""
    workers: list[Value] = [
        {"worker": number, **_counts(one)} for number, one in enumerate(stats.workers, start=1)
    ]
    values: dict[str, Value] = {
        "time": _now(),
        "service": service,
        "model": model,
        "server_addresses": addresses,
        **_counts(stats),
        "workers": workers,
    }
    return line("serve", "served", None, values)


def _counts(stats: Stats) -> dict[str, Value]:
    closed: list[Value] = [
        {"close_reason": reason.value, "connections": number}
        for reason, number in stats.closed.items()
    ]
    return {
        "received_octets": stats.received,
        "sent_octets": stats.sent,
        "accepted": stats.accepted,
        "closed": closed,
        "still_open": max(0, stats.open),
        "full": stats.full,
        "out_of_descriptors": stats.descriptors,
        "accept_errors": stats.accept_errors,
        "datagrams": stats.datagrams,
        "answered_datagrams": stats.answered,
        "too_long_datagrams": stats.truncated,
        "nameless": stats.nameless,
        "unsafe": stats.unsafe,
        "withheld": stats.withheld,
        "undelivered": stats.undelivered,
        "service_failures": stats.failures,
        "overflowed": stats.overflowed,
    }


def _now() -> float:
    return round(time.time(), 6)
