"""Packets as values of JSON: every header with every field, under the names of the library."""

from enum import Enum, Flag
from ipaddress import IPv4Address, IPv6Address

from rawkit.cli.records import Value
from rawkit.record import fields
from rawkit.wire.address import MAC
from rawkit.wire.packet import Header, Packet

ADDRESSES = ("dst", "src", "sender_mac", "target_mac")
"""Fields with hardware addresses, whatever their length."""


def headers_of(packet: Packet) -> list[Value]:
    """Return the headers of a packet, outermost first."""
    return [
        {
            "header": type(header).__name__,
            "fields": {one.name: field_value(header, one.name) for one in fields(header)},
        }
        for header in packet.headers
    ]


def field_value(header: Header, name: str) -> Value:
    """Return one field: a number, an address in words, octets in hexadecimal."""
    value = getattr(header, name)
    if name in ADDRESSES and isinstance(value, bytes):
        return value.hex(":")
    return as_value(value)


def as_value(value: object) -> Value:
    """Return a value of a field; of a record, an object of its fields."""
    match value:
        case None | bool() | float() | str():
            return value
        case Flag() | Enum():
            inner = value.value
            return inner if isinstance(inner, int | str) else str(inner)
        case int():
            return int(value)
        case MAC() | IPv4Address() | IPv6Address():
            return str(value)
        case bytes():
            return value.hex()
        case tuple() | list():
            return [as_value(one) for one in value]
        case _ if hasattr(value, "__record_fields__"):
            return {one.name: as_value(getattr(value, one.name)) for one in fields(value)}
    return str(value)
