"""Numbers that IANA assigns. An unknown number stays a plain ``int``."""

from enum import IntEnum


class EtherType(IntEnum):
    """IEEE 802 numbers: what an Ethernet frame carries."""

    IPV4 = 0x0800
    ARP = 0x0806
    VLAN = 0x8100
    IPV6 = 0x86DD


class IPProtocol(IntEnum):
    """Protocol numbers: what an IP datagram carries."""

    HOP_BY_HOP = 0
    ICMP = 1
    IPV4 = 4
    TCP = 6
    UDP = 17
    IPV6 = 41
    ROUTING = 43
    FRAGMENT = 44
    ESP = 50
    AUTHENTICATION = 51
    ICMPV6 = 58
    NO_NEXT = 59
    DESTINATION_OPTIONS = 60
