"""What BPF programs may ask the kernel beside the octets of a packet (linux/filter.h)."""

from enum import IntEnum

from rawkit.wire.bpf import AD_OFF, ALL


class Ancillary(IntEnum):
    """What the kernel knows of a packet beside its octets: behind ``AD_OFF`` (linux/filter.h)."""

    PROTOCOL = 0
    """The EtherType, that inside a tag which was taken off."""
    PACKET_TYPE = 4
    """Where it was going: ``PACKET_HOST`` and so on, of packet(7)."""
    INTERFACE = 8
    """The number of the interface."""
    NETLINK = 12
    NETLINK_NESTED = 16
    MARK = 20
    QUEUE = 24
    HARDWARE_TYPE = 28
    HASH = 32
    CPU = 36
    XOR_X = 40
    """No load: A becomes A xor X."""
    VLAN_TAG = 44
    VLAN_TAG_PRESENT = 48
    """1 where a tag was taken off, else 0."""
    PAYLOAD_OFFSET = 52
    RANDOM = 56
    VLAN_TAG_TYPE = 60

    @property
    def place(self) -> int:
        """The number of an instruction that loads it."""
        return (AD_OFF + self) & ALL
