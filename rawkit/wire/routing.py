"""Routing headers of IPv6 as values: what :attr:`Routing.data` holds (RFC 8200 §4.4).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-3    of every kind         next header, length, kind, segments left
4-7    reserved              kind 0 (RFC 5095: deprecated) and 2 (RFC 6275 §6.4)
8-     addresses             of kind 2 one, the home address
4      CmprI, CmprE          kind 3 (RFC 6554 §3): octets that addresses, and the
                             last of them, share with the destination and lack
5-7    pad, reserved         4 and 20 bits; pad: octets behind the addresses
8-     addresses, padding
4      last entry            kind 4 (RFC 8754 §2): the index of the last segment
5      flags
6-7    tag                   marks packets that belong together
8-     segments, objects     that of the end of the path first; see
                             :mod:`rawkit.wire.segment_objects`
====== ===================== =================================================

The destination of the IPv6 header is the next station; ``segments_left`` counts those
behind it.
"""

import struct
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import ClassVar, Self

from rawkit.errors import BuildError
from rawkit.record import record
from rawkit.wire.address import ipv6_address
from rawkit.wire.extensions import Routing, RoutingKind
from rawkit.wire.segment_objects import Object, decode_objects, encode_objects

WORD = struct.Struct("!I")
SEGMENT_HEAD = struct.Struct("!BBH")
ADDRESS = 16
UNIT = 8


@record
class SourceRoute:
    """Stations to visit in turn. No node follows it any more (RFC 5095)."""

    KIND: ClassVar[int] = RoutingKind.SOURCE_ROUTE

    stations: tuple[IPv6Address, ...]
    reserved: int = 0

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        if len(data) % ADDRESS != WORD.size:
            return None
        return cls(_addresses(data[WORD.size :]), *WORD.unpack_from(data))

    def packed(self) -> bytes:
        return WORD.pack(self.reserved) + b"".join(one.packed for one in self.stations)

    @property
    def longest(self) -> int:
        """How many stations can lie before its sender."""
        return len(self.stations)


@record
class HomeRoute:
    """To a mobile node at its care-of address, and there to its home address (RFC 6275 §6.4)."""

    KIND: ClassVar[int] = RoutingKind.MOBILE

    home: IPv6Address
    reserved: int = 0

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        if len(data) != WORD.size + ADDRESS:
            return None
        return cls(ipv6_address(data[WORD.size :]), *WORD.unpack_from(data))

    def packed(self) -> bytes:
        return WORD.pack(self.reserved) + self.home.packed

    @property
    def longest(self) -> int:
        """How many stations can lie before its sender."""
        return 1


@record
class RplRoute:
    """Stations whose addresses lack what they share with the destination (RFC 6554 §3)."""

    KIND: ClassVar[int] = RoutingKind.RPL

    tails: tuple[bytes, ...]
    """What addresses end with, the last one apart each as long as the others."""
    shared: int = 0
    """Octets that all but the last lack; what that lacks is plain from its length."""
    padding: bytes = b""
    reserved: int = 0

    @classmethod
    def of(cls, stations: Iterable[IPv6Address], destination: IPv6Address) -> Self:
        """Return the shortest route.

        Args:
            stations: behind the next one.
            destination: the next station: that of the IPv6 header.

        Raises:
            BuildError: there are no stations.
        """
        addresses = [one.packed for one in stations]
        if not addresses:
            raise BuildError("Routing: a route of kind 3 has one address, at least")
        *middle, last = addresses
        shared = min((_shared(one, destination.packed) for one in middle), default=0)
        end = last[_shared(last, destination.packed) :]
        tails = (*(one[shared:] for one in middle), end)
        return cls(tails, shared, bytes(-sum(map(len, tails)) % UNIT))

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        (word,) = WORD.unpack_from(data)
        shared, padding = word >> 28, word >> 20 & 0x0F
        size, end = ADDRESS - shared, len(data) - padding
        last = end - ADDRESS + (word >> 24 & 0x0F)
        if last < WORD.size or (last - WORD.size) % size:
            return None
        tails = (*(data[at : at + size] for at in range(WORD.size, last, size)), data[last:end])
        return cls(tails, shared, data[end:], word & 0xFFFFF)

    def packed(self) -> bytes:
        *middle, last = self.tails
        if not 1 <= len(last) <= ADDRESS or self.shared > 0x0F or self.reserved > 0xFFFFF:
            raise ValueError(f"{len(last)} octets of the last address, or a value that spills over")
        if any(len(tail) != ADDRESS - self.shared for tail in middle) or len(self.padding) > 0x0F:
            raise ValueError(f"{self.shared} octets shared, or {len(self.padding)} of padding")
        word = self.shared << 28 | (ADDRESS - len(last)) << 24 | len(self.padding) << 20
        return WORD.pack(word | self.reserved) + b"".join(self.tails) + self.padding

    def stations(self, destination: IPv6Address) -> tuple[IPv6Address, ...]:
        """Return the whole addresses.

        Args:
            destination: that of the IPv6 header.
        """
        head = destination.packed
        return tuple(ipv6_address(head[: ADDRESS - len(tail)] + tail) for tail in self.tails)

    @property
    def longest(self) -> int:
        """How many stations can lie before its sender."""
        return len(self.tails)


