"""One interface, asked for by name without netlink, as it must be quick (netdevice(7))."""

import errno
import fcntl
import socket
import struct

from rawkit.errors import UsageError
from rawkit.host import ioctl
from rawkit.record import record

SIOCGIFHWADDR, SIOCGIFMTU, SIOCGIFINDEX = 0x8927, 0x8921, 0x8933
IFF_UP, IFF_LOOPBACK, IFF_NOARP = 1 << 0, 1 << 3, 1 << 7
ARPHRD_ETHER = 1
HARDWARE = struct.Struct("@16sH6s16x")
"""struct ifreq with a sockaddr: name, link type, hardware address."""
LONGEST_NAME = 15


@record
class HostLink:
    """An interface, as far as who sends frames over it must know."""

    name: str
    index: int
    kind: int
    """Of the link layer (linux/if_arp.h); 1: Ethernet."""
    mac: bytes
    flags: int
    mtu: int
    """In octets."""

    @property
    def is_up(self) -> bool:
        """Whether it was switched on."""
        return bool(self.flags & IFF_UP)

    @property
    def has_neighbours(self) -> bool:
        """Whether hosts on it find each other by Ethernet addresses."""
        return self.kind == ARPHRD_ETHER and not self.flags & (IFF_LOOPBACK | IFF_NOARP)


def link(name: str) -> HostLink:
    """Return an interface of this thread's namespace.

    Raises:
        UsageError: there is none of that name; the message lists those that are.
    """
    octets = name.encode()
    if not octets or len(octets) > LONGEST_NAME:
        raise _none(name)
    with ioctl.any_socket() as handle:
        try:
            answer = fcntl.ioctl(handle, SIOCGIFHWADDR, HARDWARE.pack(octets, 0, b""))
            _, kind, mac = HARDWARE.unpack(answer)
            return HostLink(
                name,
                _number(handle, SIOCGIFINDEX, octets),
                kind,
                mac,
                ioctl.FLAGS.unpack(
                    fcntl.ioctl(handle, ioctl.SIOCGIFFLAGS, ioctl.FLAGS.pack(octets, 0))
                )[1],
                _number(handle, SIOCGIFMTU, octets),
            )
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise
            raise _none(name) from error


def _number(handle: socket.socket, request: int, name: bytes) -> int:
    number: int = ioctl.MTU.unpack(fcntl.ioctl(handle, request, ioctl.MTU.pack(name, 0)))[1]
    return number


def _none(name: str) -> UsageError:
    known = ", ".join(name for _, name in socket.if_nameindex())
    return UsageError(f"no interface {name!r} here, only {known}")
