"""Options of TCP (RFC 9293 §3.2): what :attr:`TCP.options` holds.

All but the first two have a length octet after their kind, which counts both.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

from rawkit.errors import BuildError
from rawkit.record import record

LONGEST = 40
"""Octets of options that a header has room for."""
EDGES = struct.Struct("!II")


class Kind(IntEnum):
    """Option kinds (IANA)."""

    END = 0
    NO_OPERATION = 1
    MAXIMUM_SEGMENT_SIZE = 2
    WINDOW_SCALE = 3
    SACK_PERMITTED = 4
    SACK = 5
    TIMESTAMPS = 8


@record
class End:
    """No more options: what follows is padding."""

    padding: bytes = b""


@record
class NoOperation:
    """Fills a gap of one octet."""


@record
class MaximumSegmentSize:
    """The largest segment that the sender of a SYN can take in (RFC 9293 §3.7.1)."""

    size: int
    """In octets, headers not counted."""


@record
class WindowScale:
    """By how many bits the sender of a SYN shifts the windows that it gives (RFC 7323 §2)."""

    shift: int


@record
class SackPermitted:
    """The sender of a SYN understands selective acknowledgments (RFC 2018 §2)."""


@record
class Sack:
    """What has arrived beyond a gap (RFC 2018 §3)."""

    blocks: tuple[tuple[int, int], ...]
    """The first sequence number of each, and the one behind its last."""


@record
class Timestamps:
    """The sender's clock and the last one heard from the other side (RFC 7323 §3)."""

    value: int
    echo: int = 0


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
    | MaximumSegmentSize
    | WindowScale
    | SackPermitted
    | Sack
    | Timestamps
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
        raise BuildError(f"TCP options: {error} in {options}") from error
    if len(octets) > LONGEST:
        raise BuildError(f"TCP options: {len(octets)} octets, and {LONGEST} fit")
    return octets.ljust(-(-len(octets) // 4) * 4, b"\0")


def _options(data: bytes) -> Iterator[Option]:
    while data:
        kind = data[0]
        if kind == Kind.END:
            yield End(data[1:])
            return
        length = 1 if kind == Kind.NO_OPERATION else data[1] if len(data) > 1 else 0
        if length > len(data) or (length < 2 and kind != Kind.NO_OPERATION):
            yield Malformed(data)
            return
        yield NoOperation() if length == 1 else _option(kind, data[2:length])
        data = data[length:]


def _option(kind: int, body: bytes) -> Option:
    match kind, len(body):
        case Kind.MAXIMUM_SEGMENT_SIZE, 2:
            return MaximumSegmentSize(int.from_bytes(body, "big"))
        case Kind.WINDOW_SCALE, 1:
            return WindowScale(body[0])
        case Kind.SACK_PERMITTED, 0:
            return SackPermitted()
        case Kind.SACK, length if length and length % EDGES.size == 0:
            return Sack(tuple((left, right) for left, right in EDGES.iter_unpack(body)))
        case Kind.TIMESTAMPS, EDGES.size:
            return Timestamps(*EDGES.unpack(body))
    return Other(kind, body)


def _packed(option: Option) -> bytes:
    match option:
        case End(padding=padding):
            return bytes((Kind.END,)) + padding
        case NoOperation():
            return bytes((Kind.NO_OPERATION,))
        case MaximumSegmentSize(size=size):
            return _framed(Kind.MAXIMUM_SEGMENT_SIZE, struct.pack("!H", size))
        case WindowScale(shift=shift):
            return _framed(Kind.WINDOW_SCALE, bytes((shift,)))
        case SackPermitted():
            return _framed(Kind.SACK_PERMITTED, b"")
        case Sack(blocks=blocks):
            return _framed(Kind.SACK, b"".join(EDGES.pack(*block) for block in blocks))
        case Timestamps(value=value, echo=echo):
            return _framed(Kind.TIMESTAMPS, EDGES.pack(value, echo))
        case Other(kind=kind, data=data):
            return _framed(kind, data)
        case Malformed(octets=octets):
            return octets


def _framed(kind: int, body: bytes) -> bytes:
    return bytes((kind, 2 + len(body))) + body
