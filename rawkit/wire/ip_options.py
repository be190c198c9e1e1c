"""Options of IPv4 (RFC 791 §3.1): what :attr:`IPv4.options` holds.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      kind                  the copied flag, 2 bits of class, 5 of number
1      length                of all of it; 0 (end) and 1 (no operation) lack it
2-     data                  what routers fill in begins with a pointer to the
                             next free slot, counted from 1 at the kind
====== ===================== =================================================

Decoded are record route, source routes and timestamp (RFC 791), router alert (RFC 2113),
quick-start (RFC 4782) and security (:mod:`rawkit.wire.ip_security`). What is read is
packed octet for octet as it was.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from ipaddress import IPv4Address

from rawkit.errors import BuildError
from rawkit.record import record
from rawkit.wire import ip_security
from rawkit.wire.address import ipv4_address
from rawkit.wire.ip_security import (
    BasicSecurity,
    CommercialSecurity,
    DatagramSecurity,
    ExtendedSecurity,
)
from rawkit.wire.quick_start import QuickStart

LONGEST = 40
"""Octets of options that a header has room for."""
COPIED = 0x80
"""The bit of a kind that says: into every fragment (RFC 791 §3.1)."""
SLOT = 4
WORD = struct.Struct("!I")
ROUTE_HEAD = 3
"""Kind, length and pointer, before the slots of a route."""
STAMP_HEAD = 4
"""Kind, length, pointer, overflow and flag, before the slots of timestamps."""


class Kind(IntEnum):
    """Option kinds (IANA), copied flag and class included."""

    END = 0
    NO_OPERATION = 1
    RECORD_ROUTE = 7
    QUICK_START = 25
    TIMESTAMP = 68
    SECURITY = 130
    LOOSE_SOURCE_ROUTE = 131
    EXTENDED_SECURITY = 133
    COMMERCIAL_SECURITY = 134
    STRICT_SOURCE_ROUTE = 137
    ROUTER_ALERT = 148
    MULTI_DESTINATION = 149


class Stamping(IntEnum):
    """Who writes what into a timestamp option."""

    TIMES = 0
    """Every router a time."""
    ADDRESSES_AND_TIMES = 1
    """Every router its address and a time."""
    ASKED_ROUTERS = 3
    """Only routers whose turn it is in a list of addresses, a time each."""


@record
class End:
    """No more options: what follows is padding."""

    padding: bytes = b""


@record
class NoOperation:
    """Fills a gap of one octet."""


@record
class RecordRoute:
    """Asks routers to leave the address by which they pass the packet on."""

    recorded: tuple[IPv4Address, ...] = ()
    free: int = 9
    """Slots not yet filled; nine slots in all is the most that fits."""
    rest: bytes = b""
    """What is in them, if it is not zeros."""


@record
class SourceRoute:
    """Stations to visit on the way. The header's own destination is the next of them."""

    stations: tuple[IPv4Address, ...]
    visited: int = 0
    """How many of the stations are behind; these slots hold recorded addresses."""
    strict: bool = False
    """Whether no other router may lie between."""


@record
class Stamp:
    """One entry of a timestamp option."""

    address: IPv4Address | None = None
    time: int | None = None
    """Milliseconds since midnight UTC; not so if the highest of 32 bits is set.

    ``None``: the router whose turn it is has not been reached.
    """


@record
class Timestamp:
    """Asks routers when they passed the packet on."""

    stamping: int = Stamping.TIMES
    stamps: tuple[Stamp, ...] = ()
    free: int = 0
    """Slots not yet filled, where not asked of listed routers."""
    overflow: int = 0
    """Routers that found no free slot."""
    rest: bytes = b""
    """What is in free slots, if it is not zeros."""


@record
class RouterAlert:
    """Asks every router to look inside (RFC 2113)."""

    value: int = 0


@record
class Other:
    """An option unknown here, or one whose insides make no sense."""

    kind: int
    data: bytes = b""
    """All after the length octet."""


@record
class Malformed:
    """Octets from which on nothing can be read: a length field runs wild."""

    octets: bytes


