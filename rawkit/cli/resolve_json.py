"""What ``rawkit resolve --json`` prints: one object a line, as :mod:`rawkit.cli.records` says."""

from typing import TYPE_CHECKING

from rawkit.cli.records import Schema, Value, Wall, duration, line, moment, statistics
from rawkit.engine.neighbour_events import Answer, NotSent, Sent
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.ndp import RouterAdvertisement, RouterFlag
from rawkit.wire.ndp_options import (
    DNSSL,
    INFINITE,
    MTU,
    RDNSS,
    PrefixFlag,
    PrefixInformation,
    RouteInformation,
)

if TYPE_CHECKING:
    from rawkit.engine.discover import DiscoverEvent, DiscoverReport, Router
    from rawkit.engine.neighbour_events import ResolveEvent
    from rawkit.engine.resolve_report import ResolveReport
    from rawkit.engine.watch import Announcement, WatchReport
    from rawkit.wire.received import Clock

CLAIM = (
    *("time", "sequence", "mac", "frame_mac", "operation", "to_all", "speaks_to", "rtt"),
    *("sent_by", "received_by", "is_router", "override"),
)
SCHEMA: Schema = {
    "answer": CLAIM,
    "duplicate": CLAIM,
    "conflict": CLAIM,
    "not_sent": ("sequence", "errno", "message"),
    "summary": (
        *("local", "interface", "local_mac", "purpose", "mac", "macs", "alive", "in_conflict"),
        *("sent", "to_everybody", "answered", "not_sent", "received", "requests"),
        *("received_by_all", "duplicates", "conflicts", "invalid", "dropped", "elapsed"),
        *("rtts", "sent_by", "received_by", "socket", "why"),
    ),
    "router": (
        *("time", "mac", "change", "rtt", "received_by", "to_all", "lifetime"),
        *("default_routers", "hop_limit", "managed", "other_settings", "link_mtu", "prefixes"),
        *("routes", "name_servers", "search_domains"),
    ),
    "routers": (
        *("local", "interface", "sent", "not_sent", "received", "invalid", "dropped"),
        *("forgotten", "found_routers", "socket", "why"),
    ),
    "announcement": (
        *("time", "mac", "mac_before", "frame_mac", "operation", "change", "interface"),
        *("vlan", "received_by"),
    ),
    "neighbour": ("macs", "received", "first_heard", "last_heard", "is_router"),
    "watched": (
        *("received", "changes", "probes_heard", "invalid", "dropped", "forgotten"),
        *("socket", "why"),
    ),
}
"""The fields of each type, beside those of the head."""
PARTS: Schema = {
    "default_routers": ("router", "preference"),
    "prefixes": ("prefix", "on_link", "autonomous", "valid", "preferred"),
    "routes": ("prefix", "preference", "lifetime"),
    "name_servers": ("servers", "lifetime"),
    "search_domains": ("domains", "lifetime"),
}


@record
class Said:
    """Whom an object is about, where it was not asked for by name."""

    name: str
    address: Address


class ResolveJson:
    """Turns what happens into lines of JSON."""

    def __init__(self, wall: Wall) -> None:
        """Prepare to print.

        Args:
            wall: turns a monotonic time into seconds since 1970.
        """
        self._wall = wall

    def opening(self) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: "ResolveEvent") -> str:
        """Return the line for an event, if there is one."""
        match event:
            case Answer():
                return self._answer(event)
            case NotSent():
                return _not_sent(event)
            case Sent():
                return ""

    def closing(self, report: "ResolveReport") -> str:
        """Return the summary."""
        sent_by, received_by = report.clocks or (None, None)
        values: dict[str, Value] = {
            "local": _address(report.target.src),
            "interface": report.link.interface,
            "local_mac": str(report.link.mac),
            "purpose": report.purpose.value,
            "mac": str(report.mac) if report.mac else None,
            "macs": [str(mac) for mac in report.macs],
            "alive": report.is_alive,
            "in_conflict": report.is_conflict,
            "sent": report.sent,
            "to_everybody": report.broadcasts,
            "answered": report.answered,
            "not_sent": report.not_sent,
            "received": report.received,
            "requests": report.requests,
            "received_by_all": report.broadcasts_received,
            "duplicates": report.duplicates,
            "conflicts": report.conflicts,
            "invalid": report.invalid,
            "dropped": report.lost_here,
            "elapsed": duration(report.elapsed),
            "rtts": statistics(report.rtt),
            "sent_by": _clock(sent_by),
            "received_by": _clock(received_by),
            "socket": report.via or None,
            "why": report.why or None,
        }
        return line("resolve", "summary", report.target, values)

    def _answer(self, answer: Answer) -> str:
        claim = answer.claim
        operation = "probe" if claim.is_probe else "request" if claim.is_request else "reply"
        values: dict[str, Value] = {
            "time": moment(self._wall, answer.time),
            "sequence": answer.sequence or None,
            "mac": str(answer.mac),
            "frame_mac": str(claim.frame_mac),
            "operation": operation,
            "to_all": claim.to_all,
            "speaks_to": str(claim.target),
            "rtt": duration(answer.rtt),
            "sent_by": _clock(answer.sent_by if answer.rtt is not None else None),
            "received_by": answer.received_by.value,
            "is_router": claim.is_router,
            "override": claim.is_override,
        }
        return line("resolve", answer.verdict.value, answer.target, values)


