"""What ``rawkit exchange --json`` prints: an object a line, as :mod:`rawkit.cli.records` has it."""

from typing import TYPE_CHECKING

from rawkit.cli.packet_fields import headers_of
from rawkit.cli.records import MICROSECONDS, Schema, Value, duration, line, statistics
from rawkit.cli.send_json import target_of
from rawkit.engine.exchange_events import Answered, ExchangeReport
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.quote import says
from rawkit.wire.relation import Relation

if TYPE_CHECKING:
    from rawkit.api.exchange import ExchangeSession
    from rawkit.cli.exchange_options import ExchangeOptions

SCHEMA: Schema = {
    "question": ("sequence", "notation", "send_layer", "interface", "packet_length"),
    **dict.fromkeys(
        ("reply", "error", "advice", "altered", "partial"),
        (
            *("time", "sequence", "asked", "source", "rtt", "ttl", "interface", "notation"),
            *("packet_length", "icmp_type", "icmp_code", "message", "headers", "payload"),
            *("octets", "sent_by", "received_by"),
        ),
    ),
    "summary": (
        *("sequence", "notation", "send_layer", "interface", "sent", "not_sent", "replies_heard"),
        *("errors_heard", "advice", "doubtful", "damaged", "dropped", "elapsed", "rtts"),
        *("message", "socket", "why"),
    ),
}
"""The fields of each type, beside those of the head."""


class ExchangeJson:
    """Prints a question and its answers as lines of JSON."""

    def __init__(self, number: int, session: "ExchangeSession", options: "ExchangeOptions") -> None:
        """Prepare to print.

        Args:
            number: which question it is, from 1.
            session: what asks it.
            options: what is to be told.
        """
        self._number = number
        self._session = session
        self._options = options
        self._target = target_of(session.question)

    def question(self, asked: Packet) -> str:
        values: dict[str, Value] = {
            "sequence": self._number,
            "notation": str(asked),
            "send_layer": self._session.layer.value,
            "interface": self._session.interface,
            "packet_length": len(bytes(asked)),
        }
        return line("exchange", "question", self._target, values)

    def answer(self, left: Packet, event: Answered) -> str:
        from rawkit.cli.exchange_run import SECOND, wall

        packet = event.packet
        outer = next((h for h in packet.headers if isinstance(h, IPv4 | IPv6)), None)
        message = next((h for h in packet.headers if hasattr(h, "TYPE")), None)
        quoting = event.relation in (Relation.ERROR, Relation.ADVICE)
        sent_by, received_by = event.clocks
        values: dict[str, Value] = {
            "time": round(wall(event.received.time) / SECOND, MICROSECONDS),
            "sequence": self._number,
            "asked": event.asked,
            "source": None if outer is None else str(outer.src),
            "rtt": duration(event.rtt),
            "ttl": outer.ttl if isinstance(outer, IPv4) else outer.hop_limit if outer else None,
            "interface": event.received.interface,
            "notation": str(packet),
            "packet_length": len(bytes(packet)),
            "icmp_type": getattr(message, "TYPE", None),
            "icmp_code": getattr(message, "code", None),
            "message": says(message) if message is not None and quoting else None,
            "headers": headers_of(packet),
            "payload": packet.payload.hex(),
            "octets": bytes(packet).hex() if self._options.dump else None,
            "sent_by": sent_by.value,
            "received_by": received_by.value,
        }
        return line("exchange", event.relation.value, self._target, values)

    def outcome(self, report: ExchangeReport, options: "ExchangeOptions", *, is_over: bool) -> str:
        values: dict[str, Value] = {
            "sequence": self._number,
            "notation": str(report.question),
            "send_layer": self._session.layer.value,
            "interface": self._session.interface,
            "sent": report.sent,
            "not_sent": report.not_sent,
            "replies_heard": report.answers,
            "errors_heard": report.errors,
            "advice": report.advice,
            "doubtful": report.doubtful,
            "damaged": report.damaged,
            "dropped": report.lost_here,
            "elapsed": duration(report.elapsed),
            "rtts": statistics(report.rtt),
            "message": report.failure,
            "socket": report.via or None,
            "why": report.why or None,
        }
        return line("exchange", "summary", self._target, values)
