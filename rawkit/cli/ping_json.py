"""What ``rawkit ping --json`` prints: one object a line.

Every object has ``schema`` (``"rawkit.ping/1"``), ``type``, ``host`` (as it was
given) and ``address``; the rest depends on the type, as :data:`SCHEMA` says.
Times are seconds: durations as they are, moments since 1970. A field whose value
is not known, or that nothing came for, is ``null`` and never 0. New fields may
come without a new number behind the schema's name; none goes or changes.
"""

from collections.abc import Iterable
from json import dumps

from rawkit.cli.ping_text import Wall
from rawkit.engine.ping_events import (
    Burst,
    ErrorReply,
    Lost,
    NotSent,
    PingEvent,
    Reply,
    Sent,
    Target,
    Verdict,
)
from rawkit.engine.ping_report import PingReport
from rawkit.engine.rtt import RTT

NAME = "rawkit.ping/1"

Value = str | int | float | bool | None | dict[str, "Value"]

REPLY = {
    "time": "when it arrived",
    "sequence": "number of the request, from 1, never wrapped",
    "source": "who answered",
    "size": "octets of ICMP header and payload",
    "ttl": "TTL or hop limit on arrival",
    "traffic_class": "TOS octet or traffic class on arrival",
    "rtt": "round-trip time",
    "sent_by": "who stamped the departure: kernel or user",
    "received_by": "who stamped the arrival: kernel or user",
}
SCHEMA: dict[str, dict[str, str]] = {
    "reply": REPLY,
    "late": REPLY,
    "duplicate": REPLY,
    "wrong_source": REPLY,
    "corrupted": REPLY
    | {
        "checksum": "whether the checksum is right",
        "offset": "of the first wrong octet in the payload; null: only the checksum is wrong",
        "expected": "that octet as it was sent; null: the payload came back longer",
        "found": "that octet as it came; null: the payload came back shorter",
        "payload": "the payload as it came, in hexadecimal",
    },
    "error": {
        "time": "when it arrived",
        "sequence": "number of the request it is about",
        "source": "who says it",
        "icmp_type": "its type octet",
        "icmp_code": "its code octet",
        "message": "what it says, in ping(8)'s words",
        "mtu": "the next hop's MTU in octets, where it says so",
        "final": "false for advice (redirect, source quench): the request goes on",
        "rtt": "from the request to this",
    },
    "lost": {"sequence": "number of the request that was given up"},
    "outstanding": {
        "time": "when the next request left (only with -O)",
        "sequence": "number of the request that has no answer yet",
    },
    "not_sent": {
        "sequence": "number of the request that the kernel refused",
        "errno": "its error number",
        "message": "what that means",
    },
    "summary": {
        "source": "source address of the requests; null: the kernel's choice",
        "sent": "requests made; the sum of the next six",
        "replied": "first good replies in time",
        "late": "replies to requests given up before",
        "corrupted": "requests answered by damaged replies only",
        "errors": "requests answered by an ICMP error",
        "lost_here": "requests not sent, and replies dropped, by this host",
        "unanswered": "requests nothing was heard of",
        "not_sent": "those of lost_here that never left",
        "duplicates": "replies beyond the first",
        "wrong_source": "replies from other addresses",
        "strays": "replies to nothing we sent",
        "advice": "redirects and source quenches",
        "loss": "share of requests without a good reply in time, 0 to 1; null: none was sent",
        "alive": "whether the host itself answered in time at least once",
        "elapsed": "from the first request to the last",
        "rtt": "min avg max mdev median p95 p99 jitter ewma and count; null: no reply",
        "sent_by": "who stamped departures, the worst of all; null: no reply",
        "received_by": "who stamped arrivals, the worst of all; null: no reply",
        "socket": "the kind of socket",
        "why": "why that kind",
    },
}
"""The fields of each type, beside the four that all have."""

NANOSECONDS, MICROSECONDS = 9, 6
"""Decimals: more than these are noise in a float of so many seconds."""
RTT_FIELDS = ("count", "min", "avg", "max", "mdev", "median", "p95", "p99", "jitter", "ewma")


