"""A guard in the firewall: the kernel's own resets do not leave, for one port or for many.

A table of nftables drops them (:mod:`rawkit.sockets.nftables`). Ours leave: they come from a
socket that a user opened, and the kernel's answer to an unknown segment from one that nobody did.
The table belongs to this process, and goes with it, even if that is killed. Needs
``CAP_NET_ADMIN`` and Linux 5.12.
"""

import errno
import os
import socket

from rawkit.errors import UsageError
from rawkit.host.capability import Capability, missing
from rawkit.sockets.ladder import with_capabilities
from rawkit.sockets.nftables import (
    Base,
    Compare,
    Hook,
    Meta,
    OwnedTable,
    Verdict,
    compare,
    count,
    give,
    load,
    load_meta,
    mask,
)
from rawkit.sockets.ports import reserve
from rawkit.sockets.settings import Settings
from rawkit.wire.address import Address

SOURCE = {4: (12, 4), 6: (8, 16)}
"""Where IP headers have the source address, and its length, by version."""
FLAGS = 13
"""Where the TCP header has them."""
RST = b"\x04"
WISH = "guard ports by nftables"


class FirewallGuard:
    """Drops the resets that the kernel would send from some ports of one address."""

    def __init__(
        self, address: Address, ports: int | range = 0, interface: str | None = None
    ) -> None:
        """Guard a port, or a range of ports.

        Args:
            address: whose ports; one of this host's.
            ports: 0: any that is free. A single port is reserved, too; of a range the ports
                are not: choose one that the kernel gives to nobody.
            interface: of this one alone; for the reservation.

        Raises:
            MissingCapability: ``CAP_NET_ADMIN`` is missing, or the port is a low one.
            UsageError: the port is taken; there is no such address here; or this kernel has no
                nftables, or none whose tables have owners.
        """
        self.layers: tuple[str, ...] = ("nft",)
        self._held: socket.socket | None = None
        if isinstance(ports, int):
            settings = Settings(src=address, interface=interface)
            self._held = reserve(address.version, "tcp", ports, settings)
            port: int = self._held.getsockname()[1]
            ports = range(port, port + 1)
        elif not ports or ports.step != 1 or ports[0] < 1 or ports[-1] > 0xFFFF:
            raise UsageError(f"{ports}: not a range of ports")
        self.port: int = ports[0]
        try:
            self._table = _table(address, ports[0], ports[-1])
        except BaseException:
            self._let_go()
            raise

    @property
    def name(self) -> str:
        """Of its table."""
        return self._table.name

    def close(self) -> None:
        """Delete the table and give the port back; from here on the kernel answers for it."""
        self._table.close()
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()


def _table(address: Address, first: int, last: int) -> OwnedTable:
    """Make the table, or say why there is none."""
    name = f"rawkit-{os.getpid()}-{os.urandom(4).hex()}"
    ours = (*_resets(address, first, last), load_meta(Meta.SOCKET_USER), _anybody(), _pass())
    theirs = (*_resets(address, first, last), count(), give(Verdict.DROP))
    try:
        return with_capabilities(
            lambda: OwnedTable(address.version, name, Hook.OUTPUT, ours, theirs)
        )
    except PermissionError as error:
        raise missing(Capability.NET_ADMIN, to=WISH) from error
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.ENOENT):
            raise
        said = "this kernel has no nftables whose tables have owners (Linux 5.12)"
        raise UsageError(f"{said}: {error.strerror}") from error


def _resets(address: Address, first: int, last: int) -> tuple[bytes, ...]:
    """Return the expressions that only resets from these ports get past."""
    low, high = first.to_bytes(2, "big"), last.to_bytes(2, "big")
    return (
        load_meta(Meta.PROTOCOL),
        compare(Compare.EQUAL, bytes((socket.IPPROTO_TCP,))),
        load(Base.NETWORK, *SOURCE[address.version]),
        compare(Compare.EQUAL, address.packed),
        load(Base.TRANSPORT, 0, 2),
        compare(Compare.AT_LEAST, low),
        compare(Compare.AT_MOST, high),
        load(Base.TRANSPORT, FLAGS, 1),
        mask(RST),
        compare(Compare.UNEQUAL, bytes(1)),
    )


def _anybody() -> bytes:
    """Any user: where the socket has none, loading that has ended the rule already."""
    return compare(Compare.AT_LEAST, bytes(4))


def _pass() -> bytes:
    return give(Verdict.ACCEPT)
