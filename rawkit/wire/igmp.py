"""IGMP: which multicast groups does anybody on this link want? (RFC 1112, RFC 2236, RFC 3376).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      type
1      by type               query: longest time to answer, 0 in version 1
2-3    checksum              over the whole message
4-7    group                 0.0.0.0 in a query: all of them
====== ===================== =================================================

A query of version 3 is known by its length, of 12 octets or more (RFC 3376 §7.1):

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
8      reserved, S, QRV      4 bits; suppress; the querier's robustness variable, 3 bits
9      QQIC                  code of its query interval
10-11  number of sources
12-    sources               4 octets each
====== ===================== =================================================

A report of version 3 has flags in octets 4 and 5, the number of records in 6 and 7, and then
the records: see :mod:`rawkit.wire.membership`. What follows counts in the checksum
(RFC 3376 §4.1.10); it is the payload. Messages are sent with a TTL of 1.
"""

import struct
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address
from typing import ClassVar, cast

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import ipv4_address
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.membership import (
    GroupRecord,
    addresses,
    pack_records,
    query_tail,
    read_query_tail,
    read_records,
    time_of,
)
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

HEAD = struct.Struct("!BBH")
LAYOUT = struct.Struct("!BBH4s")
REPORT = struct.Struct("!BBHHH")
COUNTS = struct.Struct("!HH")
CHECKSUM = slice(2, 4)
GROUP = slice(4, 8)
SHORTEST_QUERY_V3 = 12
TENTHS = 10
ADDRESS = 4
"""Octets of one."""

NO_GROUP = IPv4Address(0)
ALL_SYSTEMS = IPv4Address("224.0.0.1")
"""Where general queries go."""
ALL_ROUTERS = IPv4Address("224.0.0.2")
"""Where those who leave say so."""
ALL_REPORTS = IPv4Address("224.0.0.22")
"""Where reports of version 3 go."""


class Message(Header):
    """An IGMP message. Read one with :func:`parse`, which picks the class."""

    __slots__ = ()

    IP_PROTOCOL: ClassVar[int] = IPProtocol.IGMP
    TYPE: ClassVar[int]


@record
class MembershipQuery(Message):
    """Asks who wants a group, or any (RFC 1112, RFC 2236 §2)."""

    TYPE: ClassVar[int] = 0x11

    group: IPv4Address = NO_GROUP
    max_response_code: int = 100
    """Tenths of a second to answer in; 0: the querier speaks version 1, which means 10 s."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        body = addresses((self.group,), ADDRESS, self)
        return message_octets(self.TYPE, self.max_response_code, self.checksum, body + payload)


@record
class MembershipQueryV3(Message):
    """Asks who wants a group, from some sources or any (RFC 3376 §4.1)."""

    TYPE: ClassVar[int] = 0x11

    group: IPv4Address = NO_GROUP
    sources: tuple[IPv4Address, ...] = ()
    max_response_code: int = 100
    """See :attr:`max_response`."""
    suppress: bool = False
    """Other routers are not to start their timers anew (S)."""
    robustness: int = 2
    """0 to 7; 0: more (QRV)."""
    interval_code: int = 125
    """See :attr:`interval` (QQIC)."""
    reserved: int = 0
    """The 4 bits before ``suppress``."""
    count: int | None = computed(default=None)
    """How many sources there are."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        bits = (self.reserved, self.suppress, self.robustness)
        tail = query_tail(
            self, bits, self.interval_code, self.sources, count=self.count, size=ADDRESS
        )
        body = addresses((self.group,), ADDRESS, self) + tail
        return message_octets(self.TYPE, self.max_response_code, self.checksum, body + payload)

    @property
    def max_response(self) -> float:
        """Seconds within which hosts are to answer (RFC 3376 §4.1.1)."""
        return time_of(self.max_response_code, 8) / TENTHS

    @property
    def interval(self) -> int:
        """Seconds from one general query to the next (RFC 3376 §4.1.7)."""
        return time_of(self.interval_code, 8)


