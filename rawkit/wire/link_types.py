"""What packets in capture files begin with: numbers of the tcpdump project, and who reads them.

The numbers are those of https://www.tcpdump.org/linktypes.html. An unknown one stays an ``int``.
"""

from enum import IntEnum

from rawkit.wire.packet import Packet, Parser


class LinkType(IntEnum):
    """What a packet in a file begins with."""

    NULL = 0
    """BSD's loopback: an address family in the order of the machine that wrote it."""
    ETHERNET = 1
    PPP = 9
    RAW_BSD = 12
    """As ``RAW``, in files by some programs that took the system's number for it."""
    RAW_OPENBSD = 14
    RAW = 101
    """An IPv4 or IPv6 header, told apart by its first four bits."""
    IEEE802_11 = 105
    LOOP = 108
    """OpenBSD's loopback: an address family, big-endian."""
    LINUX_SLL = 113
    """A header that Linux makes up for packets of any interface."""
    IEEE802_11_RADIO = 127
    NETLINK = 253
    IPV4 = 228
    IPV6 = 229
    LINUX_SLL2 = 276
    """The same with the number of the interface."""


RAW_TYPES = frozenset((LinkType.RAW, LinkType.RAW_BSD, LinkType.RAW_OPENBSD))


def parser_of(link_type: int) -> Parser | None:
    """Return what reads the first header on a link; ``None``: nobody here does.

    For ``RAW`` that depends on the packet: see :func:`dissect_on`.
    """
    match link_type:
        case LinkType.ETHERNET:
            from rawkit.wire.ethernet import Ethernet

            return Ethernet.parse
        case LinkType.IPV4:
            from rawkit.wire.ipv4 import IPv4

            return IPv4.parse
        case LinkType.IPV6:
            from rawkit.wire.ipv6 import IPv6

            return IPv6.parse
        case LinkType.LINUX_SLL | LinkType.LINUX_SLL2 | LinkType.NULL | LinkType.LOOP:
            from rawkit.wire import cooked

            return cooked.PARSERS[link_type]
        case _:
            return None


def dissect_on(link_type: int, octets: bytes) -> Packet:
    """Read a packet from a link; of one that nobody here knows all is payload."""
    from rawkit.wire.dissect import dissect, dissect_ip

    if link_type == LinkType.ETHERNET:
        from rawkit.wire.dissect_frame import dissect_frame

        return dissect_frame(octets)
    if link_type in RAW_TYPES:
        return dissect_ip(octets)
    parser = parser_of(link_type)
    return Packet((), octets) if parser is None else dissect(octets, parser)
