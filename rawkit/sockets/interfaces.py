"""Interface names and numbers as a socket sees them: those of the network it was opened in."""

import errno
import fcntl
import socket
import struct

from rawkit.sockets.options import SIOCGIFINDEX, SIOCGIFMTU, SIOCGIFNAME

IFREQ = struct.Struct("@16si20x")
LONGEST_NAME = 15


def index_of(sock: socket.socket, name: str) -> int:
    """Return the number of the interface called ``name``, or ``name`` itself if it is a number.

    Raises:
        OSError: ENODEV, there is none.
    """
    if name.isascii() and name.isdigit():
        return int(name)
    octets = name.encode()
    if len(octets) > LONGEST_NAME:
        raise OSError(errno.ENODEV, f"no interface has so long a name as {name!r}")
    number: int = IFREQ.unpack(fcntl.ioctl(sock, SIOCGIFINDEX, IFREQ.pack(octets, 0)))[1]
    return number


def name_of(sock: socket.socket, index: int) -> str | None:
    """Return the name of the interface with this number, or ``None`` if it is gone."""
    try:
        answer = fcntl.ioctl(sock, SIOCGIFNAME, IFREQ.pack(b"", index))
    except OSError:
        return None
    name: bytes = IFREQ.unpack(answer)[0]
    return name.partition(b"\0")[0].decode(errors="replace")


def mtu_of(sock: socket.socket, name: str) -> int | None:
    """Return the MTU of an interface in octets, or ``None`` if it is gone."""
    try:
        answer = fcntl.ioctl(sock, SIOCGIFMTU, IFREQ.pack(name.encode(), 0))
    except OSError:
        return None
    mtu: int = IFREQ.unpack(answer)[1]
    return mtu
