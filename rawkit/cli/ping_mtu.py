"""How large a packet may be: what the kernel knows, for one line of an error message."""

import socket

from rawkit.cli.ping_options import PingOptions
from rawkit.engine.ping_events import Address

IP_MTU, IPV6_MTU = 14, 24  # linux/in.h, linux/in6.h
ANY_PORT = 1025
"""Connecting a UDP socket sends nothing."""


def mtu_to(address: Address, options: PingOptions) -> int | None:
    """Return the path MTU to an address as far as this host knows, in octets."""
    family, level, option = socket.AF_INET, socket.IPPROTO_IP, IP_MTU
    if address.version == 6:
        family, level, option = socket.AF_INET6, socket.IPPROTO_IPV6, IPV6_MTU
    try:
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
            if options.interface:
                name = options.interface.encode() + b"\0"
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
            probe.connect((str(address), ANY_PORT))
            return probe.getsockopt(level, option)
    except OSError:
        return None