class RoutersJson:
    """Turns what routers say into lines of JSON."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall

    def opening(self) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: "DiscoverEvent") -> str:
        """Return the line for an event, if there is one."""
        match event:
            case Sent():
                return ""
            case NotSent():
                return _not_sent(event)
        values: dict[str, Value] = {
            "time": moment(self._wall, event.time),
            "mac": str(event.mac),
            "change": event.change.value,
            "rtt": duration(event.rtt),
            "received_by": event.clock.value,
            "to_all": not event.is_answer,
            "lifetime": event.lifetime,
            "default_routers": [
                {"router": str(router), "preference": level} for router, level in event.routers
            ],
            **_facts(event),
        }
        return line("resolve", "router", Said(str(event.address), event.address), values)

    def closing(self, report: "DiscoverReport") -> str:
        """Return the summary."""
        values: dict[str, Value] = {
            "local": _address(report.target.src),
            "interface": report.link.interface,
            "sent": report.sent,
            "not_sent": report.not_sent,
            "received": report.received,
            "invalid": report.invalid,
            "dropped": report.lost_here,
            "forgotten": report.forgotten,
            "found_routers": [str(router.address) for router in report.routers],
            "socket": report.via or None,
            "why": report.why or None,
        }
        return line("resolve", "routers", report.target, values)


class WatchJson:
    """Turns what hosts say of themselves into lines of JSON."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall

    def opening(self) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: "Announcement") -> str:
        """Return the line for an announcement."""
        values: dict[str, Value] = {
            "time": moment(self._wall, event.time),
            "mac": str(event.mac),
            "mac_before": str(event.before) if event.before else None,
            "frame_mac": str(event.frame_mac),
            "operation": event.kind.value,
            "change": event.change.value,
            "interface": event.interface,
            "vlan": event.vlan.id if event.vlan else None,
            "received_by": event.clock.value,
        }
        return line("resolve", "announcement", Said(str(event.address), event.address), values)

    def closing(self, report: "WatchReport") -> str:
        """Return a line for each address, and the summary."""
        lines = []
        for one in report.neighbours:
            known: dict[str, Value] = {
                "macs": [str(mac) for mac in one.macs],
                "received": one.heard,
                "first_heard": moment(self._wall, one.first),
                "last_heard": moment(self._wall, one.latest),
                "is_router": one.is_router,
            }
            lines.append(line("resolve", "neighbour", Said(str(one.address), one.address), known))
        values: dict[str, Value] = {
            "received": report.heard,
            "changes": report.changes,
            "probes_heard": report.probes,
            "invalid": report.invalid,
            "dropped": report.lost_here,
            "forgotten": report.forgotten,
            "socket": report.via or None,
            "why": report.why or None,
        }
        return "".join((*lines, line("resolve", "watched", None, values)))


def _facts(router: "Router") -> dict[str, Value]:
    """Return what only an IPv6 router says."""
    message = router.message
    known = message if isinstance(message, RouterAdvertisement) else None
    options = known.options if known else ()
    flags = known.flags if known else 0
    return {
        "hop_limit": known.hop_limit or None if known else None,
        "managed": bool(flags & RouterFlag.MANAGED) if known else None,
        "other_settings": bool(flags & RouterFlag.OTHER) if known else None,
        "link_mtu": next((one.mtu for one in options if isinstance(one, MTU)), None),
        "prefixes": [_prefix(one) for one in options if isinstance(one, PrefixInformation)],
        "routes": [
            {
                "prefix": f"{one.prefix}/{one.length}",
                "preference": one.preference,
                "lifetime": _lifetime(one.lifetime),
            }
            for one in options
            if isinstance(one, RouteInformation)
        ],
        "name_servers": [
            {"servers": [str(each) for each in one.servers], "lifetime": _lifetime(one.lifetime)}
            for one in options
            if isinstance(one, RDNSS)
        ],
        "search_domains": [
            {"domains": list(one.domains), "lifetime": _lifetime(one.lifetime)}
            for one in options
            if isinstance(one, DNSSL)
        ],
    }


def _prefix(option: PrefixInformation) -> dict[str, Value]:
    return {
        "prefix": f"{option.prefix}/{option.length}",
        "on_link": bool(option.flags & PrefixFlag.ON_LINK),
        "autonomous": bool(option.flags & PrefixFlag.AUTONOMOUS),
        "valid": _lifetime(option.valid),
        "preferred": _lifetime(option.preferred),
    }


def _not_sent(event: NotSent) -> str:
    error = event.error
    values: dict[str, Value] = {
        "sequence": event.sequence,
        "errno": error.errno,
        "message": error.strerror or str(error),
    }
    return line("resolve", "not_sent", event.target, values)


def _lifetime(seconds: int) -> int | None:
    return None if seconds == INFINITE else seconds


def _address(address: Address) -> str | None:
    return None if address.is_unspecified else str(address)


def _clock(clock: "Clock | None") -> str | None:
    return clock.value if clock else None
