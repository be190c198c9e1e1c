"""Virtual Ethernet cables between namespaces (veth(4)), each laid when it is asked for."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rawkit.errors import LabError
from rawkit.host import ioctl
from rawkit.lab import rtnetlink
from rawkit.lab.namespace import Place

if TYPE_CHECKING:
    from pyroute2 import IPRoute

ETHTOOL_OFFLOADS = (0x17, 0x1F, 0x21, 0x24, 0x2C)
"""ETHTOOL_STXCSUM, STSO, SUFO, SGSO, SGRO of linux/ethtool.h."""
GROUP = 0x7EA
"""Of all ends in the place that a cable is connected from: what has a group can be removed
together, and the kernel waits but once for everybody to let go."""


def connect(a: Place, name_a: str, b: Place, name_b: str) -> None:
    """Create a cable with one end in each place; both ends are down.

    Raises:
        LabError: a name is taken or no name, or the kernel has no veth.
    """
    with _descriptor(b) as far:
        rtnetlink.ask(
            a,
            lambda netlink: netlink.link(
                "add",
                ifname=name_a,
                kind="veth",
                group=GROUP,
                peer={"ifname": name_b, "net_ns_fd": far},
            ),
            to=f"lay a cable from {name_a} to {name_b}",
        )


def remove_all(place: Place) -> None:
    """Remove every cable that was connected from this place, in one go; see GROUP."""
    from pyroute2.netlink.exceptions import NetlinkError

    def remove(netlink: "IPRoute") -> None:
        try:
            netlink.link("del", group=GROUP)
        except NetlinkError as error:
            if error.code != errno.ENODEV:  # there is none
                raise

    rtnetlink.ask(place, remove, to="remove cables")


def set_up(place: Place, name: str, mtu: int) -> None:
    """Bring an end up, with this MTU and without any offload.

    With offloads on, the kernel hands packets of up to 64 kB with unfinished checksums
    to its veth ends: no wire has ever carried such.
    """
    try:
        with place.here(), ioctl.any_socket() as handle:
            for offload in ETHTOOL_OFFLOADS:
                _switch_off(handle, name, offload)
            ioctl.set_mtu(handle, name, mtu)
            ioctl.bring_up(handle, name)
    except OSError as error:
        raise LabError(f"cannot set {name} up: {error.strerror}") from error


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


def _switch_off(handle: socket.socket, name: str, offload: int) -> None:
    try:
        ioctl.ethtool(handle, name, offload, 0)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:  # an offload that this kernel does not have
            raise
