"""Wait until interfaces really carry packets, by asking and never by sleeping blindly.

A veth(4) that is "up" drops what it is given until the kernel's link watch has looked
at it, which may take a second. An IPv6 address cannot be used while it is tentative, and
nobody finds it: only at the end of that does the node join the multicast group in which
it is asked for. (IFA_F_NODAD hides that moment and the first packet is lost for a second.)
All functions work in the network namespace of the calling thread.
"""

import fcntl
import io
import socket
import struct
import time
from collections.abc import Collection

from rawkit.errors import LabError

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCETHTOOL = 0x8913, 0x8914, 0x8946  # linux/sockios.h
IFF_UP = 1
ETHTOOL_GLINK = 0x0A  # linux/ethtool.h
IFA_F_TENTATIVE = 0x40  # linux/if_addr.h
LINK_SCOPE = 0x20  # of an address in if_inet6

FLAGS_REQUEST = struct.Struct("16sH22x")  # struct ifreq
POINTER_REQUEST = struct.Struct("16sP16x")
PAUSE = 0.0005


def loopback_up() -> None:
    """Bring ``lo`` up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = FLAGS_REQUEST.pack(b"lo", 0)
        name, flags = FLAGS_REQUEST.unpack(fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, FLAGS_REQUEST.pack(name, flags | IFF_UP))


def wait_ready(interfaces: Collection[str], *, ipv6: bool = True, timeout: float = 5.0) -> None:
    """Return when all of these carry packets and, with ``ipv6``, have usable addresses.

    Args:
        interfaces: their names.
        ipv6: whether they are to have a link-local address too.
        timeout: seconds after which it is an error.

    Raises:
        LabError: one is not ready in time; the message says which, and what it lacks.
    """
    until = time.monotonic() + timeout
    while lacking := _without_carrier(interfaces) or (_unusable(interfaces) if ipv6 else ""):
        if time.monotonic() > until:
            raise LabError(f"not ready within {timeout:g} s: {lacking}")
        time.sleep(PAUSE)


def _without_carrier(interfaces: Collection[str]) -> str:
    """Return what has no carrier yet. Asking makes the kernel look at once."""
    import ctypes

    answer = ctypes.create_string_buffer(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for name in interfaces:
            struct.pack_into("=II", answer, 0, ETHTOOL_GLINK, 0)
            request = POINTER_REQUEST.pack(name.encode(), ctypes.addressof(answer))
            fcntl.ioctl(any_socket, SIOCETHTOOL, request)
            if not struct.unpack_from("=I", answer, 4)[0]:
                return f"{name} has no carrier"
    return ""


def _unusable(interfaces: Collection[str]) -> str:
    """Return which interface has no link-local address yet, or a tentative address."""
    linked = set()
    with io.FileIO("/proc/thread-self/net/if_inet6") as file:
        for row in file.readall().decode().splitlines():
            address, _, _, scope, flags, name = row.split()
            if name not in interfaces:
                continue
            if int(flags, 16) & IFA_F_TENTATIVE:
                return f"{address} of {name} is tentative"
            if int(scope, 16) == LINK_SCOPE:
                linked.add(name)
    for name in interfaces:
        if name not in linked:
            return f"{name} has no IPv6 link-local address"
    return ""
