"""What routers add to ICMP errors: extension objects (RFC 4884 §7).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      version               2, in the upper four bits
2-3    checksum              over the whole structure; 0: none was made
4-5    object's length       its four header octets included
6      object's class        1: MPLS (RFC 4950), 2: interface (RFC 5837)
7      object's type         a matter of the class
8-     object's payload      and then the next object
====== ===================== =================================================
"""

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.received import Checksum

HEADER = struct.Struct("!BxH")
OBJECT = struct.Struct("!HBB")
WORD = struct.Struct("!I")
SUB_ADDRESS = struct.Struct("!HH")
VERSION = 2

INDEX, ADDRESS, NAME, MTU = 0x08, 0x04, 0x02, 0x01
LONGEST_NAME = 63
"""Octets of an interface name; with its length octet 64 (RFC 5837 §4.3)."""


class ObjectClass(IntEnum):
    """Classes of extension objects (IANA)."""

    MPLS = 1
    INTERFACE = 2
    INTERFACE_IDENTIFICATION = 3


class Role(IntEnum):
    """What an interface had to do with the packet that died (RFC 5837 §4.1)."""

    INCOMING = 0
    SUB_IP = 1
    """A part of the incoming one, below IP: a link of a bundle."""
    OUTGOING = 2
    NEXT_HOP = 3


class AddressFamily(IntEnum):
    """Address family numbers (IANA)."""

    IPV4 = 1
    IPV6 = 2


@record
class Label:
    """An entry of the MPLS label stack under which the packet came (RFC 3032 §2.1)."""

    label: int
    traffic_class: int = 0
    bottom: bool = True
    ttl: int = 1


@record
class InterfaceInfo:
    """What a router says of one of its interfaces (RFC 5837)."""

    role: Role
    index: int | None = None
    """As in its MIB (``ifIndex``)."""
    address: Address | None = None
    name: str | None = None
    mtu: int | None = None


Decoded = tuple[Label, ...] | InterfaceInfo | None


@record
class ExtensionObject:
    """One object of an extension structure."""

    class_number: int
    class_type: int
    payload: bytes = b""

    @property
    def decoded(self) -> Decoded:
        """The payload's meaning; ``None`` if it has none known here, or is malformed."""
        try:
            match self.class_number, self.class_type:
                case ObjectClass.MPLS, 1:
                    return _labels(self.payload)
                case ObjectClass.INTERFACE, class_type:
                    return _interface(class_type, self.payload)
        except ParseError:
            return None
        return None


def read(extensions: bytes) -> tuple[ExtensionObject, ...]:
    """Return the objects in an extension structure, as far as they can be told apart.

    It never raises: routers have been seen to send all sorts of things. What the
    checksum says is :func:`verdict`'s to tell.
    """
    if len(extensions) < HEADER.size or extensions[0] >> 4 != VERSION:
        return ()
    return tuple(_objects(memoryview(extensions)[HEADER.size :]))


def verdict(extensions: bytes) -> Checksum | None:
    """Return whether the structure's checksum is right; ``None`` if it has none."""
    if len(extensions) < HEADER.size or extensions[2:4] == b"\0\0":
        return None
    return Checksum.BAD if internet_checksum(extensions) else Checksum.VALID


def build(objects: Iterable[ExtensionObject]) -> bytes:
    """Return an extension structure with these objects, checksum included.

    Raises:
        BuildError: an object's class, type or length does not fit.
    """
    body = b"".join(_packed(one) for one in objects)
    data = HEADER.pack(VERSION << 4, 0) + body
    return HEADER.pack(VERSION << 4, internet_checksum(data)) + body


def mpls(*stack: Label) -> ExtensionObject:
    """Return an object that tells of a label stack, outermost label first.

    Raises:
        BuildError: a value does not fit its field.
    """
    entries = []
    for entry in stack:
        if not (0 <= entry.label < 1 << 20 and 0 <= entry.traffic_class < 8):
            raise BuildError(f"MPLS: label above 20 bits or traffic_class above 7 in {entry}")
        if not 0 <= entry.ttl < 256:
            raise BuildError(f"MPLS: ttl above 255 in {entry}")
        bits = entry.label << 12 | entry.traffic_class << 9 | entry.bottom << 8 | entry.ttl
        entries.append(WORD.pack(bits))
    return ExtensionObject(ObjectClass.MPLS, 1, b"".join(entries))


