"""Numbers that IANA assigns. An unknown number stays a plain ``int``."""

from enum import IntEnum


class EtherType(IntEnum):
    """IEEE 802 numbers: what an Ethernet frame carries."""

    LENGTH = 0
    """None: in its place stands the length of an LLC frame (IEEE 802.3 §3.2.6)."""
    IPV4 = 0x0800
    ARP = 0x0806
    BRIDGING = 0x6558
    """A whole Ethernet frame in a tunnel: transparent Ethernet bridging (RFC 1701)."""
    VLAN = 0x8100
    IPV6 = 0x86DD
    SERVICE_VLAN = 0x88A8


class IPProtocol(IntEnum):
    """Protocol numbers: what an IP datagram carries."""

    HOP_BY_HOP = 0
    ICMP = 1
    IGMP = 2
    IPV4 = 4
    TCP = 6
    UDP = 17
    IPV6 = 41
    ROUTING = 43
    FRAGMENT = 44
    GRE = 47
    ESP = 50
    AUTHENTICATION = 51
    ICMPV6 = 58
    NO_NEXT = 59
    DESTINATION_OPTIONS = 60
    SCTP = 132
    UDP_LITE = 136