@record
class Membership(Message):
    """What the messages of versions 1 and 2 about one group have in common."""

    group: IPv4Address
    reserved: int = 0
    """The second octet."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        body = addresses((self.group,), ADDRESS, self)
        return message_octets(self.TYPE, self.reserved, self.checksum, body + payload)


class MembershipReportV1(Membership):
    """Says that somebody here wants a group (RFC 1112, appendix I)."""

    __slots__ = ()

    TYPE: ClassVar[int] = 0x12


class MembershipReportV2(Membership):
    """The same in version 2 (RFC 2236 §2)."""

    __slots__ = ()

    TYPE: ClassVar[int] = 0x16


class LeaveGroup(Membership):
    """Says that its sender wants a group no longer (RFC 2236 §2)."""

    __slots__ = ()

    TYPE: ClassVar[int] = 0x17


@record
class MembershipReportV3(Message):
    """Says which groups its sender wants, and from which sources (RFC 3376 §4.2)."""

    TYPE: ClassVar[int] = 0x22

    records: tuple[GroupRecord, ...] = ()
    flags: int = 0
    """16 bits; the highest: extensions follow the records (RFC 9279)."""
    reserved: int = 0
    """The second octet."""
    count: int | None = computed(default=None)
    """How many records there are."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        count = len(self.records) if self.count is None else self.count
        try:
            counts = COUNTS.pack(self.flags, count)
        except struct.error as error:
            raise BuildError(f"IGMP: {error} in {self}") from error
        body = counts + pack_records(self.records, ADDRESS)
        return message_octets(self.TYPE, self.reserved, self.checksum, body + payload)


@record
class Other(Message):
    """A message whose type has no class here."""

    type: int
    code: int = 0
    """The second octet."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return message_octets(self.type, self.code, self.checksum, payload)


OF_ONE_GROUP: dict[int, type[Membership]] = {
    kind.TYPE: kind for kind in (MembershipReportV1, MembershipReportV2, LeaveGroup)
}


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into an IGMP message of the right class and its payload.

    Raises:
        TruncatedError: fewer octets than its type, or its records, need.
    """
    require(data, HEAD.size)
    type_, second, checksum = HEAD.unpack_from(data)
    match type_:
        case MembershipQuery.TYPE if len(data) >= SHORTEST_QUERY_V3:
            return _parse_query_v3(data)
        case MembershipQuery.TYPE:
            require(data, LAYOUT.size)
            return MembershipQuery(_group(data), second, checksum), data[LAYOUT.size :]
        case MembershipReportV1.TYPE | MembershipReportV2.TYPE | LeaveGroup.TYPE:
            require(data, LAYOUT.size)
            return OF_ONE_GROUP[type_](_group(data), second, checksum), data[LAYOUT.size :]
        case MembershipReportV3.TYPE:
            require(data, REPORT.size)
            *_, flags, count = REPORT.unpack_from(data)
            records, rest = read_records(data[REPORT.size :], count, ADDRESS)
            return MembershipReportV3(records, flags, second, count, checksum), rest
    if (parser := _other_parser(type_)) is not None:
        return parser(data)
    return Other(type_, second, checksum), data[HEAD.size :]


def message_octets(type_: int, second: int, checksum: int | None, body: bytes) -> bytes:
    """Return a message, its checksum worked out unless one is given.

    Args:
        type_: its type octet.
        second: the octet after it.
        checksum: ``None``: to be worked out.
        body: all after the first four octets.

    Raises:
        BuildError: a value does not fit.
    """
    try:
        head = HEAD.pack(type_, second, checksum or 0)
    except struct.error as error:
        what = f"type {type_}, second octet {second}, checksum {checksum}"
        raise BuildError(f"IGMP: {error} in {what}") from error
    data = bytearray(head + body)
    if checksum is None:
        data[CHECKSUM] = internet_checksum(data).to_bytes(2, "big")
    return bytes(data)


def require(data: memoryview, size: int) -> None:
    """Raise ``TruncatedError`` if there are fewer octets than ``size``."""
    if len(data) < size:
        raise TruncatedError(f"IGMP: {len(data)} of {size} header octets")


def _parse_query_v3(data: memoryview) -> tuple[MembershipQueryV3, memoryview]:
    _, code, checksum = HEAD.unpack_from(data)
    bits, interval_code, sources, rest = read_query_tail(data[LAYOUT.size :], ADDRESS)
    reserved, suppress, robustness = bits
    every = cast("tuple[IPv4Address, ...]", sources)
    query = MembershipQueryV3(
        _group(data),
        every,
        code,
        suppress,
        robustness,
        interval_code,
        reserved,
        len(every),
        checksum,
    )
    return query, rest


def _group(data: memoryview) -> IPv4Address:
    return ipv4_address(bytes(data[GROUP]))


@cache
def _other_parser(type_: int) -> Callable[[memoryview], tuple[Message, memoryview]] | None:
    """Return the parser for a message that is seldom met, loaded when it is."""
    if type_ in (0x30, 0x31, 0x32):
        from rawkit.wire import multicast_routers

        return multicast_routers.parse
    return None
