"""Options of TCP (RFC 9293 §3.2): what :attr:`TCP.options` holds.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      kind
1      length                of all of it; 0 (end) and 1 (no operation) lack it
2-     data
====== ===================== =================================================

What is read is packed octet for octet as it was. Digests are worked out by
:mod:`rawkit.wire.tcp_md5` and :mod:`rawkit.wire.tcp_authentication`.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

from rawkit.errors import BuildError
from rawkit.record import record

LONGEST = 40
"""Octets of options that a header has room for."""
EDGES = struct.Struct("!II")
DIGEST = 16
"""Octets of an MD5 digest."""
FAST_OPEN_MAGIC = b"\xf9\x89"
"""What tells Fast Open from other experiments that share kind 254 (RFC 7413 App. A)."""
COOKIES = (0, *range(4, 17, 2))
"""Octets that a Fast Open cookie may have; 0 asks for one."""


class Kind(IntEnum):
    """Option kinds (IANA)."""

    END = 0
    NO_OPERATION = 1
    MAXIMUM_SEGMENT_SIZE = 2
    WINDOW_SCALE = 3
    SACK_PERMITTED = 4
    SACK = 5
    TIMESTAMPS = 8
    MD5 = 19
    USER_TIMEOUT = 28
    AUTHENTICATION = 29
    MULTIPATH = 30
    FAST_OPEN = 34
    EXPERIMENT = 254


class Subtype(IntEnum):
    """What a multipath option is about (RFC 8684 §3, IANA)."""

    CAPABLE = 0
    JOIN = 1
    DATA_SEQUENCE = 2
    ADD_ADDRESS = 3
    REMOVE_ADDRESS = 4
    PRIORITY = 5
    FAIL = 6
    FAST_CLOSE = 7
    RESET = 8


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
class Md5:
    """A digest over the segment and a secret (RFC 2385)."""

    digest: bytes = bytes(DIGEST)


@record
class UserTimeout:
    """How long the sender keeps data that is not acknowledged (RFC 5482)."""

    value: int
    minutes: bool = False
    """Whether the value counts minutes instead of seconds."""


@record
class Authentication:
    """TCP-AO: a message authentication code, and with which keys (RFC 5925 §2.2)."""

    key_id: int
    next_key_id: int
    """Of the key that the sender would like to receive with."""
    mac: bytes = bytes(12)


@record
class Multipath:
    """Multipath TCP, framed: what it is about and the rest (RFC 8684 §3)."""

    subtype: int
    bits: int = 0
    """The 4 bits behind the subtype: a version or flags."""
    data: bytes = b""


@record
class FastOpen:
    """A cookie that lets a SYN carry data, or the request for one (RFC 7413 §4.1)."""

    cookie: bytes = b""
    """4 to 16 octets, of an even number; none: one is asked for."""
    experimental: bool = False
    """Whether it is in the option of experiments."""


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
    | Md5
    | UserTimeout
    | Authentication
    | Multipath
    | FastOpen
    | Other
    | Malformed
)


Rarer = Md5 | UserTimeout | Authentication | Multipath | FastOpen


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
    return _rarer(kind, body) or Other(kind, body)


def _rarer(kind: int, body: bytes) -> Option | None:
    match kind, len(body):
        case Kind.MD5, 16:
            return Md5(body)
        case Kind.USER_TIMEOUT, 2:
            value = int.from_bytes(body, "big")
            return UserTimeout(value & 0x7FFF, bool(value >> 15))
        case Kind.AUTHENTICATION, length if length >= 2:
            return Authentication(body[0], body[1], body[2:])
        case Kind.MULTIPATH, length if length:
            return Multipath(body[0] >> 4, body[0] & 0x0F, body[1:])
        case Kind.FAST_OPEN, length if length in COOKIES:
            return FastOpen(body)
        case Kind.EXPERIMENT, length if body[:2] == FAST_OPEN_MAGIC and length - 2 in COOKIES:
            return FastOpen(body[2:], experimental=True)
    return None


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
    return _framed(*_rarer_parts(option))


def _rarer_parts(option: Rarer) -> tuple[int, bytes]:
    match option:
        case Md5(digest=digest):
            _check(len(digest) == DIGEST, f"a digest of {len(digest)} octets")
            return Kind.MD5, digest
        case UserTimeout(value=value, minutes=minutes):
            _check(0 <= value <= 0x7FFF, "a value that is not within 15 bits")
            return Kind.USER_TIMEOUT, (minutes << 15 | value).to_bytes(2, "big")
        case Authentication(key_id=key_id, next_key_id=next_key_id, mac=mac):
            return Kind.AUTHENTICATION, bytes((key_id, next_key_id)) + mac
        case Multipath(subtype=subtype, bits=bits, data=data):
            _check(0 <= bits <= 0x0F, "bits that are not within 4")
            return Kind.MULTIPATH, bytes((subtype << 4 | bits,)) + data
        case FastOpen(cookie=cookie, experimental=experimental):
            _check(len(cookie) in COOKIES, f"a cookie of {len(cookie)} octets")
            magic = FAST_OPEN_MAGIC if experimental else b""
            return Kind.EXPERIMENT if experimental else Kind.FAST_OPEN, magic + cookie


def _check(fits: bool, what: str) -> None:
    if not fits:
        raise ValueError(what)


def _framed(kind: int, body: bytes) -> bytes:
    return bytes((kind, 2 + len(body))) + body
