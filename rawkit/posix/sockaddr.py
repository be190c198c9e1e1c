"""What is in a ``struct sockaddr``, octet by octet, as bind(2) and connect(2) take it.

=================  ======  ==========================================================
struct             octets  fields
=================  ======  ==========================================================
``sockaddr_in``    16      family, port, address, 8 octets of padding (ip(7))
``sockaddr_in6``   28      family, port, flow label, address, interface (ipv6(7))
``sockaddr_un``    110     family, path (unix(7))
``sockaddr_vm``    16      family, port, cid, flags (vsock(7))
``sockaddr_ll``    20      family, protocol, interface, hardware address (packet(7))
=================  ======  ==========================================================

The family, and what never leaves the machine, is in the machine's own byte order. What
goes into packets as it is, port and address, is in network order: high octet first.
"""

import os
import socket
import struct
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import UsageError
from rawkit.posix.address import ANY_CID, InternetAddress, PacketAddress, UnixAddress, VsockAddress
from rawkit.posix.resolution import Target
from rawkit.record import record

PATH_OCTETS = 108
"""Of ``sun_path``."""
HARDWARE_OCTETS = 8
"""Of ``sll_addr``."""


@record
class Member:
    """A field of a struct."""

    name: str
    c_type: str
    octets: bytes
    says: str
    """What they mean, as a clause."""
    order: str = ""
    """``"network"`` or ``"host"``: the order of its octets; empty: it is no number."""


@record
class SockAddrLayout:
    """A ``struct sockaddr`` and what is in it."""

    struct: str
    manual: str
    """The page that describes it: ``"ip(7)"``."""
    members: tuple[Member, ...]
    used: int
    """Octets that the system calls are told of (``addrlen``); the kernel ignores the rest."""

    @property
    def octets(self) -> bytes:
        """The whole struct."""
        return b"".join(one.octets for one in self.members)

    def __bytes__(self) -> bytes:
        """Return what is handed to the system calls."""
        return self.octets[: self.used]


def layout(target: Target) -> SockAddrLayout:
    """Return the ``struct sockaddr`` of a target.

    Raises:
        UsageError: there is none of that kind.
    """
    match target.address:
        case InternetAddress(host=IPv4Address() as host, port=port):
            return _in(host, port)
        case InternetAddress(host=IPv6Address() as host, port=port):
            return _in6(host, port, target.sockaddr)
        case UnixAddress() as address:
            return _un(address)
        case VsockAddress() as address:
            return _vm(address)
        case PacketAddress() as address:
            return _ll(address)
        case address:
            raise UsageError(f"{address}: it has no struct sockaddr")


def _in(host: IPv4Address, port: int) -> SockAddrLayout:
    return _whole(
        "sockaddr_in",
        "ip(7)",
        _family("sin_family", socket.AF_INET),
        _port("sin_port", port),
        Member("sin_addr", "struct in_addr", host.packed, str(host), "network"),
        Member("sin_zero", "unsigned char[8]", bytes(8), "nothing: it makes the struct 16 octets"),
    )


def _in6(host: IPv6Address, port: int, sockaddr: object) -> SockAddrLayout:
    scope = sockaddr[3] if isinstance(sockaddr, tuple) and len(sockaddr) == 4 else 0
    index = scope if isinstance(scope, int) else 0
    where = f"interface {index}, {host.scope_id}" if index else "no interface"
    shown = str(host).partition("%")[0]
    return _whole(
        "sockaddr_in6",
        "ipv6(7)",
        _family("sin6_family", socket.AF_INET6),
        _port("sin6_port", port),
        Member("sin6_flowinfo", "uint32_t", bytes(4), "no flow label", "network"),
        Member("sin6_addr", "struct in6_addr", host.packed, shown, "network"),
        Member("sin6_scope_id", "uint32_t", struct.pack("=I", index), where, "host"),
    )


def _un(address: UnixAddress) -> SockAddrLayout:
    name = os.fsencode(address.path)
    family = _family("sun_family", socket.AF_UNIX)
    if not address.abstract:
        path, used = name + b"\0", len(name) + 1
        says = "the path, and a NUL behind it"
    elif name:
        path, used = b"\0" + name, len(name) + 1
        says = "a NUL, and the abstract name behind it: addrlen says how long it is"
    else:
        path, used, says = b"", 0, "nothing: the kernel chooses a name when it is bound"
    padded = path.ljust(PATH_OCTETS, b"\0")
    member = Member("sun_path", "char[108]", padded, says)
    return SockAddrLayout("sockaddr_un", "unix(7)", (family, member), len(family.octets) + used)


def _vm(address: VsockAddress) -> SockAddrLayout:
    names = {0: "the hypervisor", 1: "this machine", 2: "the host", ANY_CID: "any"}
    who = names.get(address.cid, "a virtual machine")
    port = "any free one" if address.port == ANY_CID else str(address.port)
    return _whole(
        "sockaddr_vm",
        "vsock(7)",
        _family("svm_family", socket.AF_VSOCK),
        Member("svm_reserved1", "unsigned short", bytes(2), "nothing"),
        Member("svm_port", "unsigned int", struct.pack("=I", address.port), port, "host"),
        Member(
            "svm_cid",
            "unsigned int",
            struct.pack("=I", address.cid),
            f"{address.cid}, {who}",
            "host",
        ),
        Member("svm_flags", "uint8_t", bytes(1), "no flags"),
        Member("svm_zero", "unsigned char[3]", bytes(3), "nothing: it makes the struct 16 octets"),
    )


def _ll(address: PacketAddress) -> SockAddrLayout:
    every = address.interface == "*"
    index = 0 if every else socket.if_nametoindex(address.interface)
    where = "every interface" if every else f"interface {index}, {address.interface}"
    protocol = struct.pack("!H", address.protocol)
    what = "every protocol" if address.protocol == 3 else "of frames"
    hardware = address.hardware
    whom = hardware.hex(":") if hardware else "nobody in particular"
    return _whole(
        "sockaddr_ll",
        "packet(7)",
        _family("sll_family", socket.AF_PACKET),
        Member("sll_protocol", "__be16", protocol, f"{address.protocol:#06x}, {what}", "network"),
        Member("sll_ifindex", "int", struct.pack("=i", index), where, "host"),
        Member("sll_hatype", "unsigned short", bytes(2), "told on arrival: kind of link", "host"),
        Member("sll_pkttype", "unsigned char", bytes(1), "told on arrival: for us, for all …"),
        Member(
            "sll_halen",
            "unsigned char",
            bytes((len(hardware),)),
            f"{len(hardware)} octets of sll_addr count",
        ),
        Member("sll_addr", "unsigned char[8]", hardware.ljust(HARDWARE_OCTETS, b"\0"), whom),
    )


def _family(name: str, family: socket.AddressFamily) -> Member:
    octets = struct.pack("=H", family)
    return Member(name, "sa_family_t", octets, f"{family.name}, {int(family)}", "host")


def _port(name: str, port: int) -> Member:
    return Member(name, "in_port_t", struct.pack("!H", port), str(port), "network")


def _whole(name: str, manual: str, *members: Member) -> SockAddrLayout:
    return SockAddrLayout(name, manual, members, sum(len(one.octets) for one in members))
