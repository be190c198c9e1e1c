"""Questions of ICMP for IPv4 besides echo: time, network (RFC 792), mask (RFC 950), routers.

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

Address masks; information messages end after octet 7 (both given up by RFC 6918):

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
4-5    identifier
6-7    sequence
8-11   address mask          of the asker's network; 0.0.0.0 in the request
====== ===================== =================================================

Router advertisements (RFC 1256 §3):

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
from rawkit.wire.icmp import LAYOUT, NO_ADDRESS, REST, Message, Other, message_octets
from rawkit.wire.packet import Header

TIMESTAMP = struct.Struct("!BBHHHIII")
MASK = struct.Struct("!BBHHH4s")
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
        rest = _numbers(self, self.identifier, self.sequence)
        try:
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
class Information(Message):
    """What an information request and its reply have in common."""

    identifier: int
    sequence: int
    code: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest = _numbers(self, self.identifier, self.sequence)
        return message_octets(self.TYPE, self.code, self.checksum, rest, payload)


class InformationRequest(Information):
    """Asks for the number of the asker's network, which stands in the reply's addresses."""

    __slots__ = ()

    TYPE: ClassVar[int] = 15


class InformationReply(Information):
    """Answers an :class:`InformationRequest`."""

    __slots__ = ()

    TYPE: ClassVar[int] = 16


@record
class AddressMask(Message):
    """What an address mask request and its reply have in common (RFC 950, appendix I)."""

    identifier: int
    sequence: int
    mask: IPv4Address = NO_ADDRESS
    code: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest = _numbers(self, self.identifier, self.sequence)
        try:
            mask = self.mask.packed
        except AttributeError as error:  # an address that is a string
            raise BuildError(f"ICMP: {error} in {self}") from error
        return message_octets(self.TYPE, self.code, self.checksum, rest, mask + payload)


class AddressMaskRequest(AddressMask):
    """Asks for the mask of the asker's network."""

    __slots__ = ()

    TYPE: ClassVar[int] = 17


class AddressMaskReply(AddressMask):
    """Answers an :class:`AddressMaskRequest`."""

    __slots__ = ()

    TYPE: ClassVar[int] = 18


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
        case InformationRequest.TYPE | InformationReply.TYPE:
            identifier, sequence = NUMBERS.unpack(data[REST])
            what = InformationRequest if type_ == InformationRequest.TYPE else InformationReply
            return what(identifier, sequence, code, checksum), data[LAYOUT.size :]
        case AddressMaskRequest.TYPE | AddressMaskReply.TYPE:
            return _parse_mask(data)
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


def _parse_mask(data: memoryview) -> tuple[AddressMask, memoryview]:
    _require(data, MASK.size)
    type_, code, checksum, identifier, sequence, mask = MASK.unpack_from(data)
    kind = AddressMaskRequest if type_ == AddressMaskRequest.TYPE else AddressMaskReply
    return kind(identifier, sequence, ipv4_address(mask), code, checksum), data[MASK.size :]


def _parse_advertisement(data: memoryview) -> tuple[RouterAdvertisement, memoryview]:
    _, code, checksum, *_ = LAYOUT.unpack_from(data)
    count, _, lifetime = ADVERTISEMENT.unpack_from(data, REST.start)
    end = LAYOUT.size + count * ENTRY.size
    _require(data, end)
    entries = ENTRY.iter_unpack(data[LAYOUT.size : end])
    routers = tuple((ipv4_address(router), level) for router, level in entries)
    return RouterAdvertisement(lifetime, routers, code, count, checksum), data[end:]


def _numbers(message: Message, identifier: int, sequence: int) -> bytes:
    try:
        return NUMBERS.pack(identifier, sequence)
    except struct.error as error:
        raise BuildError(f"ICMP: {error} in {message}") from error


def _require(data: memoryview, size: int) -> None:
    if len(data) < size:
        raise TruncatedError(f"ICMP: {len(data)} of {size} header octets")
