"""The few requests to the kernel's rtnetlink(7) that cables and paths need.

A general netlink library takes ten times as long for them, and longer to import.
All functions work in the network namespace of the calling thread.
"""

import io
import os
import socket
import struct
import time
from ipaddress import IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from rawkit.errors import LabError
from rawkit.wire.address import Address

NLMSG = struct.Struct("=IHHII")
IFADDR = struct.Struct("=BBBBI")
ROUTE = struct.Struct("=BBBBBBBBI")
NLMSG_ERROR = 2
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
CREATE = NLM_F_CREATE | NLM_F_EXCL
RTM_NEWADDR, RTM_NEWROUTE = 20, 24
IFA_ADDRESS, IFA_LOCAL, IFA_F_NODAD = 1, 2, 0x02
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5
RTF_LOCAL = 0x8000_0000  # linux/ipv6_route.h
PAUSE = 0.0005
RT_TABLE_MAIN, RTPROT_STATIC, RTN_UNICAST, RTNH_F_ONLINK = 254, 4, 1, 4


def add_address(name: str, address: IPv4Interface | IPv6Interface) -> None:
    """Give an interface an address, usable at once.

    Raises:
        LabError: the kernel will not.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    flags = IFA_F_NODAD if address.version == 6 else 0
    index = socket.if_nametoindex(name)
    head = IFADDR.pack(family, address.network.prefixlen, flags, 0, index)
    octets = address.ip.packed
    body = head + attribute(IFA_LOCAL, octets) + attribute(IFA_ADDRESS, octets)
    if code := ask(RTM_NEWADDR, CREATE, body):
        raise LabError(f"cannot give {address} to {name}: {os.strerror(code)}")


def wait_usable(address: IPv6Address, patience: float = 5.0) -> None:
    """Return when the kernel also receives what is sent to an address of its own.

    An IPv6 address is there at once, but its local route is the work of a kernel thread
    that comes later, even where no duplicate is looked for.

    Raises:
        LabError: it does not come in time.
    """
    entry = f"{int(address):032x} 80 "
    until = time.monotonic() + patience
    while not _is_local(entry):
        if time.monotonic() > until:
            raise LabError(f"{address} is not usable within {patience:g} s")
        time.sleep(PAUSE)


def add_route(to: IPv4Network | IPv6Network, gateway: Address, name: str) -> None:
    """Send what goes to these addresses to a gateway, which is on the link whatever its address.

    Raises:
        LabError: the kernel will not.
    """
    family = socket.AF_INET if to.version == 4 else socket.AF_INET6
    head = ROUTE.pack(
        family, to.prefixlen, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, 0, RTN_UNICAST, RTNH_F_ONLINK
    )
    out = attribute(RTA_OIF, struct.pack("=i", socket.if_nametoindex(name)))
    via = attribute(RTA_GATEWAY, gateway.packed)
    where = attribute(RTA_DST, to.network_address.packed)
    if code := ask(RTM_NEWROUTE, CREATE, head + where + via + out):
        raise LabError(f"cannot route {to} to {gateway}: {os.strerror(code)}")


def ask(kind: int, flags: int, body: bytes) -> int:
    """Put one request to the kernel; return its error number, 0 if it was done."""
    flags |= NLM_F_REQUEST | NLM_F_ACK
    request = NLMSG.pack(NLMSG.size + len(body), kind, flags, 1, 0) + body
    route = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, route, socket.NETLINK_ROUTE) as netlink:
        netlink.send(request)
        answer = netlink.recv(65_536)
    _, what, *_ = NLMSG.unpack_from(answer)
    if what != NLMSG_ERROR:
        raise LabError(f"rtnetlink answered with a message of type {what}")
    code: int = struct.unpack_from("=i", answer, NLMSG.size)[0]
    return -code


def _is_local(entry: str) -> bool:
    with io.FileIO("/proc/thread-self/net/ipv6_route") as file:
        rows = file.readall().decode().splitlines()
    return any(row.startswith(entry) and int(row.split()[8], 16) & RTF_LOCAL for row in rows)


def attribute(kind: int, value: bytes) -> bytes:
    """Return a netlink attribute, padded."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