Option = (
    End
    | NoOperation
    | RecordRoute
    | SourceRoute
    | Timestamp
    | RouterAlert
    | QuickStart
    | DatagramSecurity
    | BasicSecurity
    | ExtendedSecurity
    | CommercialSecurity
    | Other
    | Malformed
)


def decode(options: bytes) -> tuple[Option, ...]:
    """Read the options of a header. It never raises."""
    return tuple(_options(options))


def encode(*options: Option) -> bytes:
    """Return options as octets, padded to a multiple of 4.

    Raises:
        BuildError: they do not fit into 40 octets, or a value not into its field.
    """
    try:
        octets = b"".join(_packed(option) for option in options)
    except (ValueError, struct.error) as error:
        raise BuildError(f"IPv4 options: {error} in {options}") from error
    if len(octets) > LONGEST:
        raise BuildError(f"IPv4 options: {len(octets)} octets, and {LONGEST} fit")
    return _padded(octets)


def through(
    *stations: IPv4Address, destination: IPv4Address, strict: bool = False
) -> tuple[IPv4Address, SourceRoute]:
    """Return the destination of a header and the option that lead through some stations.

    Args:
        stations: to be visited in this order; one, at least.
        destination: where it goes in the end.
        strict: whether no other router may lie between.

    Raises:
        BuildError: there are no stations.
    """
    if not stations:
        raise BuildError("IPv4 options: a source route has one station, at least")
    first, *others = stations
    return first, SourceRoute((*others, destination), strict=strict)


def final_destination(options: bytes) -> IPv4Address | None:
    """Return the last station of a source route that is not there yet, or ``None``."""
    for option in decode(options):
        if isinstance(option, SourceRoute) and option.visited < len(option.stations):
            return option.stations[-1]
    return None


def in_later_fragments(options: bytes) -> bytes:
    """Return the options that every fragment has: those with the copied flag."""
    kept = (octets for octets in each(options) if octets[0] & COPIED and _length(octets))
    return _padded(b"".join(kept))


def each(options: bytes) -> Iterator[bytes]:
    """Yield the octets of one option after the other.

    The last has all that is left, if that is the end or if its length runs wild.
    """
    while options:
        length = _length(options) or len(options)
        yield options[:length]
        options = options[length:]


def _length(data: bytes) -> int:
    """Return the length of the option at the beginning; 0 for the end and for nonsense."""
    if data[0] == Kind.NO_OPERATION:
        return 1
    length = data[1] if data[0] != Kind.END and len(data) > 1 else 0
    return length if 2 <= length <= len(data) else 0


