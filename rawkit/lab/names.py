"""A hosts file of a node's own (hosts(5)): names that it knows, instead of the machine's.

It is mounted over ``/etc/hosts`` in a mount namespace that only the command, or the thread,
is in. The resolver of the C library looks there first, as a rule (nsswitch.conf(5)).
"""

import os
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import LabError, NameNotFound, UsageError
from rawkit.host.calls import (
    CLONE_NEWNS,
    MNT_DETACH,
    MS_BIND,
    MS_PRIVATE,
    MS_REC,
    mount,
    unmount,
    unshare,
)
from rawkit.host.names import numeric, refuse_odd

HOSTS = "/etc/hosts"
LOOPBACK = "127.0.0.1 localhost\n::1 localhost\n"
PLACE = "/tmp"
"""Folder that is covered for a moment, for us alone, while the file is made in memory."""

Address = IPv4Address | IPv6Address
Names = Mapping[str, str | Address | Iterable[str | Address]]
"""Addresses of names: one, or several."""


def hosts_file(names: Names) -> str:
    """Return a hosts file with these names, and ``localhost``; without names, nothing.

    Raises:
        UsageError: a name or an address is none.
    """
    lines = [
        f"{address} {name}\n" for name, given in names.items() for address in _all(name, given)
    ]
    return LOOPBACK + "".join(lines) if lines else ""


def show(text: str) -> None:
    """Have the calling thread, and what it starts, see this hosts file from now on.

    Raises:
        LabError: it cannot be mounted.
    """
    try:
        unshare(CLONE_NEWNS)
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        mount("tmpfs", PLACE, "tmpfs")
        try:
            made = f"{PLACE}/hosts"
            handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.write(handle, text.encode())
            finally:
                os.close(handle)
            mount(made, HOSTS, None, MS_BIND)
        finally:
            unmount(PLACE, MNT_DETACH)
    except OSError as error:
        raise LabError(f"cannot give the node its own {HOSTS}: {error.strerror}") from error


def _all(name: str, given: str | Address | Iterable[str | Address]) -> Iterable[Address]:
    if numeric(name) is not None:
        raise UsageError(f"{name}: an address, and no name for one")
    try:
        refuse_odd(name)
    except NameNotFound as error:
        raise UsageError(str(error)) from error
    for one in (given,) if isinstance(given, str | Address) else given:
        address = numeric(one) if isinstance(one, str) else one
        if address is None:
            raise UsageError(f"{name}: {one!r} is no address")
        yield address
