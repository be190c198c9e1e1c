"""What ``rawkit ping --json`` prints: one object a line, as :mod:`rawkit.cli.records` has it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rawkit.cli.records import Schema, Value, Wall, duration, line, moment, statistics
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

if TYPE_CHECKING:
    from rawkit.engine.ping_answers import Answer

REPLY = (
    *("time", "sequence", "source", "size", "ttl", "traffic_class", "rtt"),
    *("sent_by", "received_by", "answer"),
)
SCHEMA: Schema = {
    "reply": REPLY,
    "late": REPLY,
    "duplicate": REPLY,
    "wrong_source": REPLY,
    "corrupted": (*REPLY, "checksum", "offset", "expected", "found", "payload"),
    "error": (
        *("time", "sequence", "source", "icmp_type", "icmp_code", "message", "mtu", "final"),
        "rtt",
    ),
    "lost": ("sequence",),
    "outstanding": ("time", "sequence"),
    "not_sent": ("sequence", "errno", "message"),
    "summary": (
        *(
            "local",
            "method",
            "port",
            "sent",
            "replied",
            "late",
            "corrupted",
            "errors",
            "lost_here",
            "unanswered",
        ),
        *("not_sent", "duplicates", "wrong_source", "strays", "advice", "loss", "alive"),
        *("elapsed", "rtts", "sent_by", "received_by", "answer", "socket", "why"),
    ),
}
"""The fields of each type, beside those of the head."""
PARTS: Schema = {
    "tcp": ("port_state", "tcp_flags", "connect_time", "resent"),
    "udp": ("port_state", "data", "icmp_type", "icmp_code", "message"),
    "icmp_timestamp": ("originate", "receive", "transmit", "clock_difference"),
    "probe": (
        *("icmp_code", "outcome", "interface_active", "runs_ipv4", "runs_ipv6"),
        "neighbour_state",
    ),
    "node_info": ("icmp_code", "outcome", "names", "addresses", "truncated"),
}
"""The fields of ``answer``, by what was asked for."""


class PingJson:
    """Turns the events of a ping into lines of JSON."""

    def __init__(
        self,
        wall: Wall,
        *,
        outstanding: bool = False,
        quiet: bool = False,
        method: str = "icmp",
        port: int | None = None,
    ) -> None:
        """Prepare to print.

        Args:
            wall: turns a monotonic time into seconds since 1970.
            outstanding: tell of requests that the next one overtakes.
            quiet: tell nothing but the summary.
            method: what is asked.
            port: of the hosts, where one is asked.
        """
        self._method = method
        self._port = port
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
            "local": str(target.src) if int(target.src) else None,
            "method": self._method,
            "port": self._port,
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
            "elapsed": duration(report.elapsed),
            "rtts": statistics(report.rtt),
            "sent_by": sent_by.value if sent_by else None,
            "received_by": received_by.value if received_by else None,
            "answer": _answer(report.answer),
            "socket": report.via or None,
            "why": report.why or None,
        }
        return _line("summary", target, values)

    def _sent(self, event: Sent) -> str:
        overdue = self._waiting.get(id(event.target)) if self._outstanding else None
        self._waiting[id(event.target)] = event.sequence
        if overdue is None:
            return ""
        values: dict[str, Value] = {"time": moment(self._wall, event.time), "sequence": overdue}
        return _line("outstanding", event.target, values)

    def _reply(self, reply: Reply) -> str:
        if self._waiting.get(id(reply.target)) == reply.sequence:
            del self._waiting[id(reply.target)]
        values: dict[str, Value] = {
            "time": moment(self._wall, reply.time),
            "sequence": reply.sequence,
            "source": str(reply.source),
            "size": reply.size or None,
            "ttl": reply.ttl or None,
            "traffic_class": reply.traffic_class if reply.ttl else None,
            "rtt": duration(reply.rtt),
            "sent_by": reply.sent_by.value,
            "received_by": reply.stamped_by.value,
            "answer": _answer(reply.answer),
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
            "time": moment(self._wall, error.time),
            "sequence": error.sequence,
            "source": str(error.source),
            "icmp_type": getattr(message, "TYPE", None) or getattr(message, "type", None),
            "icmp_code": getattr(message, "code", 0),
            "message": says(message),
            "mtu": getattr(message, "mtu", None) or None,
            "final": error.final,
            "rtt": duration(error.rtt),
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


def _answer(answer: "Answer | None") -> dict[str, Value] | None:
    if answer is None:
        return None
    from rawkit.cli.ping_json_answers import values_of

    return values_of(answer)


def _line(kind: str, target: Target, values: dict[str, Value]) -> str:
    return line("ping", kind, target, values)
