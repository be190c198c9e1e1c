"""Ethernet II frames (IEEE 802.3), without preamble and frame check sequence.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-5    destination
6-11   source
12-13  EtherType             up to 1500 it is a length: see :mod:`rawkit.wire.llc`
====== ===================== =================================================
"""

import struct
from typing import Any, ClassVar, Self

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import record
from rawkit.wire.address import mac_address
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!6s6sH")
SIZE = LAYOUT.size
OF_LENGTH = int(EtherType.LENGTH)
LONGEST_LENGTH = 1500
"""A number up to this where the EtherType stands is a length (IEEE 802.3 §3.2.6)."""


@record
class Ethernet(Header):
    """An Ethernet header. Padding after the payload is the inner header's trailer.

    A frame with a length is read as an :class:`~rawkit.wire.llc.IEEE8023`, which is one, too.
    """

    ETHER_TYPE: ClassVar[int] = EtherType.BRIDGING
    """In a tunnel it is a payload as others."""

    dst: bytes
    """Six octets; read ones are a :class:`~rawkit.wire.address.MAC`."""
    src: bytes
    ether_type: int | None = None
    """What it carries; set by itself when a known header is put inside."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < SIZE:
            raise TruncatedError(f"Ethernet: {len(data)} of {SIZE} header octets")
        dst, src, ether_type = LAYOUT.unpack_from(data)
        if ether_type <= LONGEST_LENGTH and cls is Ethernet:
            framed: tuple[Self, memoryview] = _with_length(data)
            return framed
        return cls.filled(mac_address(dst), mac_address(src), ether_type), data[SIZE:]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if self.ether_type is None:
            raise BuildError("Ethernet: ether_type is unset and nothing inside implies it")
        if len(self.dst) != 6 or len(self.src) != 6:
            raise BuildError(f"Ethernet: addresses have 6 octets, unlike those in {self}")
        try:
            return LAYOUT.pack(self.dst, self.src, self.ether_type) + payload
        except struct.error as error:
            raise BuildError(f"Ethernet: {error} in {self}") from error

    def framed(self, ether_type: int, octets: bytes) -> bytes | None:
        if type(self) is not Ethernet or len(self.dst) != 6 or len(self.src) != 6:
            return None
        number = ether_type if self.ether_type is None else self.ether_type
        return LAYOUT.pack(self.dst, self.src, number) + octets

    def carrying(self, inner: Header) -> Self:
        ether_type = inner.ETHER_TYPE
        if self.ether_type is not None or ether_type is None:
            return self
        if ether_type == OF_LENGTH:
            framed: Self = _frame_of_length(self)
            return framed
        return self.filled(self.dst, self.src, ether_type)


def _with_length(data: memoryview) -> Any:
    from rawkit.wire.llc import IEEE8023

    return IEEE8023.parse(data)


def _frame_of_length(frame: Ethernet) -> Any:
    from rawkit.wire.llc import IEEE8023

    return IEEE8023(frame.dst, frame.src)
