"""Events of a trace as plain values for JSON, and back without loss."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from math import isfinite
from typing import Any

from rawkit.engine.ping_events import Target
from rawkit.engine.trace_events import (
    Answer,
    Dismissed,
    Hop,
    Kind,
    NotSent,
    Probe,
    ProbeSent,
    RoundEnd,
    Silence,
    Stray,
    TraceEvent,
)
from rawkit.engine.trace_settings import TraceSettings
from rawkit.host.names import numeric
from rawkit.record import as_dict, fields
from rawkit.wire.address import Address
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.multipart import ExtensionObject
from rawkit.wire.news import Dropped, Opened
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Clock

Plain = dict[str, Any]
"""What JSON has: text, numbers, lists and more of its kind, by name."""
Outcome = Answer | Silence | NotSent
KEPT = 4096
"""Probes whose outcome a row may name by its number; older ones are written out again."""
TYPES: dict[str, type[TraceEvent]] = {
    "sent": ProbeSent,
    "answer": Answer,
    "silence": Silence,
    "not_sent": NotSent,
    "dismissed": Dismissed,
    "stray": Stray,
    "hop": Hop,
    "round_end": RoundEnd,
    "opened": Opened,
    "dropped": Dropped,
}
NAMES = {kind: name for name, kind in TYPES.items()}
WRONG = (KeyError, TypeError, ValueError, OverflowError)
"""What reading raises where plain values mean nothing."""


class Codec:
    """Writes or reads the events of one trace, in their order.

    A row has the outcomes of its probes, which were told before; it names those by number.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._latest: dict[int, Outcome] = {}
        """The outcome told last, by the number of its probe."""

    def plain(self, event: TraceEvent) -> Plain:
        """Return an event as plain values."""
        values: Plain = {"type": NAMES[type(event)]}
        for one in fields(event):
            if one.name != "target":
                write = WRITE.get(one.name, _same)
                values[one.name] = write(getattr(event, one.name))
        match event:
            case Answer():
                values["message"] = _plain_message(event)
            case Hop():
                values["outcomes"] = [self._plain_outcome(one) for one in event.outcomes]
        self._remember(event)
        return values

    def event(self, plain: Mapping[str, Any]) -> TraceEvent:
        """Return the event that plain values mean.

        Raises:
            KeyError, TypeError, ValueError, OverflowError: they mean none.
        """
        if (kind := TYPES.get(plain["type"])) is None:
            raise ValueError(f"unknown type {plain['type']!r}")
        values: Plain = {}
        for one in fields(kind):
            if one.name == "target":
                values["target"] = self._target
            elif one.name == "outcomes":
                values["outcomes"] = tuple(self._outcome(each) for each in plain["outcomes"])
            elif one.name == "message":
                values["message"] = _message(plain["message"], _packet(plain["packet"]))
            else:
                values[one.name] = READ[one.name](plain[one.name])
        event: TraceEvent = kind(**values)
        self._remember(event)
        return event

    def _plain_outcome(self, outcome: Outcome) -> int | Plain:
        serial = outcome.probe.serial
        return serial if self._latest.get(serial) is outcome else self.plain(outcome)

    def _outcome(self, plain: Any) -> Outcome:
        found = self._latest[plain] if isinstance(plain, int) else self.event(plain)
        if not isinstance(found, Outcome):
            raise TypeError(f"{plain!r} is no outcome")
        return found

    def _remember(self, event: TraceEvent) -> None:
        if isinstance(event, Outcome):
            self._latest.pop(event.probe.serial, None)
            self._latest[event.probe.serial] = event
            if len(self._latest) > KEPT:
                del self._latest[next(iter(self._latest))]


def plain_target(target: Target) -> Plain:
    """Return a target as plain values."""
    return {"name": target.name, "address": str(target.address), "src": str(target.src)}


def target_of(plain: Mapping[str, Any]) -> Target:
    """Return the target that plain values mean.

    Raises:
        KeyError, TypeError, ValueError: they mean none.
    """
    return Target(_text(plain["name"]), _address(plain["address"]), _address(plain["src"]))


def plain_settings(settings: TraceSettings) -> Plain:
    """Return settings as plain values."""
    return as_dict(settings) | {"options": settings.options.hex()}


