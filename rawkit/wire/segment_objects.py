"""What may follow the segments of a segment routing header: objects (RFC 8754 §2.1).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      type                  128 and above: may change on the way; 0 is all there is
1      length                of the data
2-     data                  of an HMAC (type 5): a bit that says whether the
                             destination need not be a segment, 15 reserved bits,
                             4 octets of key identifier, the digest
====== ===================== =================================================
"""

import struct
from collections.abc import Iterator
from ipaddress import IPv6Address

from rawkit.errors import BuildError
from rawkit.record import record

PAD1, PADN, HMAC = 0, 4, 5
UNIT = 8
HMAC_HEAD = struct.Struct("!HI")
NUMBERS = struct.Struct("!BBI")
"""What a digest covers between addresses: last entry, flags, key identifier."""
DIGEST = 32
"""Octets of the digest; a shorter one has zeros behind it."""


@record
class Pad1:
    """One octet that means nothing."""


@record
class PadN:
    """Two octets or more that mean nothing."""

    data: bytes = b""


@record
class Hmac:
    """A digest over the source, the flags and all segments (RFC 8754 §2.1.2)."""

    key_id: int
    digest: bytes = bytes(DIGEST)
    reduced: bool = False
    """Whether the first destination is not among the segments."""
    reserved: int = 0


@record
class Other:
    """An object unknown here, or one whose insides make no sense."""

    type: int
    data: bytes = b""


@record
class Malformed:
    """Octets from which on nothing can be read: a length runs wild."""

    octets: bytes


Object = Pad1 | PadN | Hmac | Other | Malformed


def decode_objects(data: bytes) -> tuple[Object, ...]:
    """Read objects. It never raises."""
    return tuple(_objects(data))


def encode_objects(*objects: Object) -> bytes:
    """Return objects as octets, padded to a multiple of 8.

    Raises:
        BuildError: a value does not fit its field.
    """
    try:
        octets = b"".join(map(_packed, objects))
    except (ValueError, struct.error) as error:
        raise BuildError(f"Routing: {error} in {objects}") from error
    lacking = -len(octets) % UNIT
    return octets + (_packed(PadN(bytes(lacking - 2))) if lacking > 1 else bytes(lacking))


def digest(
    source: IPv6Address,
    flags: int,
    segments: tuple[IPv6Address, ...],
    key_id: int,
    key: bytes,
    algorithm: str = "sha256",
) -> bytes:
    """Return what an HMAC object has to hold (RFC 8754 §2.1.2.1).

    Args:
        source: of the IPv6 header.
        flags: of the routing header.
        segments: of the routing header.
        key_id: which key that is.
        key: the secret.
        algorithm: a name that hashlib knows.

    Raises:
        BuildError: a value does not fit its field.
    """
    import hmac

    try:
        numbers = NUMBERS.pack(len(segments) - 1, flags, key_id)
    except struct.error as error:
        raise BuildError(f"Routing: {error}: flags {flags}, key {key_id}") from error
    covered = source.packed + numbers + b"".join(segment.packed for segment in segments)
    return hmac.digest(key, covered, algorithm).ljust(DIGEST, b"\0")[:DIGEST]


def _objects(data: bytes) -> Iterator[Object]:
    at = 0
    while at < len(data):
        if data[at] == PAD1:
            yield Pad1()
            at += 1
            continue
        end = at + 2 + data[at + 1] if at + 1 < len(data) else len(data) + 1
        if end > len(data):
            yield Malformed(data[at:])
            return
        yield _object(data[at], data[at + 2 : end])
        at = end


def _object(kind: int, data: bytes) -> Object:
    match kind:
        case 4:
            return PadN(data)
        case 5 if len(data) >= HMAC_HEAD.size:
            bits, key_id = HMAC_HEAD.unpack_from(data)
            return Hmac(key_id, data[HMAC_HEAD.size :], bool(bits >> 15), bits & 0x7FFF)
    return Other(kind, data)


def _packed(one: Object) -> bytes:
    match one:
        case Pad1():
            return bytes((PAD1,))
        case PadN(data=data):
            return _framed(PADN, data)
        case Hmac(key_id=key_id, digest=digest, reduced=reduced, reserved=reserved):
            if reserved > 0x7FFF:
                raise ValueError(f"reserved above {0x7FFF}")
            return _framed(HMAC, HMAC_HEAD.pack(reduced << 15 | reserved, key_id) + digest)
        case Other(type=kind, data=data):
            return _framed(kind, data)
        case Malformed(octets=octets):
            return octets


def _framed(kind: int, data: bytes) -> bytes:
    return bytes((kind, len(data))) + data
