"""MLD: which multicast groups does anybody on this link want, in IPv6? (RFC 2710, RFC 3810).

====================== ====== =================================================
message                type   octets 4 on
====================== ====== =================================================
:class:`ListenerQuery`         130    longest time to answer, reserved, group
:class:`ListenerQueryV2`       130    … in 28 octets or more (RFC 3810 §8.1): S, QRV, QQIC, sources
:class:`ListenerReport`        131    reserved (4), group
:class:`ListenerDone`          132    reserved (4), group
:class:`ListenerReportV2`      143    flags, number of records, records
====================== ====== =================================================

They are ICMPv6 messages; :func:`rawkit.wire.icmpv6.parse` reads them, and
:mod:`rawkit.wire.membership` their ends. They are sent with a hop limit of 1, from a link-local
address, behind a hop-by-hop router alert. What follows is the payload (RFC 3810 §5.1.12).
"""

import struct
from ipaddress import IPv6Address
from typing import ClassVar, cast

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import ipv6_address
from rawkit.wire.icmpv6 import Message, message_octets
from rawkit.wire.membership import (
    GroupRecord,
    addresses,
    pack_records,
    query_tail,
    read_query_tail,
    read_records,
    time_of,
)
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!BBHHH16s")
REPORT = struct.Struct("!BBHHH")
REST = struct.Struct("!HH")
SHORTEST_QUERY_V2 = 28
MILLISECONDS = 1000
ADDRESS = 16
"""Octets of one."""

HOP_LIMIT = 1
NO_GROUP = IPv6Address(0)
ALL_REPORTS = IPv6Address("ff02::16")
"""Where reports of version 2 go."""


@record
class ListenerQuery(Message):
    """Asks who wants a group, or any (RFC 2710 §3)."""

    TYPE: ClassVar[int] = 130

    group: IPv6Address = NO_GROUP
    max_response_delay: int = 10_000
    """Milliseconds to answer in."""
    code: int = 0
    reserved: int = 0
    """The 16 bits before the group."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest = _rest(self, self.max_response_delay, self.reserved)
        body = addresses((self.group,), ADDRESS, self) + payload
        return message_octets(self.TYPE, self.code, self.checksum, rest, body, outer)


@record
class ListenerQueryV2(Message):
    """Asks who wants a group, from some sources or any (RFC 3810 §5.1)."""

    TYPE: ClassVar[int] = 130

    group: IPv6Address = NO_GROUP
    sources: tuple[IPv6Address, ...] = ()
    max_response_code: int = 10_000
    """See :attr:`max_response`."""
    suppress: bool = False
    """Other routers are not to start their timers anew (S)."""
    robustness: int = 2
    """0 to 7; 0: more (QRV)."""
    interval_code: int = 125
    """See :attr:`interval` (QQIC)."""
    code: int = 0
    reserved: int = 0
    """The 16 bits before the group."""
    reserved_bits: int = 0
    """The 4 bits before ``suppress``."""
    count: int | None = computed(default=None)
    """How many sources there are."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest = _rest(self, self.max_response_code, self.reserved)
        bits = (self.reserved_bits, self.suppress, self.robustness)
        tail = query_tail(
            self, bits, self.interval_code, self.sources, count=self.count, size=ADDRESS
        )
        body = addresses((self.group,), ADDRESS, self) + tail + payload
        return message_octets(self.TYPE, self.code, self.checksum, rest, body, outer)

    @property
    def max_response(self) -> float:
        """Seconds within which hosts are to answer (RFC 3810 §5.1.3)."""
        return time_of(self.max_response_code, 16) / MILLISECONDS

    @property
    def interval(self) -> int:
        """Seconds from one general query to the next (RFC 3810 §5.1.9)."""
        return time_of(self.interval_code, 8)


@record
class Membership(Message):
    """What the messages of version 1 about one group have in common."""

    group: IPv6Address
    code: int = 0
    reserved: int = 0
    """The 4 octets before the group."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest = _rest(self, self.reserved >> 16, self.reserved & 0xFFFF)
        body = addresses((self.group,), ADDRESS, self) + payload
        return message_octets(self.TYPE, self.code, self.checksum, rest, body, outer)


class ListenerReport(Membership):
    """Says that somebody here wants a group (RFC 2710 §3)."""

    __slots__ = ()

    TYPE: ClassVar[int] = 131


class ListenerDone(Membership):
    """Says that its sender wants a group no longer (RFC 2710 §3)."""

    __slots__ = ()

    TYPE: ClassVar[int] = 132


@record
class ListenerReportV2(Message):
    """Says which groups its sender wants, and from which sources (RFC 3810 §5.2)."""

    TYPE: ClassVar[int] = 143

    records: tuple[GroupRecord, ...] = ()
    code: int = 0
    flags: int = 0
    """16 bits; the highest: extensions follow the records (RFC 9279)."""
    count: int | None = computed(default=None)
    """How many records there are."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest = _rest(self, self.flags, len(self.records) if self.count is None else self.count)
        body = pack_records(self.records, ADDRESS) + payload
        return message_octets(self.TYPE, self.code, self.checksum, rest, body, outer)


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into one of the messages above and its payload.

    Raises:
        TruncatedError: fewer octets than its type, or its records, need.
    """
    if data[:1] == bytes((ListenerReportV2.TYPE,)):
        _require(data, REPORT.size)
        _, code, checksum, flags, count = REPORT.unpack_from(data)
        records, left = read_records(data[REPORT.size :], count, ADDRESS)
        return ListenerReportV2(records, code, flags, count, checksum), left
    _require(data, LAYOUT.size)
    type_, code, checksum, first, second, octets = LAYOUT.unpack_from(data)
    group, left = ipv6_address(octets), data[LAYOUT.size :]
    if type_ == ListenerQuery.TYPE:
        if len(data) >= SHORTEST_QUERY_V2:
            return _parse_query_v2(data)
        return ListenerQuery(group, first, code, second, checksum), left
    kind = ListenerReport if type_ == ListenerReport.TYPE else ListenerDone
    return kind(group, code, first << 16 | second, checksum), left


def _parse_query_v2(data: memoryview) -> tuple[ListenerQueryV2, memoryview]:
    _, code, checksum, response_code, reserved, group = LAYOUT.unpack_from(data)
    bits, interval_code, sources, left = read_query_tail(data[LAYOUT.size :], ADDRESS)
    reserved_bits, suppress, robustness = bits
    query = ListenerQueryV2(
        ipv6_address(group),
        cast("tuple[IPv6Address, ...]", sources),
        response_code,
        suppress,
        robustness,
        interval_code,
        code,
        reserved,
        reserved_bits,
        len(sources),
        checksum,
    )
    return query, left


def _rest(message: Message, first: int, second: int) -> bytes:
    """Return octets 4 to 7."""
    try:
        return REST.pack(first, second)
    except struct.error as error:
        raise BuildError(f"MLD: {error} in {message}") from error


def _require(data: memoryview, size: int) -> None:
    if len(data) < size:
        raise TruncatedError(f"MLD: {len(data)} of {size} header octets")
