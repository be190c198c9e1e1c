"""Ask and tell network interfaces by ioctl(2) (netdevice(7), ethtool), without netlink.

Which interfaces those are is decided by the socket: its network namespace is the one that
the thread was in which opened it.
"""

import fcntl
import socket
import struct

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFMTU, SIOCETHTOOL = 0x8913, 0x8914, 0x8922, 0x8946
IFF_UP = 1
FLAGS = struct.Struct("@16sh22x")
"""struct ifreq with a number of two octets, …"""
MTU = struct.Struct("@16si20x")
"""… of four …"""
POINTER = struct.Struct("@16sP16x")
"""… and with a pointer."""


def any_socket() -> socket.socket:
    """Open a socket to ask with; it is good for nothing else."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)


def bring_up(handle: socket.socket, name: str) -> None:
    """Switch an interface on."""
    answer = fcntl.ioctl(handle, SIOCGIFFLAGS, FLAGS.pack(name.encode(), 0))
    _, flags = FLAGS.unpack(answer)
    fcntl.ioctl(handle, SIOCSIFFLAGS, FLAGS.pack(name.encode(), flags | IFF_UP))


def set_mtu(handle: socket.socket, name: str, mtu: int) -> None:
    """Set an interface's MTU, in octets."""
    fcntl.ioctl(handle, SIOCSIFMTU, MTU.pack(name.encode(), mtu))


def ethtool(handle: socket.socket, name: str, command: int, value: int = 0) -> int:
    """Put an ethtool command with one number to an interface; return the number it answers."""
    from array import array

    exchanged = array("I", (command, value))  # struct ethtool_value
    address, _ = exchanged.buffer_info()
    fcntl.ioctl(handle, SIOCETHTOOL, POINTER.pack(name.encode(), address))
    return exchanged[1]