def interface(info: InterfaceInfo) -> ExtensionObject:
    """Return an object that tells of an interface.

    Raises:
        BuildError: a number or the name does not fit.
    """
    class_type, parts = info.role << 6, []
    try:
        if info.index is not None:
            class_type |= INDEX
            parts.append(WORD.pack(info.index))
        if info.address is not None:
            class_type |= ADDRESS
            family = AddressFamily.IPV4 if info.address.version == 4 else AddressFamily.IPV6
            parts.append(SUB_ADDRESS.pack(family, 0) + info.address.packed)
        if info.name is not None:
            class_type |= NAME
            parts.append(_packed_name(info.name))
        if info.mtu is not None:
            class_type |= MTU
            parts.append(WORD.pack(info.mtu))
    except struct.error as error:
        raise BuildError(f"interface: {error} in {info}") from error
    return ExtensionObject(ObjectClass.INTERFACE, class_type, b"".join(parts))


def _objects(data: memoryview) -> Iterator[ExtensionObject]:
    while len(data) >= OBJECT.size:
        length, class_number, class_type = OBJECT.unpack_from(data)
        if not OBJECT.size <= length <= len(data):
            return  # the next object's beginning is anyone's guess
        yield ExtensionObject(class_number, class_type, bytes(data[OBJECT.size : length]))
        data = data[length:]


def _packed(one: ExtensionObject) -> bytes:
    try:
        head = OBJECT.pack(OBJECT.size + len(one.payload), one.class_number, one.class_type)
    except struct.error as error:
        raise BuildError(f"extension object: {error} in {one}") from error
    return head + one.payload


def _packed_name(name: str) -> bytes:
    octets = name.encode()
    if len(octets) > LONGEST_NAME:
        raise BuildError(f"interface: name of {len(octets)} octets, above {LONGEST_NAME}")
    size = -(-(1 + len(octets)) // 4) * 4
    return bytes((size,)) + octets.ljust(size - 1, b"\0")


def _labels(payload: bytes) -> tuple[Label, ...]:
    if not payload or len(payload) % WORD.size:
        raise ParseError(f"MPLS: {len(payload)} octets are no whole label stack")
    return tuple(
        Label(entry >> 12, entry >> 9 & 0b111, bool(entry & 0x100), entry & 0xFF)
        for (entry,) in WORD.iter_unpack(payload)
    )


def _interface(class_type: int, payload: bytes) -> InterfaceInfo:
    index, address, name, mtu = None, None, None, None
    rest = payload
    if class_type & INDEX:
        index, rest = _word(rest)
    if class_type & ADDRESS:
        address, rest = _address(rest)
    if class_type & NAME:
        name, rest = _name(rest)
    if class_type & MTU:
        mtu, rest = _word(rest)
    return InterfaceInfo(Role(class_type >> 6), index, address, name, mtu)


def _word(data: bytes) -> tuple[int, bytes]:
    taken, rest = _take(data, WORD.size)
    return int.from_bytes(taken, "big"), rest


def _address(data: bytes) -> tuple[Address, bytes]:
    head, rest = _take(data, SUB_ADDRESS.size)
    family, _ = SUB_ADDRESS.unpack(head)
    match family:
        case AddressFamily.IPV4:
            octets, rest = _take(rest, 4)
            return IPv4Address(octets), rest
        case AddressFamily.IPV6:
            octets, rest = _take(rest, 16)
            return IPv6Address(octets), rest
    raise ParseError(f"interface: address family {family}")


def _name(data: bytes) -> tuple[str, bytes]:
    if not data or data[0] % 4 or not 4 <= data[0] <= LONGEST_NAME + 1:
        raise ParseError("interface: the name's length is no multiple of 4 from 4 to 64")
    octets, rest = _take(data, data[0])
    return octets[1:].rstrip(b"\0").decode(errors="replace"), rest


def _take(data: bytes, size: int) -> tuple[bytes, bytes]:
    if len(data) < size:
        raise TruncatedError(f"interface: {len(data)} of {size} octets")
    return data[:size], data[size:]
