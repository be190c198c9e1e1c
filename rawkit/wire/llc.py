"""Frames with a length instead of a type, and what they carry: LLC and SNAP (IEEE 802.3, 802.2).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-5    destination
6-11   source
12-13  length                of what follows, padding apart: 1500 at most (802.3 §3.2.6)
14     DSAP                  LLC begins; the lowest bit: to a group
15     SSAP                  the lowest bit: this is a response
16-17  control               1 octet if its two lowest bits are set, else 2, low one first
====== ===================== =================================================

SNAP is LLC with the SAPs 0xAA and control 0x03 (RFC 1042; IEEE 802 §9.2.3):

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
14-16  AA AA 03
17-19  OUI                   of who assigns the next; 00-00-00: it is an EtherType
20-21  protocol identifier
====== ===================== =================================================
"""

import struct
from enum import IntEnum
from typing import ClassVar, Self

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import MAC
from rawkit.wire.carrier import Carrier, EtherTyped, as_type, length_of
from rawkit.wire.ethernet import LAYOUT, LONGEST_LENGTH, Ethernet
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Header

SHORT = struct.Struct("<BBB")
LONG = struct.Struct("<BBH")
SNAP_LAYOUT = struct.Struct("!3s3sH")
UNNUMBERED = 0b11
"""The lowest bits of a control field of one octet."""
UNNUMBERED_INFORMATION = 0x03
SNAP_START = b"\xaa\xaa\x03"
ETHER_TYPE_OUIS = (b"\0\0\0", b"\0\0\xf8")
"""Whose protocol identifiers are EtherTypes (RFC 1042; IEEE 802.1H)."""


class SAP(IntEnum):
    """Who speaks LLC (IEEE 802, "LLC addresses")."""

    NULL = 0x00
    IP = 0x06
    SPANNING_TREE = 0x42
    SNAP = 0xAA
    NETWARE = 0xE0
    NETBIOS = 0xF0
    OSI = 0xFE
    GLOBAL = 0xFF


@record
class IEEE8023(Ethernet):
    """An Ethernet header with a length where others have an EtherType."""

    ether_type: int | None = EtherType.LENGTH
    trailer: bytes = b""
    """Octets after those that the length covers: what fills a frame up to 60."""
    length: int | None = computed(default=None)

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < LAYOUT.size:
            raise TruncatedError(f"IEEE8023: {len(data)} of {LAYOUT.size} header octets")
        dst, src, length = LAYOUT.unpack_from(data)
        if length > LONGEST_LENGTH:
            raise ParseError(f"IEEE8023: {length} is no length but a type")
        rest = data[LAYOUT.size :]
        header = cls(MAC(dst), MAC(src), EtherType.LENGTH, bytes(rest[length:]), length)
        return header, rest[:length]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if len(self.dst) != 6 or len(self.src) != 6:
            raise BuildError(f"IEEE8023: addresses have 6 octets, unlike those in {self}")
        number = length_of(payload, self.length, self)
        try:
            return LAYOUT.pack(self.dst, self.src, number) + payload + self.trailer
        except struct.error as error:
            raise BuildError(f"IEEE8023: {error} in {self}") from error


@record
class LLC(Carrier):
    """A logical link control header (IEEE 802.2). Bridges and routing protocols use it."""

    ETHER_TYPE: ClassVar[int] = EtherType.LENGTH

    dsap: int
    """:class:`SAP`, and its lowest bit: to a group."""
    ssap: int
    """:class:`SAP`, and its lowest bit: a response."""
    control: int = UNNUMBERED_INFORMATION
    """Of 8 bits if its lowest two are set, else of 16, the second octet the higher half."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        short = len(data) > 2 and data[2] & UNNUMBERED == UNNUMBERED
        layout = SHORT if short else LONG
        if len(data) < layout.size:
            raise TruncatedError(f"LLC: {len(data)} of {layout.size} header octets")
        return cls(*layout.unpack_from(data)), data[layout.size :]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        layout = SHORT if self.control & UNNUMBERED == UNNUMBERED else LONG
        try:
            return layout.pack(self.dsap, self.ssap, self.control) + payload
        except struct.error as error:
            raise BuildError(f"LLC: {error} in {self}") from error

    @property
    def carried_type(self) -> int | None:
        both = (self.dsap, self.ssap, self.control)
        return EtherType.IPV4 if both == (SAP.IP, SAP.IP, UNNUMBERED_INFORMATION) else None


@record
class SNAP(EtherTyped):
    """An LLC header that leads to EtherTypes, and to protocols of companies (RFC 1042).

    ``ether_type`` is the protocol identifier, whatever the OUI.
    """

    ETHER_TYPE: ClassVar[int] = EtherType.LENGTH

    oui: bytes = bytes(3)

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < SNAP_LAYOUT.size:
            raise TruncatedError(f"SNAP: {len(data)} of {SNAP_LAYOUT.size} header octets")
        start, oui, identifier = SNAP_LAYOUT.unpack_from(data)
        if start != SNAP_START:
            raise ParseError(f"SNAP: begins with {start.hex(' ')}, not {SNAP_START.hex(' ')}")
        return cls(oui, ether_type=identifier), data[SNAP_LAYOUT.size :]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if self.ether_type is None:
            raise BuildError("SNAP: ether_type is unset and nothing inside implies it")
        if len(self.oui) != 3:
            raise BuildError(f"SNAP: an OUI has 3 octets, unlike that in {self}")
        try:
            return SNAP_LAYOUT.pack(SNAP_START, self.oui, self.ether_type) + payload
        except struct.error as error:
            raise BuildError(f"SNAP: {error} in {self}") from error

    @property
    def carried_type(self) -> int | None:
        return as_type(self.ether_type) if self.oui in ETHER_TYPE_OUIS else None


def parse(data: memoryview) -> tuple[LLC | SNAP, memoryview]:
    """Split ``data`` into an LLC or SNAP header and its payload.

    Raises:
        TruncatedError: fewer octets than that needs.
    """
    return SNAP.parse(data) if data[:3] == SNAP_START else LLC.parse(data)
