"""How to connect, and what happens on the way."""

from collections.abc import Callable

from rawkit.engine.happy_eyeballs import EyeballSettings
from rawkit.posix.address import Address
from rawkit.posix.attempts import KernelAttempt, Opener
from rawkit.posix.connection import Connection
from rawkit.posix.failures import Failure
from rawkit.posix.options import Setting
from rawkit.posix.resolution import IPAddress, LookUp
from rawkit.record import record

PATIENCE = EyeballSettings()


@record(kw_only=True)
class ConnectSettings:
    """How to connect. Times are seconds."""

    timeout: float | None = None
    """The longest that all of it may take, names included; ``None``: as the kernel has it."""
    bind: Address | None = None
    """Where from."""
    options: tuple[Setting, ...] = ()
    """Of the sockets, set before they connect."""
    attempt_delay: float = PATIENCE.attempt_delay
    """How long an address may be silent until the next one is tried beside it (RFC 8305)."""
    resolution_delay: float = PATIENCE.resolution_delay
    """How long IPv4 addresses wait for those of IPv6."""
    look_up: LookUp | None = None
    """How to find the addresses of a name, if not by asking the system."""
    opener: Opener = KernelAttempt
    """Who makes the connections."""


@record
class Looked:
    """Event: what became of the question for the addresses of one version of IP."""

    version: int
    addresses: tuple[IPAddress, ...]
    cause: str
    """Why there are none; empty: there are."""
    took: float
    """Seconds."""


@record
class Trying:
    """Event: an attempt began."""

    address: Address


@record
class Made:
    """Event: a connection is made."""

    connection: Connection
    took: float
    """Seconds, from the beginning of all."""
    note: str = ""
    """What is not as it was asked for."""


ConnectEvent = Looked | Trying | Failure | Made
"""A ``Failure`` is an address that could not be connected to, or was given up."""
Told = Callable[[ConnectEvent], None]
