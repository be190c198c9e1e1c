"""Write a packet in the notation that :mod:`rawkit.wire.notation` reads."""

from collections.abc import Iterator
from enum import Enum, IntFlag
from ipaddress import IPv4Address, IPv6Address
from typing import Any, get_args

from rawkit.errors import WireError
from rawkit.record import MISSING, Field, fields, replace
from rawkit.wire.address import MAC
from rawkit.wire.dissect import dissect
from rawkit.wire.notation_codecs import codec_of
from rawkit.wire.notation_names import field_names, name_of, option_name
from rawkit.wire.notation_values import hints_of, names_of
from rawkit.wire.packet import Header, Packet

PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')
MOST_TRIALS = 8
RUN = 8
"""Octets that are all the same are written as one of them and a count from here on."""


def write(packet: Packet) -> str:
    """Return a packet in one line of notation."""
    telling = _telling(packet)
    words = [
        _header(header, packet.headers[place + 1 :], telling[place])
        for place, header in enumerate(packet.headers)
    ]
    if packet.payload or not words:
        words.append(octets(packet.payload))
    return "/".join(words)


def octets(data: bytes) -> str:
    """Return octets as text if they are plain ASCII, else in hexadecimal."""
    if len(data) >= RUN and data == data[:1] * len(data):
        return f"{octets(data[:1])}*{len(data)}"
    if data and PLAIN.issuperset(data):
        return f'"{data.decode()}"'
    return f"0x{data.hex()}" if data else '""'


def _header(header: Header, inside: tuple[Header, ...], telling: set[str]) -> str:
    kind = type(header)
    name = name_of(kind) or kind.__name__
    coded, follows = _decoded(header)
    shown = [
        f"{short}={coded.get(field.name) or _value(getattr(header, field.name), hint, field.name)}"
        for field, short, hint in _described(kind)
        if field.name not in follows
        and (field.name in telling if not field.compare else _differs(header, field, inside))
    ]
    return f"{name}({','.join(shown)})" if shown else name


def _decoded(header: Header) -> tuple[dict[str, str], set[str]]:
    """Return the octets that are shown as values, by field, and what need not be told beside."""
    coded, follows = dict[str, str](), set[str]()
    for field in fields(header):
        codec = codec_of(type(header), field.name)
        if getattr(header, field.name) == field.default:
            continue
        found = None if codec is None else codec.fitting(header)
        if codec is not None and found is not None:
            value, names = found
            coded[field.name] = _value(value, codec.hint, field.name)
            follows |= {*names} - {field.name}
    return coded, follows


def _described(kind: type[Any]) -> Iterator[tuple[Field, str, Any]]:
    """Yield each field of a record, its short name and its type."""
    hints, short = hints_of(kind), field_names(kind)
    for field in fields(kind):
        if field.init:
            yield field, short[field.name], hints[field.name]


def _differs(header: Header, field: Field, inside: tuple[Header, ...]) -> bool:
    """Whether a field would be another if it were not written."""
    value = getattr(header, field.name)
    if field.default is not MISSING and value == field.default:
        return False
    return value is None or not _is_linked(header, field, inside)


def _is_linked(header: Header, field: Field, inside: tuple[Header, ...]) -> bool:
    """Whether the header inside sets this field."""
    if field.default is not None or not inside:
        return False
    unset = replace(header, **{field.name: None})
    return bool(getattr(unset.carrying(inside[0]), field.name) == getattr(header, field.name))


def _value(value: Any, hint: Any, name: str = "") -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case int():
            return _number(value, hint, name)
        case MAC():
            return str(value)
        case bytes():
            return octets(value)
        case str():
            return octets(value.encode())
        case IPv4Address() | IPv6Address():
            return str(value)
        case tuple():
            kinds = _kinds_within(hint, len(value))
            return (
                f"[{','.join(_value(one, kind) for one, kind in zip(value, kinds, strict=True))}]"
            )
    return _record(value)


def _kinds_within(hint: Any, count: int) -> tuple[Any, ...]:
    """Return the type of each value in a tuple."""
    kinds = get_args(hint)
    return kinds[:1] * count if kinds[-1] is ... else kinds


def _number(value: int, hint: Any, name: str) -> str:
    kinds = [kind for kind in get_args(hint) or (hint,) if issubclass(kind, Enum)]
    kind = kinds[0] if kinds else int
    names = {number: word for word, number in names_of(kind, name).items()}
    if value in names and value:
        return names[value]
    if name == "checksum":
        return f"0x{value:04x}"
    if issubclass(kind, IntFlag) and value:
        bits = [1 << place for place in range(value.bit_length()) if value >> place & 1]
        if all(bit in names for bit in bits):
            return "|".join(names[bit] for bit in bits)
    return str(int(value))


def _record(value: Any) -> str:
    """Return an option, or whatever else stands within a header."""
    shown = [
        f"{short}={_value(getattr(value, field.name), hint)}"
        for field, short, hint in _described(type(value))
        if field.default is MISSING or getattr(value, field.name) != field.default
    ]
    name = option_name(type(value))
    return f"{name}({','.join(shown)})" if shown else name


def _telling(packet: Packet) -> list[set[str]]:
    """Return for each header which of its computed fields are not what would be computed.

    What is computed may depend on such a field: a checksum covers a length. So they are
    found by trial, until the rest is as it was.
    """
    given = [_computed(header) for header in packet.headers]
    telling: list[set[str]] = [set() for _ in given]
    for _ in range(MOST_TRIALS):
        read = _read_back(packet, telling)
        if read is None:
            break
        found = False
        for wrong, values, header in zip(telling, given, read.headers, strict=True):
            others = {name for name, value in values.items() if getattr(header, name) != value}
            found = found or not others <= wrong
            wrong |= others
        if not found:
            return telling
    return [set(values) for values in given]


def _computed(header: Header) -> dict[str, int]:
    """Return the computed fields that are given, and what they are."""
    values = {
        field.name: getattr(header, field.name) for field in fields(header) if not field.compare
    }
    return {name: value for name, value in values.items() if value is not None}


def _read_back(packet: Packet, telling: list[set[str]]) -> Packet | None:
    """Return the packet as it is read if only these computed fields are given.

    ``None``: it cannot be told, or it is another packet then.
    """
    trial = [
        replace(header.recomputed(), **{name: getattr(header, name) for name in kept})
        for header, kept in zip(packet.headers, telling, strict=True)
    ]
    if not trial:
        return packet
    try:
        read = dissect(bytes(Packet(tuple(trial), packet.payload)), type(trial[0]).parse)
    except (WireError, NotImplementedError):
        return None
    same = list(map(type, read.headers)) == list(map(type, packet.headers))
    return read if same and read.payload == packet.payload else None
