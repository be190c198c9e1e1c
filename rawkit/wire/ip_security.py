"""Security options of IPv4: how secret is this? (RFC 791 §3.1, RFC 1108, FIPS 188)."""

import struct
from enum import IntEnum, IntFlag

from rawkit.record import record

SECURITY, EXTENDED, COMMERCIAL = 130, 133, 134
OLD = struct.Struct("!H2s2s3s")
DOMAIN = struct.Struct("!I")


class Level(IntEnum):
    """Classification levels; any two differ in four bits (RFC 1108 §2.3)."""

    TOP_SECRET = 0x3D
    SECRET = 0x5A
    CONFIDENTIAL = 0x96
    UNCLASSIFIED = 0xAB


class Authority(IntFlag):
    """Whose rules hold: the first octet of protection authority flags (RFC 1108 §2.4)."""

    GENSER = 0x80
    SIOP_ESI = 0x40
    SCI = 0x20
    NSA = 0x10
    DOE = 0x08
    MORE = 0x01
    """Another octet of flags follows."""


@record
class DatagramSecurity:
    """The security option as it was first: 11 octets, by which it is known (RFC 791 §3.1)."""

    level: int
    compartments: bytes = bytes(2)
    handling: bytes = bytes(2)
    """Two characters; zeros: no restrictions."""
    transmission: bytes = bytes(3)
    """Three characters: the transmission control code."""


@record
class BasicSecurity:
    """The classification level of a datagram, and whose rules hold (RFC 1108 §2)."""

    level: int
    authorities: bytes = b""
    """Flags, of which the lowest bit says that another octet follows; see :class:`Authority`."""


@record
class ExtendedSecurity:
    """Further security labels, in a format that some authority has laid down (RFC 1108 §3)."""

    format: int
    info: bytes = b""


@record
class Tag:
    """One set of security attributes (FIPS 188)."""

    type: int
    data: bytes = b""
    """All after the tag's length octet."""


@record
class CommercialSecurity:
    """CIPSO: labels that a domain of interpretation gives their sense (FIPS 188)."""

    domain: int
    tags: tuple[Tag, ...] = ()


SecurityOption = DatagramSecurity | BasicSecurity | ExtendedSecurity | CommercialSecurity


def read(kind: int, body: bytes) -> SecurityOption | None:
    """Return a security option; ``None`` if it is none, or one that makes no sense."""
    match kind:
        case 130 if len(body) == OLD.size:
            return DatagramSecurity(*OLD.unpack(body))
        case 130 if body:
            return BasicSecurity(body[0], body[1:])
        case 133 if body:
            return ExtendedSecurity(body[0], body[1:])
        case 134 if len(body) >= DOMAIN.size:
            tags = _tags(body[DOMAIN.size :])
            if tags is not None:
                return CommercialSecurity(DOMAIN.unpack_from(body)[0], tags)
    return None


def packed(option: SecurityOption) -> tuple[int, bytes]:
    """Return the kind of an option and its octets after the length octet.

    Raises:
        ValueError, struct.error: a value does not fit.
    """
    match option:
        case DatagramSecurity():
            codes = option.compartments, option.handling, option.transmission
            if tuple(map(len, codes)) != (2, 2, 3):
                raise ValueError(f"2, 2 and 3 octets fit, not {codes}")
            return SECURITY, OLD.pack(option.level, *codes)
        case BasicSecurity(level=level, authorities=authorities):
            if 1 + len(authorities) == OLD.size:
                raise ValueError("8 octets of flags would read as the option of RFC 791")
            return SECURITY, bytes((level,)) + authorities
        case ExtendedSecurity(format=number, info=info):
            return EXTENDED, bytes((number,)) + info
        case CommercialSecurity(domain=domain, tags=tags):
            octets = (bytes((tag.type, 2 + len(tag.data))) + tag.data for tag in tags)
            return COMMERCIAL, DOMAIN.pack(domain) + b"".join(octets)


def _tags(data: bytes) -> tuple[Tag, ...] | None:
    """Return the tags; ``None`` if a length runs wild."""
    tags = []
    while data:
        length = data[1] if len(data) > 1 else 0
        if not 2 <= length <= len(data):
            return None
        tags.append(Tag(data[0], data[2:length]))
        data = data[length:]
    return tuple(tags)
