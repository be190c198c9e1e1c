"""Questions of ICMP for IPv4 besides echo: the time (RFC 792), and routers (RFC 1256).

Timestamps:

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
4-5    identifier
6-7    sequence
8-11   originate timestamp   when the request left, by its sender's clock
12-15  receive timestamp     when it arrived, by the other's
16-19  transmit timestamp    when the answer left
====== ===================== =================================================

Router advertisements:

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
4      number of addresses
5      entry size            2, in units of 4 octets
6-7    lifetime              in seconds
8-     addresses             of 4 octets, each with 4 octets of preference
====== ===================== =================================================
"""

import struct
from ipaddress import IPv4Address
from typing import ClassVar

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import ipv4_address
from rawkit.wire.icmp import LAYOUT, REST, Message, Other, message_octets
from rawkit.wire.packet import Header

TIMESTAMP = struct.Struct("!BBHHHIII")
NUMBERS = struct.Struct("!HH")
TIMES = struct.Struct("!III")
ADVERTISEMENT = struct.Struct("!BBH")
ENTRY = struct.Struct("!4si")
ENTRY_WORDS = 2

DAY = 86_400_000
"""Milliseconds: timestamps count them from midnight UT, below this (RFC 792)."""
NOT_STANDARD = 1 << 31
"""Set in a timestamp that counts something else."""
NOT_A_DEFAULT = -(1 << 31)
"""The preference of a router that is not to be used by default (RFC 1256 §3)."""


@record
class Timestamp(Message):
    """What a timestamp request and its reply have in common.

    Times are milliseconds since midnight UT, or not if their highest bit is set.
    """

    identifier: int
    sequence: int
    originate: int = 0
    receive: int = 0
    transmit: int = 0
    code: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        try:
            rest = NUMBERS.pack(self.identifier, self.sequence)
            times = TIMES.pack(self.originate, self.receive, self.transmit)
        except struct.error as error:
            raise BuildError(f"ICMP: {error} in {self}") from error
        return message_octets(self.TYPE, self.code, self.checksum, rest, times + payload)


class TimestampRequest(Timestamp):
    """Asks for the other's time of day."""

    __slots__ = ()

    TYPE: ClassVar[int] = 13


class TimestampReply(Timestamp):
    """Answers a :class:`TimestampRequest`."""

    __slots__ = ()

    TYPE: ClassVar[int] = 14


@record
class RouterSolicitation(Message):
    """Asks all routers on the link to say that they are there (RFC 1256 §3)."""

    TYPE: ClassVar[int] = 10

    code: int = 0
    reserved: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        try:
            rest = struct.pack("!I", self.reserved)
        except struct.error as error:
            raise BuildError(f"ICMP: {error} in {self}") from error
        return message_octets(self.TYPE, self.code, self.checksum, rest, payload)


@record
class RouterAdvertisement(Message):
    """A router says by which addresses it can be reached (RFC 1256 §3)."""

    TYPE: ClassVar[int] = 9

    lifetime: int
    """Seconds for which this holds."""
    routers: tuple[tuple[IPv4Address, int], ...]
    """Addresses, each with its preference: the higher the better; signed, of 32 bits."""
    code: int = 0
    """16: the router does not route common traffic (RFC 5944 §2.1.1)."""
    count: int | None = computed(default=None)
    """How many addresses there are."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        count = len(self.routers) if self.count is None else self.count
        try:
            rest = ADVERTISEMENT.pack(count, ENTRY_WORDS, self.lifetime)
            entries = b"".join(ENTRY.pack(router.packed, level) for router, level in self.routers)
        except (struct.error, AttributeError) as error:  # or an address that is a string
            raise BuildError(f"ICMP: {error} in {self}") from error
        return message_octets(self.TYPE, self.code, self.checksum, rest, entries + payload)


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into one of the messages above and its payload.

    An advertisement whose entries are of another size than RFC 1256 knows, and a message
    of any other type, is an :class:`~rawkit.wire.icmp.Other`.

    Raises:
        TruncatedError: fewer octets than the message needs.
    """
    _require(data, LAYOUT.size)
    type_, code, checksum, *_ = LAYOUT.unpack_from(data)
    match type_:
        case TimestampRequest.TYPE | TimestampReply.TYPE:
            return _parse_timestamp(data)
        case RouterSolicitation.TYPE:
            reserved = int.from_bytes(data[REST], "big")
            return RouterSolicitation(code, reserved, checksum), data[LAYOUT.size :]
        case RouterAdvertisement.TYPE if data[5] == ENTRY_WORDS:
            return _parse_advertisement(data)
    return Other(type_, code, bytes(data[REST]), checksum), data[LAYOUT.size :]


def _parse_timestamp(data: memoryview) -> tuple[Timestamp, memoryview]:
    _require(data, TIMESTAMP.size)
    type_, code, checksum, identifier, sequence, *_ = TIMESTAMP.unpack_from(data)
    originate, receive, transmit = TIMES.unpack_from(data, LAYOUT.size)
    kind = TimestampRequest if type_ == TimestampRequest.TYPE else TimestampReply
    message = kind(identifier, sequence, originate, receive, transmit, code, checksum)
    return message, data[TIMESTAMP.size :]


def _parse_advertisement(data: memoryview) -> tuple[RouterAdvertisement, memoryview]:
    _, code, checksum, *_ = LAYOUT.unpack_from(data)
    count, _, lifetime = ADVERTISEMENT.unpack_from(data, REST.start)
    end = LAYOUT.size + count * ENTRY.size
    _require(data, end)
    entries = ENTRY.iter_unpack(data[LAYOUT.size : end])
    routers = tuple((ipv4_address(router), level) for router, level in entries)
    return RouterAdvertisement(lifetime, routers, code, count, checksum), data[end:]


def _require(data: memoryview, size: int) -> None:
    if len(data) < size:
        raise TruncatedError(f"ICMP: {len(data)} of {size} header octets")
