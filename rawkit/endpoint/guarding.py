"""What keeps the kernel's TCP away from a port, whichever way; and which ways there are."""

from typing import Literal, Protocol

from rawkit.endpoint.guard import Guard, NotSilenced
from rawkit.errors import NotPermitted, UsageError
from rawkit.wire.address import Address

GuardKind = Literal["auto", "socket", "nft", "address"]
"""``"auto"``: a socket, or where no kernel socket can be silenced, a table of nftables."""


class Guarding(Protocol):
    """Keeps the kernel away until it is closed, or its process is gone."""

    port: int
    layers: tuple[str, ...]
    """By what it does so, in words."""

    def close(self) -> None:
        """From here on the kernel does as it likes. Closing twice is harmless."""
        ...


def open_guard(
    kind: GuardKind, address: Address, port: int = 0, interface: str | None = None
) -> Guarding:
    """Return a guard of a kind for an address and a port.

    Args:
        kind: which. A spare address is never taken unless it is asked for: to answer for one
            is seen by the whole link.
        address: one of this host's; or for ``"address"``, one that nobody has.
        port: 0: any that is free.
        interface: on this one alone; where a spare address is to be.

    Raises:
        NotPermitted: a capability is missing.
        UsageError: the port is taken; or the address is not what it has to be; or this kernel
            cannot do it.
    """
    if kind == "nft":
        return _by_nftables(address, port, interface)
    if kind == "address":
        from rawkit.endpoint.guard_address import SpareAddress

        return SpareAddress(address, port, interface)
    try:
        return Guard(address, port, interface)
    except NotSilenced as error:
        if kind == "socket":
            raise
        try:
            return _by_nftables(address, port, interface)
        except (NotPermitted, UsageError) as other:
            raise UsageError(f"{error}; nor by nftables: {other}") from other


def _by_nftables(address: Address, port: int, interface: str | None) -> Guarding:
    from rawkit.endpoint.guard_nft import FirewallGuard

    return FirewallGuard(address, port, interface)
