"""What ``rawkit sockaddr --json`` prints: one object a line (:mod:`rawkit.cli.records`)."""

from typing import NamedTuple

from rawkit.cli.records import Schema, Value, line
from rawkit.posix.address import Address, InternetAddress
from rawkit.posix.resolution import Target
from rawkit.posix.sockaddr import SockAddrLayout
from rawkit.wire.address import Address as IPAddress

SCHEMA: Schema = {
    "sockaddr": ("socket_address", "struct", "sockaddr", "struct_octets", "members"),
}
PARTS: Schema = {
    "members": ("member", "c_type", "at", "member_octets", "byte_order", "value"),
}


class Host(NamedTuple):
    """Whom an address is about."""

    name: str
    address: IPAddress


def sockaddr(asked: Address, target: Target, found: SockAddrLayout) -> str:
    """Return the object of a ``struct sockaddr``.

    Args:
        asked: the address as it was given.
        target: what it stands for.
        found: its struct.
    """
    members: list[Value] = []
    at = 0
    for one in found.members:
        members.append(
            {
                "member": one.name,
                "c_type": one.c_type,
                "at": at,
                "member_octets": one.octets.hex(),
                "byte_order": one.order or None,
                "value": one.says,
            }
        )
        at += len(one.octets)
    values: dict[str, Value] = {
        "socket_address": str(target.address),
        "struct": found.struct,
        "sockaddr": bytes(found).hex(),
        "struct_octets": len(found.octets),
        "members": members,
    }
    return line("sockaddr", "sockaddr", _host(asked, target), values)


def _host(asked: Address, target: Target) -> Host | None:
    match asked, target.address:
        case InternetAddress(host=name), InternetAddress(host=host) if not isinstance(host, str):
            return Host(str(name), host)
    return None
