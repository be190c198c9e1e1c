"""A host of its own behind a TUN interface: nobody shares its ports, and none is guarded."""

import errno
import os

from rawkit.endpoint.tun_link import DEVICE, TunLink
from rawkit.errors import NotPermitted
from rawkit.record import record
from rawkit.wire.address import Address

EPHEMERAL = range(49_152, 65_536)
"""Ports for nobody in particular (RFC 6335 §6)."""
REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOENT, errno.ENODEV)
WAYS_OUT = ("sudo", f"sudo chmod 0666 {DEVICE}, and rawkit lab", "another link")


@record(frozen=False)
class Alone:
    """In the place of a guard: there is no kernel on that address to be kept away."""

    port: int
    layers: tuple[str, ...] = ("tun",)

    def close(self) -> None:
        """Do nothing: the address goes with the link."""


def alone(local: Address, port: int = 0) -> tuple[Alone, TunLink]:
    """Return a port of an address behind a new interface, and the link to it.

    Args:
        local: the address, which nobody else has.
        port: 0: any.

    Raises:
        NotPermitted: the device cannot be opened, or ``CAP_NET_ADMIN`` is missing.
        UsageError: the address is this host's, or the way to it is taken.
    """
    try:
        link = TunLink(local)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        cause = f"{DEVICE}: {error.strerror}"
        raise NotPermitted("make a TUN interface", (cause,), WAYS_OUT) from error
    chosen = port or EPHEMERAL[int.from_bytes(os.urandom(4), "big") % len(EPHEMERAL)]
    return Alone(chosen), link