def _padded(octets: bytes) -> bytes:
    return octets.ljust(-(-len(octets) // 4) * 4, b"\0")


def _options(options: bytes) -> Iterator[Option]:
    for octets in each(options):
        kind, length = octets[0], _length(octets)
        if kind == Kind.END:
            yield End(octets[1:])
        elif length == 0:
            yield Malformed(octets)
        else:
            yield NoOperation() if kind == Kind.NO_OPERATION else _option(kind, octets[2:])


def _option(kind: int, body: bytes) -> Option:
    match kind:
        case Kind.RECORD_ROUTE if (route := _route(body)) is not None:
            addresses, filled = route
            rest = _unless_zero(body[1 + SLOT * filled :])
            return RecordRoute(addresses[:filled], len(addresses) - filled, rest)
        case Kind.LOOSE_SOURCE_ROUTE | Kind.STRICT_SOURCE_ROUTE if (
            route := _route(body)
        ) is not None:
            return SourceRoute(*route, strict=kind == Kind.STRICT_SOURCE_ROUTE)
        case Kind.TIMESTAMP if (timestamp := _timestamp(body)) is not None:
            return timestamp
        case Kind.ROUTER_ALERT if len(body) == 2:
            return RouterAlert(int.from_bytes(body, "big"))
        case Kind.QUICK_START if (asked := QuickStart.read(body)) is not None:
            return asked
    return ip_security.read(kind, body) or Other(kind, body)


def _route(body: bytes) -> tuple[tuple[IPv4Address, ...], int] | None:
    """Return all slots and how many lie before the pointer; ``None`` if that cannot be."""
    filled = _filled(body, ROUTE_HEAD, SLOT)
    if filled is None:
        return None
    slots = (body[start : start + SLOT] for start in range(1, len(body), SLOT))
    return tuple(ipv4_address(slot) for slot in slots), filled


def _timestamp(body: bytes) -> Timestamp | None:
    if len(body) < 2:
        return None
    overflow, stamping = body[1] >> 4, body[1] & 0x0F
    if stamping not in tuple(Stamping):
        return None
    with_address = stamping != Stamping.TIMES
    size = 2 * SLOT if with_address else SLOT
    filled = _filled(body, STAMP_HEAD, size)
    if filled is None:
        return None
    stamps = []
    for index, start in enumerate(range(2, len(body), size)):
        words = WORD.iter_unpack(body[start : start + size])
        address = IPv4Address(next(words)[0]) if with_address else None
        stamps.append(Stamp(address, next(words)[0] if index < filled else None))
    asked = stamping == Stamping.ASKED_ROUTERS
    kept = tuple(stamps if asked else stamps[:filled])
    rest = _unless_zero(body[2 + size * len(kept) :])
    timestamp = Timestamp(stamping, kept, len(stamps) - len(kept), overflow, rest)
    return timestamp if _packed_timestamp(timestamp)[2:] == body else None


def _unless_zero(octets: bytes) -> bytes:
    return octets if any(octets) else b""


def _filled(body: bytes, head: int, size: int) -> int | None:
    """Return how many slots lie before the pointer, which counts from the option's start."""
    slots, rest = divmod(len(body) + 2 - head, size)
    if not body or rest:
        return None
    filled, rest = divmod(body[0] - head - 1, size)
    return filled if rest == 0 and 0 <= filled <= slots else None


def _packed(option: Option) -> bytes:
    match option:
        case End(padding=padding):
            return bytes((Kind.END,)) + padding
        case NoOperation():
            return bytes((Kind.NO_OPERATION,))
        case RecordRoute(recorded=recorded, free=free, rest=rest):
            slots = b"".join(address.packed for address in recorded) + _free(SLOT * free, rest)
            return _framed(Kind.RECORD_ROUTE, _pointer(ROUTE_HEAD, len(recorded), SLOT), slots)
        case SourceRoute(stations=stations, visited=visited, strict=strict):
            kind = Kind.STRICT_SOURCE_ROUTE if strict else Kind.LOOSE_SOURCE_ROUTE
            slots = b"".join(address.packed for address in stations)
            return _framed(kind, _pointer(ROUTE_HEAD, visited, SLOT), slots)
        case Timestamp():
            return _packed_timestamp(option)
        case RouterAlert(value=value):
            return _framed(Kind.ROUTER_ALERT, bytes((value >> 8, value & 0xFF)))
        case QuickStart():
            return _framed(Kind.QUICK_START, option.packed())
        case Other(kind=kind, data=data):
            return _framed(kind, data)
        case Malformed(octets=octets):
            return octets
        case _:
            return _framed(*ip_security.packed(option))


def _packed_timestamp(option: Timestamp) -> bytes:
    with_address = option.stamping != Stamping.TIMES
    size = 2 * SLOT if with_address else SLOT
    slots = bytearray()
    for stamp in option.stamps:
        if with_address:
            slots += (stamp.address or IPv4Address(0)).packed
        slots += WORD.pack(stamp.time or 0)
    filled = sum(stamp.time is not None for stamp in option.stamps)
    head = _pointer(STAMP_HEAD, filled, size) + bytes((option.overflow << 4 | option.stamping,))
    return _framed(Kind.TIMESTAMP, head, bytes(slots), _free(size * option.free, option.rest))


def _free(size: int, rest: bytes) -> bytes:
    """Return free slots."""
    if rest and len(rest) != size:
        raise ValueError(f"{len(rest)} octets for {size} in free slots")
    return rest or bytes(size)


def _pointer(head: int, filled: int, size: int) -> bytes:
    return bytes((head + 1 + filled * size,))


def _framed(kind: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes((kind, 2 + len(body))) + body