@record
class SegmentRoute:
    """Segments to visit, each with something to be done there: SRH (RFC 8754)."""

    KIND: ClassVar[int] = RoutingKind.SEGMENT

    segments: tuple[IPv6Address, ...]
    """Those at the end of the path first."""
    flags: int = 0
    tag: int = 0
    objects: tuple[Object, ...] = ()

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        last, flags, tag = SEGMENT_HEAD.unpack_from(data)
        end = SEGMENT_HEAD.size + (last + 1) * ADDRESS
        if end > len(data):
            return None
        segments = _addresses(data[SEGMENT_HEAD.size : end])
        return cls(segments, flags, tag, decode_objects(data[end:]))

    def packed(self) -> bytes:
        head = SEGMENT_HEAD.pack(len(self.segments) - 1, self.flags, self.tag)
        return head + b"".join(s.packed for s in self.segments) + encode_objects(*self.objects)

    @property
    def longest(self) -> int:
        """How many stations can lie before its sender, the destination not counted."""
        return len(self.segments) - 1


Route = SourceRoute | HomeRoute | RplRoute | SegmentRoute
KINDS: dict[int, type[Route]] = {
    one.KIND: one for one in (SourceRoute, HomeRoute, RplRoute, SegmentRoute)
}


def decode(header: Routing) -> Route | None:
    """Read a routing header; ``None`` if its kind is unknown here or its insides make no sense."""
    kind = KINDS.get(header.kind)
    return kind.read(header.data) if kind is not None and len(header.data) >= 4 else None


def encode(route: Route, segments_left: int | None = None) -> Routing:
    """Return the routing header of a route.

    Args:
        route: what it holds.
        segments_left: stations behind the next one; by default all, as its sender has it.

    Raises:
        BuildError: a value does not fit its field.
    """
    left = route.longest if segments_left is None else segments_left
    try:
        return Routing(route.KIND, left, route.packed())
    except (ValueError, struct.error) as error:
        raise BuildError(f"Routing: {error} in {route}") from error


def through(
    *stations: IPv6Address, destination: IPv6Address, kind: int = RoutingKind.SEGMENT
) -> tuple[IPv6Address, Routing]:
    """Return the destination of an IPv6 header and the routing header that lead somewhere.

    Args:
        stations: to be visited in this order; one, at least.
        destination: where it goes in the end.
        kind: of routing header.

    Raises:
        BuildError: there is no such kind, or it cannot have so many stations.
    """
    if not stations or (kind == RoutingKind.MOBILE and len(stations) > 1):
        raise BuildError(f"Routing: {len(stations)} stations for kind {kind}")
    first, *others = *stations, destination
    match kind:
        case RoutingKind.SOURCE_ROUTE:
            return first, encode(SourceRoute(tuple(others)))
        case RoutingKind.MOBILE:
            return first, encode(HomeRoute(destination))
        case RoutingKind.RPL:
            return first, encode(RplRoute.of(others, first))
        case RoutingKind.SEGMENT:
            return first, encode(SegmentRoute((*reversed(others), first)))
    raise BuildError(f"Routing: no way to write kind {kind}")


def _addresses(data: bytes) -> tuple[IPv6Address, ...]:
    return tuple(ipv6_address(data[at : at + ADDRESS]) for at in range(0, len(data), ADDRESS))


def _shared(one: bytes, other: bytes) -> int:
    """Return how many octets at their beginnings can be left out; one is kept."""
    differing = (place for place in range(ADDRESS - 1) if one[place] != other[place])
    return next(differing, ADDRESS - 1)
