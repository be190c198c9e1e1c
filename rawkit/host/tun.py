"""A way to an address behind an interface of ours (rtnetlink(7))."""

from ipaddress import ip_network
from typing import TYPE_CHECKING

from rawkit.host.names import Address
from rawkit.host.netlink import ask

if TYPE_CHECKING:
    from pyroute2 import IPRoute


def open_way(interface: str, address: Address, mtu: int) -> None:
    """Switch an interface on, and have packets for one address leave by it.

    Args:
        interface: its name, in this thread's network.
        address: of a host.
        mtu: of the interface, in octets.

    Raises:
        OSError: ``CAP_NET_ADMIN`` is missing, or the kernel does not want it.
    """

    def set_up(ipr: "IPRoute") -> None:
        (index,) = ipr.link_lookup(ifname=interface)
        ipr.link("set", index=index, mtu=mtu, state="up")
        ipr.route("add", dst=str(ip_network(address)), oif=index)

    ask(set_up)
