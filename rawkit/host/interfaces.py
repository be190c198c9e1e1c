"""The network interfaces of a namespace, with their addresses (netdevice(7), rtnetlink(7))."""

import socket
from enum import IntEnum, IntFlag
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import TYPE_CHECKING

from rawkit.errors import UsageError
from rawkit.host import ioctl
from rawkit.record import record

if TYPE_CHECKING:
    from pyroute2 import IPRoute
    from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
    from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

TYPES = {
    1: "ethernet",
    512: "ppp",
    768: "ipip",
    769: "sit",
    772: "loopback",
    778: "gre",
    65534: "tun",
}
ETHERNET = 1  # linux/if_arp.h: ARPHRD_ETHER
ETHTOOL_GFLAGS = 0x25  # linux/ethtool.h
ETH_FLAG_LRO = 1 << 15
ASKED = {  # what one ETHTOOL_G… each answers
    "receive checksum": 0x14,
    "send checksum": 0x16,
    "tso": 0x1E,
    "gso": 0x23,
    "gro": 0x2B,
}


class LinkFlag(IntFlag):
    """The flags of an interface (linux/if.h)."""

    UP = 1 << 0
    BROADCAST = 1 << 1
    LOOPBACK = 1 << 3
    POINT_TO_POINT = 1 << 4
    RUNNING = 1 << 6
    NO_ARP = 1 << 7
    PROMISCUOUS = 1 << 8
    MULTICAST = 1 << 12
    LOWER_UP = 1 << 16


class Scope(IntEnum):
    """How far an address is valid (rtnetlink(7))."""

    GLOBAL = 0
    SITE = 200
    LINK = 253
    HOST = 254
    NOWHERE = 255


class AddressFlag(IntFlag):
    """The flags of an address (linux/if_addr.h)."""

    TEMPORARY = 0x01
    NO_DUPLICATE_CHECK = 0x02
    DUPLICATE = 0x08
    DEPRECATED = 0x20
    TENTATIVE = 0x40


@record
class InterfaceAddress:
    """An address that an interface has."""

    address: IPv4Address | IPv6Address
    prefix: int
    """The length of the network part, in bits."""
    scope: Scope | int
    flags: AddressFlag
    peer: IPv4Address | IPv6Address | None = None
    """The other end of a point-to-point link."""

    @property
    def interface(self) -> IPv4Interface | IPv6Interface:
        """The address together with its network."""
        text = f"{self.address}/{self.prefix}"
        return IPv4Interface(text) if self.address.version == 4 else IPv6Interface(text)


@record
class Interface:
    """A network interface at the time it was asked for."""

    index: int
    name: str
    mac: bytes | None
    """The link-layer address; ``None`` if it has none."""
    mtu: int
    """In octets."""
    flags: LinkFlag
    kind: str
    """``veth``, ``bridge`` … as ip-link(8) has it, or else the link layer: ``ethernet``."""
    addresses: tuple[InterfaceAddress, ...]
    peer_index: int | None = None
    """The index of the other end or the lower interface, perhaps in another namespace."""

    @property
    def is_up(self) -> bool:
        """Whether it was switched on."""
        return bool(self.flags & LinkFlag.UP)

    @property
    def ipv4(self) -> tuple[IPv4Address, ...]:
        """The IPv4 addresses."""
        return tuple(a.address for a in self.addresses if isinstance(a.address, IPv4Address))

    @property
    def ipv6(self) -> tuple[IPv6Address, ...]:
        """The IPv6 addresses."""
        return tuple(a.address for a in self.addresses if isinstance(a.address, IPv6Address))


def interfaces(netns: int | str | None = None) -> tuple[Interface, ...]:
    """Return all interfaces in order of their index.

    Args:
        netns: a network namespace, by descriptor or path; without it, the calling thread's.
    """
    from rawkit.host import netlink

    def question(ipr: "IPRoute") -> tuple[Interface, ...]:
        addresses: dict[int, list[InterfaceAddress]] = {}
        for message in ipr.get_addr():
            addresses.setdefault(message["index"], []).append(_address(message))
        links = sorted(ipr.get_links(), key=lambda link: link["index"])
        return tuple(_interface(link, tuple(addresses.get(link["index"], ()))) for link in links)

    return netlink.ask(question, netns)


def interface(name: str | int, netns: int | str | None = None) -> Interface:
    """Return one interface by name or index.

    Raises:
        UsageError: there is none; the message lists those that are.
    """
    found = interfaces(netns)
    for one in found:
        if name in (one.name, one.index):
            return one
    raise UsageError(f"no interface {name!r} here, only {', '.join(one.name for one in found)}")


def offloads(name: str) -> frozenset[str]:
    """Return what an interface of this thread's namespace does in place of the kernel or for it.

    ``gro`` and ``lro`` glue received packets together, ``gso`` and ``tso`` cut
    sent ones late, ``send checksum`` fills in checksums late: all change what a
    capture on this host shows. Empty if the driver does not tell.
    """
    with ioctl.any_socket() as handle:
        found = {feature for feature, command in ASKED.items() if _ethtool(handle, name, command)}
        if _ethtool(handle, name, ETHTOOL_GFLAGS) & ETH_FLAG_LRO:
            found.add("lro")
    return frozenset(found)


def _ethtool(handle: socket.socket, name: str, command: int) -> int:
    """Return what an ethtool command with one number as its result says; 0 if nothing."""
    try:
        return ioctl.ethtool(handle, name, command)
    except OSError:
        return 0


def _interface(link: "ifinfmsg", addresses: tuple[InterfaceAddress, ...]) -> Interface:
    """Read one RTM_NEWLINK."""
    mac, info = link.get_attr("IFLA_ADDRESS"), link.get_attr("IFLA_LINKINFO")
    octets = bytes.fromhex(mac.replace(":", "")) if mac else None
    return Interface(
        index=link["index"],
        name=link.get_attr("IFLA_IFNAME"),
        mac=octets if link["ifi_type"] == ETHERNET else None,
        mtu=link.get_attr("IFLA_MTU"),
        flags=LinkFlag(link["flags"]),
        kind=(info and info.get_attr("IFLA_INFO_KIND"))
        or TYPES.get(link["ifi_type"], f"type {link['ifi_type']}"),
        addresses=addresses,
        peer_index=link.get_attr("IFLA_LINK"),
    )


def _address(message: "ifaddrmsg") -> InterfaceAddress:
    """Read one RTM_NEWADDR: IFA_ADDRESS is the peer's where there is an IFA_LOCAL."""
    make = IPv4Address if message["family"] == socket.AF_INET else IPv6Address
    far = make(message.get_attr("IFA_ADDRESS") or message.get_attr("IFA_LOCAL"))
    near = make(message.get_attr("IFA_LOCAL") or str(far))
    number = message["scope"]
    return InterfaceAddress(
        address=near,
        prefix=message["prefixlen"],
        scope=Scope(number) if number in set(Scope) else number,
        flags=AddressFlag(message.get_attr("IFA_FLAGS") or message["flags"]),
        peer=far if far != near else None,
    )
