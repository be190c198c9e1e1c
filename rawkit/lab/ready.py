"""Wait until interfaces really carry packets, by asking and never by sleeping blindly.

A veth(4) that is "up" drops what it is given until the kernel's link watch has looked
at it, which may take a second. An IPv6 address cannot be used while it is tentative, and
nobody finds it: only at the end of that does the node join the multicast group in which
it is asked for. (IFA_F_NODAD hides that moment and the first packet is lost for a second.)
All functions work in the network namespace of the calling thread.
"""

import io
import time
from collections.abc import Collection
from ipaddress import IPv6Address

from rawkit.errors import LabError
from rawkit.host import ioctl

ETHTOOL_GLINK = 0x0A  # linux/ethtool.h
IFA_F_TENTATIVE = 0x40  # linux/if_addr.h
LINK_SCOPE = 0x20  # of an address in if_inet6
RTF_LOCAL = 0x8000_0000  # linux/ipv6_route.h
PAUSE = 0.0005


def loopback_up() -> None:
    """Bring ``lo`` up."""
    with ioctl.any_socket() as handle:
        ioctl.bring_up(handle, "lo")


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


def wait_local(address: IPv6Address, timeout: float = 5.0) -> None:
    """Return when the kernel also receives what is sent to an address of its own.

    An IPv6 address is there at once, but its local route is the work of a kernel thread
    that comes later, even where no duplicate is looked for (IFA_F_NODAD).

    Raises:
        LabError: it does not come in time.
    """
    until = time.monotonic() + timeout
    while not _is_local(address):
        if time.monotonic() > until:
            raise LabError(f"not ready within {timeout:g} s: nothing is received at {address}")
        time.sleep(PAUSE)


def _is_local(address: IPv6Address) -> bool:
    entry = f"{int(address):032x} 80 "
    with io.FileIO("/proc/thread-self/net/ipv6_route") as file:
        rows = file.readall().decode().splitlines()
    return any(row.startswith(entry) and int(row.split()[8], 16) & RTF_LOCAL for row in rows)


def _without_carrier(interfaces: Collection[str]) -> str:
    """Return what has no carrier yet. Asking makes the kernel look at once."""
    with ioctl.any_socket() as handle:
        for name in interfaces:
            if not ioctl.ethtool(handle, name, ETHTOOL_GLINK):
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
