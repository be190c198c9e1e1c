"""VLAN tags: a link that is shared by many (IEEE 802.1Q §9.6).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-1    PCP, DEI, VLAN id     priority; whether it may be dropped first; 12 bits
2-3    EtherType             of what is tagged; up to 1500: the length of an LLC frame
====== ===================== =================================================

The number that announces a tag stands in the header before it: 0x8100 for a customer's,
0x88A8 for a provider's (802.1ad), who puts another one around those of customers.
"""

import struct
from typing import ClassVar, Self

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.carrier import EtherTyped, length_of
from rawkit.wire.ethernet import LONGEST_LENGTH
from rawkit.wire.link import VLAN
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!HH")
ID, DROP_ELIGIBLE = 0x0FFF, 0x1000
DROP_SHIFT, PRIORITY_SHIFT = 12, 13
HIGHEST_PRIORITY = 7
ADDRESSES = 12
"""Octets of a frame before the number that may announce a tag."""
TAG_TYPES = (b"\x81\x00", b"\x88\xa8")
"""Numbers that announce a tag, as they stand in a frame."""
PRIORITY_ONLY = 0
"""The id of a tag that is there for its priority; the frame belongs to no VLAN by it."""


@record
class VLANTag(EtherTyped):
    """A customer's tag (C-TAG)."""

    ETHER_TYPE: ClassVar[int] = EtherType.VLAN

    id: int
    """0 to 4095; 0: only the priority counts, 4095: reserved (802.1Q, table 9-2)."""
    priority: int = 0
    """0 to 7 (PCP)."""
    drop_eligible: bool = False
    trailer: bytes = b""
    """Octets after those that a length covers."""
    length: int | None = computed(default=None)
    """Where LLC follows, and ``ether_type`` is 0: octets of it and its payload."""

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < LAYOUT.size:
            raise TruncatedError(f"{cls.__name__}: {len(data)} of {LAYOUT.size} header octets")
        bits, number = LAYOUT.unpack_from(data)
        fields = (bits & ID, bits >> PRIORITY_SHIFT, bits & DROP_ELIGIBLE != 0)
        rest = data[LAYOUT.size :]
        if number > LONGEST_LENGTH:
            return cls(*fields, ether_type=number), rest
        header = cls(*fields, bytes(rest[number:]), number, ether_type=EtherType.LENGTH)
        return header, rest[:number]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        name = type(self).__name__
        if self.ether_type is None:
            raise BuildError(f"{name}: ether_type is unset and nothing inside implies it")
        bits = control_information(self)
        number = self.ether_type or length_of(payload, self.length, self)
        try:
            return LAYOUT.pack(bits, number) + payload + self.trailer
        except struct.error as error:
            raise BuildError(f"{name}: {error} in {self}") from error

    @property
    def carried_type(self) -> int | None:
        return self.ether_type


class ServiceTag(VLANTag):
    """A provider's tag (S-TAG, 802.1ad)."""

    __slots__ = ()

    ETHER_TYPE: ClassVar[int] = EtherType.SERVICE_VLAN


def tagged(frame: bytes, tag: VLAN) -> bytes:
    """Return the octets of a frame with the tag put back that the kernel took off.

    Args:
        frame: from its destination address on.
        tag: what :attr:`~rawkit.wire.received.Received.vlan` tells.

    Raises:
        BuildError: a value does not fit, or the frame has no two addresses.
    """
    if len(frame) < ADDRESSES:
        raise BuildError(f"VLANTag: {len(frame)} octets are no frame to be tagged")
    try:
        octets = LAYOUT.pack(tag.ether_type, control_information(tag))
    except struct.error as error:
        raise BuildError(f"VLANTag: {error} in {tag}") from error
    return frame[:ADDRESSES] + octets + frame[ADDRESSES:]


def untagged(frame: bytes) -> bytes:
    """Return the octets of a frame without its tags.

    Args:
        frame: from its destination address on.
    """
    end = ADDRESSES
    while frame[end : end + 2] in TAG_TYPES:
        end += LAYOUT.size
    return frame[:ADDRESSES] + frame[end:]


def control_information(tag: VLANTag | VLAN) -> int:
    """Return the first 16 bits of a tag: priority, DEI and id (TCI, 802.1Q §9.6).

    Raises:
        BuildError: a value does not fit.
    """
    if not 0 <= tag.id <= ID or not 0 <= tag.priority <= HIGHEST_PRIORITY:
        raise BuildError(f"VLANTag: id above {ID} or priority above {HIGHEST_PRIORITY} in {tag}")
    return tag.priority << PRIORITY_SHIFT | tag.drop_eligible << DROP_SHIFT | tag.id
