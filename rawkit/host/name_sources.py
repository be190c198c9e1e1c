"""Where the resolver of the C library looks for names, and in which order (nsswitch.conf(5)).

The resolver does not tell where an answer is from; but what the hosts file says can be
read, and so can who is asked when.
"""

import re
import socket
from collections.abc import Iterable

from rawkit.host.names import Address, numeric
from rawkit.record import record

NSSWITCH, HOSTS, RESOLV_CONF = "/etc/nsswitch.conf", "/etc/hosts", "/etc/resolv.conf"
ASSUMED = ("files", "dns")
"""What libraries do where nothing is said."""
SERVICES = {
    "files": "the hosts file",
    "dns": "DNS",
    "resolve": "systemd-resolved",
    "myhostname": "the name of this machine (nss-myhostname)",
    "mymachines": "containers (nss-mymachines)",
    "nis": "NIS",
    "wins": "NetBIOS",
}
"""Services that are asked, in words."""
OWN_NAMES = frozenset(("localhost", "localhost.localdomain", "_gateway", "_outbound"))
"""What nss-myhostname knows beside the machine's name."""
DEFAULT_SERVER = "127.0.0.1"
"""Who is asked where resolv.conf(5) names nobody."""


@record
class HostsLine:
    """A line of the hosts file."""

    number: int
    address: Address
    names: tuple[str, ...]
    """The first is the canonical one."""


@record
class Origin:
    """Where the addresses of a name are from, as far as it can be told."""

    services: tuple[str, ...]
    """Services, one of which it was; more than one: which, cannot be told."""
    lines: tuple[HostsLine, ...] = ()
    """Of the hosts file."""

    def __str__(self) -> str:
        words = [SERVICES.get(one, one) for one in self.services]
        said = " or ".join(words) or "unknown"
        if self.lines:
            said += f" ({', '.join(f'{HOSTS}:{line.number}' for line in self.lines)})"
        return said


def order(text: str | None = None) -> tuple[tuple[str, ...], bool]:
    """Return the services that are asked for hosts, in order, and whether that was read.

    Args:
        text: of nsswitch.conf(5); without it, that of this machine.
    """
    text = _read(NSSWITCH) if text is None else text
    for line in text.splitlines():
        database, colon, rest = line.partition("#")[0].partition(":")
        if colon and database.strip() == "hosts":
            services = re.sub(r"\[[^\]]*\]", " ", rest).split()
            return tuple(services), True
    return ASSUMED, False


def hosts_lines(name: str, text: str | None = None) -> tuple[HostsLine, ...]:
    """Return the lines of the hosts file that a name is in.

    Args:
        name: the name; the case of letters and a dot at the end make no difference.
        text: of hosts(5); without it, that of this machine.
    """
    wanted = _plain(name)
    found = []
    for number, line in enumerate((_read(HOSTS) if text is None else text).splitlines(), 1):
        word, *names = line.partition("#")[0].split() or [""]
        address = numeric(word)
        if address is not None and wanted in map(_plain, names):
            found.append(HostsLine(number, address, tuple(names)))
    return tuple(found)


def name_servers(text: str | None = None) -> tuple[str, ...]:
    """Return the name servers that are asked, in order (resolv.conf(5)).

    Args:
        text: of resolv.conf(5); without it, that of this machine.
    """
    words = [line.split() for line in (_read(RESOLV_CONF) if text is None else text).splitlines()]
    found = tuple(line[1] for line in words if line[:1] == ["nameserver"] and len(line) > 1)
    return found or (DEFAULT_SERVER,)


def origin(
    name: str, found: Iterable[Address], services: Iterable[str], lines: Iterable[HostsLine]
) -> Origin:
    """Return where the addresses of a name are from.

    Args:
        name: the name.
        found: its addresses.
        services: those that are asked, in order.
        lines: those of the hosts file with the name.
    """
    addresses = {_bare(one) for one in found}
    matching = tuple(line for line in lines if _bare(line.address) in addresses)
    candidates: list[str] = []
    for service in services:
        if service == "files":
            if matching:
                return Origin((*candidates, "files"), matching)
        elif _may_know(service, name):
            candidates.append(service)
    return Origin(tuple(candidates))


def _may_know(service: str, name: str) -> bool:
    """Whether a service has names like this one."""
    plain = _plain(name)
    if service.startswith("mdns"):
        return plain.endswith(".local")
    if service == "myhostname":
        return plain in OWN_NAMES or plain == _plain(socket.gethostname())
    return True


def _plain(name: str) -> str:
    return name.removesuffix(".").lower()


def _bare(address: Address) -> str:
    """Return an address without its scope."""
    return str(address).partition("%")[0]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
