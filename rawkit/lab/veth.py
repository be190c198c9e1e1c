"""Virtual Ethernet cables between namespaces (veth(4)), by rtnetlink(7) and ioctl(2).

A whole cable takes about a millisecond, a tenth of what a general netlink library needs.
"""

import array
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rawkit.errors import LabError
from rawkit.lab.rtnetlink import CREATE, ask, attribute

IFINFO = struct.Struct("=BxHiII")
RTM_NEWLINK, RTM_DELLINK = 16, 17
NLA_F_NESTED = 0x8000
IFLA_IFNAME, IFLA_LINKINFO, IFLA_GROUP, IFLA_NET_NS_FD = 3, 18, 27, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFMTU, SIOCETHTOOL = 0x8913, 0x8914, 0x8922, 0x8946
IFF_UP = 0x1
ETHTOOL_OFFLOADS = (0x17, 0x1F, 0x21, 0x24, 0x2C)
"""ETHTOOL_STXCSUM, STSO, SUFO, SGSO, SGRO of linux/ethtool.h."""
GROUP = 0x7EA
"""Of all ends in the place that a cable is connected from: what has a group can be removed
together, and the kernel waits but once for everybody to let go."""


class Place(Protocol):
    """A network namespace that the calling thread can step into."""

    def here(self) -> AbstractContextManager[object]:
        """Switch the calling thread to it for the length of a ``with`` block."""
        ...


def connect(a: Place, name_a: str, b: Place, name_b: str) -> None:
    """Create a cable with one end in each place; both ends are down.

    Raises:
        LabError: a name is taken or no name, or the kernel has no veth.
    """
    with _descriptor(a) as fd_a, _descriptor(b) as fd_b:
        peer = bytes(IFINFO.size) + _named(name_b, fd_b)
        kind = attribute(IFLA_INFO_KIND, b"veth")
        data = attribute(IFLA_INFO_DATA | NLA_F_NESTED, attribute(VETH_INFO_PEER, peer))
        info = attribute(IFLA_LINKINFO | NLA_F_NESTED, kind + data)
        group = attribute(IFLA_GROUP, struct.pack("=I", GROUP))
        body = bytes(IFINFO.size) + _named(name_a, fd_a) + group + info
        with a.here():
            code = ask(RTM_NEWLINK, CREATE, body)
    if code:
        raise LabError(
            f"cannot lay a cable from {name_a} to {name_b}: {os.strerror(code)}"
        ) from OSError(code, os.strerror(code))


def remove_all(place: Place) -> None:
    """Remove every cable that was connected from this place, in one go; see GROUP."""
    group = attribute(IFLA_GROUP, struct.pack("=I", GROUP))
    with place.here():
        code = ask(RTM_DELLINK, 0, bytes(IFINFO.size) + group)
    if code not in (0, errno.ENODEV):
        raise LabError(f"cannot remove cables: {os.strerror(code)}")


def set_up(place: Place, name: str, mtu: int) -> None:
    """Bring an end up, with this MTU and without any offload.

    With offloads on, the kernel hands packets of up to 64 kB with unfinished checksums
    to its veth ends: no wire has ever carried such.
    """
    with place.here(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for offload in ETHTOOL_OFFLOADS:
            _switch_off(control, name, offload)
        _ioctl(control, SIOCSIFMTU, struct.pack("16si20x", name.encode(), mtu), name)
        flags = _ioctl(control, SIOCGIFFLAGS, struct.pack("16s24x", name.encode()), name)
        up = struct.unpack_from("h", flags, 16)[0] | IFF_UP
        _ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", name.encode(), up), name)


def free_name(place: Place, stem: str) -> str:
    """Return the first of ``stem0``, ``stem1`` … that no interface there has."""
    with place.here():
        taken = {name for _, name in socket.if_nameindex()}
    return next(name for i in range(len(taken) + 1) if (name := f"{stem}{i}") not in taken)


@contextmanager
def _descriptor(place: Place) -> Iterator[int]:
    with place.here():
        fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _named(name: str, descriptor: int) -> bytes:
    place = attribute(IFLA_NET_NS_FD, struct.pack("=i", descriptor))
    return attribute(IFLA_IFNAME, _zero(name)) + place


def _zero(name: str) -> bytes:
    return name.encode() + b"\0"


def _switch_off(control: socket.socket, name: str, offload: int) -> None:
    value = array.array("I", [offload, 0])
    request = struct.pack("16sP16x", name.encode(), value.buffer_info()[0])
    try:
        fcntl.ioctl(control, SIOCETHTOOL, request)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:  # an offload that this kernel does not have
            raise LabError(f"{name}: ethtool command {offload:#x}: {error.strerror}") from error


def _ioctl(control: socket.socket, request: int, argument: bytes, name: str) -> bytes:
    try:
        return fcntl.ioctl(control, request, argument)
    except OSError as error:
        raise LabError(f"{name}: ioctl {request:#x}: {error.strerror}") from error
