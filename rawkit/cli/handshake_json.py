"""What ``rawkit handshake --json`` prints: one object a line (:mod:`rawkit.cli.records`)."""

from typing import NamedTuple

from rawkit.cli.handshake_text import numbers
from rawkit.cli.records import Schema, Value, duration, line
from rawkit.endpoint.handshake import Handshake
from rawkit.endpoint.narration import Shown
from rawkit.tcp.segment import flags_of
from rawkit.wire.address import Address
from rawkit.wire.text_tcp import option_words

SCHEMA: Schema = {
    "segment": (
        *("segment_number", "since_first", "direction", "state_before", "state_after", "tcp_flags"),
        *("tcp_sequence", "tcp_acknowledgment", "tcp_window", "tcp_options", "reason"),
    ),
    "handshake": (
        *("local_port", "port", "established", "rtt", "mss", "window_shifts", "sack"),
        *("timestamps", "ecn", "guard", "came_back", "cause", "exit_code"),
    ),
}


class Host(NamedTuple):
    """Whom it is about."""

    name: str
    address: Address


class Lines:
    """Objects about one handshake."""

    def __init__(self, name: str, handshake: Handshake) -> None:
        self._handshake = handshake
        self._host = Host(name, handshake.flow.remote)

    def segment(self, shown: Shown) -> str:
        """Return the object of a segment."""
        one = shown.segment
        sequence, acknowledgment = numbers(one)
        values: dict[str, Value] = {
            "segment_number": shown.number,
            "since_first": duration(shown.at),
            "direction": "out" if shown.is_ours else "in",
            "state_before": str(shown.before),
            "state_after": str(shown.after),
            "tcp_flags": [flag.name for flag in flags_of(one.flags)],
            "tcp_sequence": sequence,
            "tcp_acknowledgment": acknowledgment,
            "tcp_window": one.window,
            "tcp_options": [*option_words(one.options)],
            "reason": shown.reason,
        }
        return line("handshake", "segment", self._host, values)

    def end(self, code: int) -> str:
        """Return the object of the end."""
        handshake = self._handshake
        found, failure = handshake.established, handshake.failure
        agreed = None if found is None else found.agreed
        shifts: Value = None
        if agreed is not None and agreed.scaling:
            shifts = [agreed.send_shift, agreed.receive_shift]
        values: dict[str, Value] = {
            "local_port": handshake.flow.local_port,
            "port": handshake.flow.remote_port,
            "established": found is not None,
            "rtt": duration(None if found is None else found.rtt),
            "mss": None if agreed is None else agreed.mss,
            "window_shifts": shifts,
            "sack": None if agreed is None else agreed.sack,
            "timestamps": None if agreed is None else agreed.timestamps,
            "ecn": None if agreed is None else agreed.ecn,
            "guard": list(handshake.host.guard_layers),
            "came_back": None if failure is None else failure.came_back or None,
            "cause": None if failure is None else str(failure),
            "exit_code": code,
        }
        return line("handshake", "handshake", self._host, values)