def settings_of(plain: Mapping[str, Any]) -> TraceSettings:
    """Return the settings that plain values mean; those that are unknown here do not count.

    Raises:
        KeyError, TypeError, ValueError: they mean none.
    """
    known = {one.name for one in fields(TraceSettings)}
    values = {name: value for name, value in plain.items() if name in known}
    return TraceSettings(**values | {"options": bytes.fromhex(values.get("options", ""))})


def _same(value: Any) -> Any:
    return value


def _plain_probe(probe: Probe) -> list[int]:
    return [probe.serial, probe.ttl, probe.turn, probe.round, probe.flow]


def _plain_message(answer: Answer) -> int | str | None:
    """Return which header of the packet it is; of one that is not in there, a packet with it."""
    message = answer.message
    if message is None:
        return None
    if message in answer.packet.headers:
        return answer.packet.headers.index(message)
    return bytes(_around(answer) / message).hex()


def _around(answer: Answer) -> Header:
    match answer.source, answer.target.src:
        case (IPv4Address() as source, IPv4Address() as here):
            return IPv4(source, here)
        case (IPv6Address() as source, IPv6Address() as here):
            return IPv6(source, here)
    raise ValueError(f"an answer from {answer.source} to {answer.target.src}")


def _message(plain: Any, packet: Packet) -> Header | None:
    if plain is None:
        return None
    if isinstance(plain, int):
        if not 0 <= plain < len(packet.headers):
            raise ValueError(f"the packet has no header {plain}")
        return packet.headers[plain]
    return _message(1, _packet(plain))


def _packet(plain: Any) -> Packet:
    octets = bytes.fromhex(plain)
    return dissect_ip(octets) if octets else Packet()


def _probe(plain: Any) -> Probe:
    serial, ttl, turn, round_, flow = map(integer_of, plain)
    return Probe(serial, ttl, turn, round_, flow)


def _extensions(plain: Any) -> tuple[ExtensionObject, ...]:
    return tuple(
        ExtensionObject(integer_of(number), integer_of(kind), bytes.fromhex(payload))
        for number, kind, payload in plain
    )


def _error(plain: Any) -> OSError:
    number, message = plain
    return OSError(integer_of(number), _text(message)) if number else OSError(_text(message))


def _address(plain: Any) -> Address:
    if (address := numeric(_text(plain))) is None:
        raise ValueError(f"{plain!r} is no address")
    return address


def _text(plain: Any) -> str:
    """Take a text that cannot play tricks with a terminal."""
    if not isinstance(plain, str) or not plain.isprintable():
        raise TypeError(f"{plain!r} is no printable text")
    return plain


def integer_of(plain: Any) -> int:
    """Take an integer that is one.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(plain, int):
        raise TypeError(f"{plain!r} is no integer")
    return plain


def _maybe_integer(plain: Any) -> int | None:
    return None if plain is None else integer_of(plain)


def number_of(plain: Any) -> float:
    """Take a number that is one.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(plain, int | float) or not isfinite(plain):
        raise TypeError(f"{plain!r} is no number")
    return plain


WRITE: dict[str, Callable[[Any], Any]] = {
    "probe": _plain_probe,
    "kind": lambda kind: kind.value,
    "source": str,
    "sent_by": lambda clock: clock.value,
    "received_by": lambda clock: clock.value,
    "extensions": lambda objects: [
        [one.class_number, one.class_type, one.payload.hex()] for one in objects
    ],
    "error": lambda error: [error.errno, error.strerror or str(error)],
    "packet": lambda packet: bytes(packet).hex(),
    "message": lambda message: None,  # by its place in the packet, which is not known here
    "outcomes": lambda outcomes: None,  # by what has been written before
}
"""How to write a field of an event, by its name; others are plain as they are."""

READ: dict[str, Callable[[Any], Any]] = {
    "probe": _probe,
    "kind": Kind,
    "source": _address,
    "rtt": number_of,
    "time": number_of,
    "waited": number_of,
    "ttl": integer_of,
    "round": integer_of,
    "count": integer_of,
    "extensions": _extensions,
    "quoted_ttl": _maybe_integer,
    "rewritten": lambda names: tuple(map(_text, names)),
    "late": bool,
    "duplicate": bool,
    "sent_by": Clock,
    "received_by": Clock,
    "packet": _packet,
    "error": _error,
    "reached": bool,
    "is_last": bool,
    "revised": bool,
    "via": _text,
    "why": _text,
}
"""How to read each field of an event; what is none raises one of :data:`WRONG`."""
