"""What the kernel knows of a destination, asked of a UDP socket that sends nothing."""

import socket
from collections.abc import Callable
from typing import TypeVar

from rawkit.cli.ping_options import PingOptions
from rawkit.wire.address import Address

T = TypeVar("T")

IP_MTU, IPV6_MTU = 14, 24  # linux/in.h, linux/in6.h
ANY_PORT = 1025


def is_broadcast(address: Address, options: PingOptions) -> bool:
    """Whether an address that can be reached is one for broadcasts on its link."""
    try:
        _connected(address, options, lambda _: None)
    except PermissionError:
        return True  # no socket connects to one unasked
    except OSError:
        pass
    return False


def mtu_to(address: Address, options: PingOptions) -> int | None:
    """Return the path MTU to an address as far as this host knows, in octets."""
    level, option = socket.IPPROTO_IP, IP_MTU
    if address.version == 6:
        level, option = socket.IPPROTO_IPV6, IPV6_MTU
    try:
        return _connected(address, options, lambda probe: probe.getsockopt(level, option))
    except OSError:
        return None


def _connected(address: Address, options: PingOptions, ask: Callable[[socket.socket], T]) -> T:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        if options.interface:
            name = options.interface.encode() + b"\0"
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        probe.connect((str(address), ANY_PORT))
        return ask(probe)
