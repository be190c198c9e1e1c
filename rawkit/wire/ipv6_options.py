"""Options of IPv6 (RFC 8200 §4.2): what hop-by-hop and destination options headers hold.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      type                  2 bits say what to do if it is unknown, 1 whether
                             it may change on the way; 0, Pad1, is all there is
1      length                of the data
2-     data
====== ===================== =================================================

An option begins at a multiple of n octets from the start of its header, plus some, so that
its fields lie evenly: :func:`encode` sees to that, :func:`encode_as_is` does not.
"""

import struct
from collections.abc import Callable, Iterator
from enum import IntEnum

from rawkit.errors import BuildError
from rawkit.record import record
from rawkit.wire.ipv6_option_values import (
    HomeAddress,
    JumboPayload,
    Kind,
    MinimumPathMtu,
    Nonce,
    Pad1,
    PadN,
    Performance,
    RouterAlert,
    Rpl,
    TunnelLimit,
)
from rawkit.wire.quick_start import QuickStart

UNIT = 8
"""Octets of which a header has a multiple."""
HEAD = 2
"""Octets of a header before its options."""
LARGEST = 256 * UNIT - HEAD
CHANGES = 0x20
"""The bit of a type that says: the data may change on the way (RFC 8200 §4.2)."""


class Action(IntEnum):
    """What who does not know an option does: its two highest bits (RFC 8200 §4.2)."""

    SKIP = 0
    DISCARD = 1
    COMPLAIN = 2
    """Discard, and send a parameter problem."""
    COMPLAIN_UNLESS_MULTICAST = 3


ALIGNMENT: dict[int, tuple[int, int]] = {
    Kind.ROUTER_ALERT: (2, 0),
    Kind.PERFORMANCE: (2, 0),
    Kind.RPL: (2, 0),
    Kind.QUICK_START: (4, 0),
    Kind.MINIMUM_PATH_MTU: (2, 0),
    Kind.RPL_OLD: (2, 0),
    Kind.JUMBO: (4, 2),
    Kind.HOME_ADDRESS: (8, 6),
}
"""Of what an option begins at a multiple, and how many octets behind it (RFC 8200 App. A)."""


@record
class Other:
    """An option unknown here, or one whose insides make no sense."""

    kind: int
    data: bytes = b""

    def packed(self) -> bytes:
        return self.data

    @property
    def action(self) -> Action:
        """What who does not know it does."""
        return action(self.kind)


@record
class Malformed:
    """Octets from which on nothing can be read: a length runs wild."""

    octets: bytes


Option = (
    Pad1
    | PadN
    | TunnelLimit
    | RouterAlert
    | Performance
    | Rpl
    | QuickStart
    | MinimumPathMtu
    | Nonce
    | JumboPayload
    | HomeAddress
    | Other
    | Malformed
)


READERS: dict[int, Callable[[bytes], Option | None]] = {
    one.kind: one.read
    for one in (
        PadN,
        TunnelLimit,
        RouterAlert,
        Performance,
        MinimumPathMtu,
        Nonce,
        JumboPayload,
        HomeAddress,
    )
} | {
    Kind.RPL: Rpl.read,
    Kind.RPL_OLD: Rpl.read_old,
    Kind.QUICK_START: QuickStart.read,
}


def action(kind: int) -> Action:
    """Return what who does not know options of this type does."""
    return Action(kind >> 6 & 0b11)


def may_change(kind: int) -> bool:
    """Whether the data of options of this type may change on the way."""
    return bool(kind & CHANGES)


def decode(options: bytes) -> tuple[Option, ...]:
    """Read the options of a header. It never raises."""
    return tuple(_option(octets) for octets in each(options))


def each(options: bytes) -> Iterator[bytes]:
    """Yield the octets of one option after the other, at last what cannot be told apart."""
    at = 0
    while at < len(options):
        length = _length(options, at) or len(options) - at
        yield options[at : at + length]
        at += length


def encode(*options: Option) -> bytes:
    """Return options as octets, each where it may begin, and padded for the header's length.

    Raises:
        BuildError: they do not fit into a header, or a value not into its field.
    """
    octets = bytearray()
    for option in options:
        one = _packed(option)
        multiple, plus = ALIGNMENT.get(one[0], (1, 0)) if one else (1, 0)
        octets += _padding((plus - HEAD - len(octets)) % multiple) + one
    octets += _padding(-(HEAD + len(octets)) % UNIT)
    return _checked(bytes(octets))


def encode_as_is(*options: Option) -> bytes:
    """Return options as octets with no padding between them or behind.

    Of what :func:`decode` has read it makes the same octets.

    Raises:
        BuildError: as for :func:`encode`.
    """
    return _checked(b"".join(map(_packed, options)))


def misplaced(options: bytes) -> tuple[Option, ...]:
    """Return the options that do not begin where they should."""
    found, at = [], HEAD
    for octets in each(options):
        multiple, plus = ALIGNMENT.get(octets[0], (1, 0))
        if (at - plus) % multiple:
            found.append(_option(octets))
        at += len(octets)
    return tuple(found)


def _checked(octets: bytes) -> bytes:
    if len(octets) > LARGEST:
        raise BuildError(f"IPv6 options: {len(octets)} octets, and {LARGEST} fit")
    return octets


def _padding(size: int) -> bytes:
    return bytes(size) if size < 2 else bytes((Kind.PADN, size - 2)) + bytes(size - 2)


def _length(options: bytes, at: int) -> int:
    """Return the length of the option there; 0 if it runs wild."""
    if options[at] == Kind.PAD1:
        return 1
    length = 2 + options[at + 1] if at + 1 < len(options) else 0
    return length if at + length <= len(options) else 0


def _option(octets: bytes) -> Option:
    """Read the octets of one option."""
    if octets[0] == Kind.PAD1:
        return Pad1()
    if len(octets) < 2 or octets[1] != len(octets) - 2:
        return Malformed(octets)
    kind, data = octets[0], octets[2:]
    read = READERS.get(kind)
    return (read(data) if read else None) or Other(kind, data)


def _packed(option: Option) -> bytes:
    match option:
        case Pad1():
            return bytes((Kind.PAD1,))
        case Malformed(octets=octets):
            return octets
    kind = Kind.QUICK_START if isinstance(option, QuickStart) else option.kind
    try:
        data = option.packed()
        return bytes((kind, len(data))) + data
    except (ValueError, struct.error) as error:
        raise BuildError(f"IPv6 options: {error} in {option}") from error
