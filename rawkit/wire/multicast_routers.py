"""Multicast router discovery (RFC 4286): who on this link passes multicast on?

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      type                  advertisement, solicitation or termination
1      interval              advertisement: seconds to the next; else reserved
2-3    checksum              over the whole message
4-5    query interval        advertisement only: seconds between its queries
6-7    robustness variable   advertisement only
====== ===================== =================================================

Bridges listen to these to know where to send multicast. This module has the messages of IGMP
(types 0x30 to 0x32), and what they share with those of ICMPv6 in
:mod:`rawkit.wire.multicast_routers_ipv6`.
"""

import struct
from typing import ClassVar, TypeVar

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.igmp import Message, message_octets
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!BBHHH")
HEAD = struct.Struct("!BBH")
NUMBERS = struct.Struct("!HH")


@record
class Advertisement(Header):
    """What the advertisements of both versions have in common."""

    interval: int = 20
    """Seconds to the next one."""
    query_interval: int = 125
    """Seconds between its general queries."""
    robustness: int = 2
    """Its robustness variable (RFC 3376 §8.1)."""
    checksum: int | None = computed(default=None)

    def numbers(self) -> bytes:
        """Return octets 4 to 7.

        Raises:
            BuildError: a value does not fit.
        """
        try:
            return NUMBERS.pack(self.query_interval, self.robustness)
        except struct.error as error:
            raise BuildError(f"multicast router: {error} in {self}") from error


@record
class Bare(Header):
    """What the messages without a body have in common: 4 octets each."""

    reserved: int = 0
    """The second octet."""
    checksum: int | None = computed(default=None)


AdvertisementT = TypeVar("AdvertisementT", bound=Advertisement)
BareT = TypeVar("BareT", bound=Bare)


class MulticastRouterAdvertisement(Advertisement, Message):
    """A router says that it passes multicast on."""

    __slots__ = ()

    TYPE: ClassVar[int] = 0x30

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        body = self.numbers() + payload
        return message_octets(self.TYPE, self.interval, self.checksum, body)


class MulticastRouterSolicitation(Bare, Message):
    """Asks such routers to say that they are there."""

    __slots__ = ()

    TYPE: ClassVar[int] = 0x31

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return message_octets(self.TYPE, self.reserved, self.checksum, payload)


class MulticastRouterTermination(Bare, Message):
    """A router says that it does so no longer."""

    __slots__ = ()

    TYPE: ClassVar[int] = 0x32

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return message_octets(self.TYPE, self.reserved, self.checksum, payload)


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into one of the messages of IGMP above, and its payload.

    Raises:
        TruncatedError: fewer octets than its type needs.
    """
    match data[0] if data else 0:
        case MulticastRouterSolicitation.TYPE:
            return read_bare(MulticastRouterSolicitation, data)
        case MulticastRouterTermination.TYPE:
            return read_bare(MulticastRouterTermination, data)
    return read_advertisement(MulticastRouterAdvertisement, data)


def read_advertisement(
    kind: type[AdvertisementT], data: memoryview
) -> tuple[AdvertisementT, memoryview]:
    """Return an advertisement, and what is behind it.

    Raises:
        TruncatedError: fewer than 8 octets.
    """
    _require(data, LAYOUT.size)
    _, interval, checksum, query_interval, robustness = LAYOUT.unpack_from(data)
    return kind(interval, query_interval, robustness, checksum), data[LAYOUT.size :]


def read_bare(kind: type[BareT], data: memoryview) -> tuple[BareT, memoryview]:
    """Return a message without a body, and what is behind it.

    Raises:
        TruncatedError: fewer than 4 octets.
    """
    _require(data, HEAD.size)
    _, reserved, checksum = HEAD.unpack_from(data)
    return kind(reserved, checksum), data[HEAD.size :]


def _require(data: memoryview, size: int) -> None:
    if len(data) < size:
        raise TruncatedError(f"multicast router: {len(data)} of {size} header octets")