class PingJson:
    """Turns the events of a ping into lines of JSON."""

    def __init__(self, wall: Wall, *, outstanding: bool = False, quiet: bool = False) -> None:
        """Prepare to print.

        Args:
            wall: turns a monotonic time into seconds since 1970.
            outstanding: tell of requests that the next one overtakes.
            quiet: tell nothing but the summary.
        """
        self._wall = wall
        self._outstanding = outstanding
        self._quiet = quiet
        self._waiting: dict[int, int] = {}

    def opening(self, targets: Iterable[Target]) -> str:
        """Return nothing: there is nothing to say yet."""
        return ""

    def event(self, event: PingEvent) -> str:
        """Return the line for an event, if there is one."""
        if self._quiet:
            return ""
        match event:
            case Sent():
                return self._sent(event)
            case Reply():
                return self._reply(event)
            case ErrorReply():
                return self._error(event)
            case NotSent():
                return self._not_sent(event)
            case Lost():
                return _line("lost", event.target, {"sequence": event.sequence})
            case Burst():
                return ""  # not asked for: it says too little of each reply

    def closing(self, report: PingReport) -> str:
        """Return the summary of one target."""
        ledger, target = report.ledger, report.target
        sent_by, received_by = report.clocks or (None, None)
        values: dict[str, Value] = {
            "source": str(target.src) if int(target.src) else None,
            "sent": ledger.sent,
            "replied": ledger.replied,
            "late": ledger.late,
            "corrupted": ledger.corrupted,
            "errors": ledger.errors,
            "lost_here": ledger.lost_here,
            "unanswered": ledger.unanswered,
            "not_sent": ledger.not_sent,
            "duplicates": ledger.duplicates,
            "wrong_source": ledger.wrong_source,
            "strays": ledger.strays,
            "advice": ledger.advice,
            "loss": ledger.loss if ledger.sent else None,
            "alive": report.is_alive,
            "elapsed": round(report.elapsed, NANOSECONDS),
            "rtt": _rtt(report.rtt),
            "sent_by": sent_by.value if sent_by else None,
            "received_by": received_by.value if received_by else None,
            "socket": report.via or None,
            "why": report.why or None,
        }
        return _line("summary", target, values)

    def _moment(self, time: float) -> float:
        return round(self._wall(time), MICROSECONDS)

    def _sent(self, event: Sent) -> str:
        overdue = self._waiting.get(id(event.target)) if self._outstanding else None
        self._waiting[id(event.target)] = event.sequence
        if overdue is None:
            return ""
        values: dict[str, Value] = {"time": self._moment(event.time), "sequence": overdue}
        return _line("outstanding", event.target, values)

    def _reply(self, reply: Reply) -> str:
        if self._waiting.get(id(reply.target)) == reply.sequence:
            del self._waiting[id(reply.target)]
        values: dict[str, Value] = {
            "time": self._moment(reply.time),
            "sequence": reply.sequence,
            "source": str(reply.source),
            "size": reply.size,
            "ttl": reply.ttl,
            "traffic_class": reply.traffic_class,
            "rtt": round(reply.rtt, NANOSECONDS),
            "sent_by": reply.sent_by.value,
            "received_by": reply.stamped_by.value,
        }
        if reply.verdict is Verdict.CORRUPTED:
            damage = reply.damage
            values |= {
                "checksum": damage is not None,
                "offset": damage.offset if damage else None,
                "expected": damage.expected if damage else None,
                "found": damage.found if damage else None,
                "payload": reply.payload.hex(),
            }
        return _line(reply.verdict.value, reply.target, values)

    def _error(self, error: ErrorReply) -> str:
        from rawkit.wire.quote import says

        message = error.message
        values: dict[str, Value] = {
            "time": self._moment(error.time),
            "sequence": error.sequence,
            "source": str(error.source),
            "icmp_type": getattr(message, "TYPE", None) or getattr(message, "type", None),
            "icmp_code": getattr(message, "code", 0),
            "message": says(message),
            "mtu": getattr(message, "mtu", None) or None,
            "final": error.final,
            "rtt": round(error.rtt, NANOSECONDS),
        }
        return _line("error", error.target, values)

    def _not_sent(self, event: NotSent) -> str:
        error = event.error
        values: dict[str, Value] = {
            "sequence": event.sequence,
            "errno": error.errno,
            "message": error.strerror or str(error),
        }
        return _line("not_sent", event.target, values)


def _rtt(rtt: RTT | None) -> dict[str, Value] | None:
    if rtt is None:
        return None
    values = ((name, getattr(rtt, name)) for name in RTT_FIELDS)
    return {name: value and round(value, NANOSECONDS) for name, value in values}


def _line(kind: str, target: Target, values: dict[str, Value]) -> str:
    head = {"schema": NAME, "type": kind, "host": target.name, "address": str(target.address)}
    return dumps(head | values, allow_nan=False) + "\n"
