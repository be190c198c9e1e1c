"""What is known of the addresses that a trace meets: names, and autonomous systems."""

import time
from typing import TYPE_CHECKING, Protocol

from rawkit.wire.address import Address

if TYPE_CHECKING:
    from rawkit.host.asn import AutonomousSystem

PATIENCE = 0.1
"""Seconds that all lines of a trace together may wait for names: a silent name server
costs so much and no more."""


class Names(Protocol):
    """Host names, looked up beside the work."""

    def known(self, address: Address) -> str | None: ...

    def wait(self, address: Address, seconds: float) -> str | None: ...


class Systems(Protocol):
    """Autonomous systems; from a table at once, by DNS in time."""

    def known(self, address: Address) -> "AutonomousSystem | None": ...


class Lookup:
    """Names and systems of addresses; who asks again later may learn more."""

    def __init__(
        self, names: Names | None = None, systems: Systems | None = None, patience: float = PATIENCE
    ) -> None:
        """Prepare.

        Args:
            names: where names are from; ``None``: there are none.
            systems: where autonomous systems are from; ``None``: from nowhere.
            patience: seconds that may be waited for, in all.
        """
        self._names = names
        self._systems = systems
        self._left = patience

    def begin(self, address: Address) -> None:
        """Have an address looked up, for later."""
        self.name(address)
        self.system(address)

    def name(self, address: Address) -> str | None:
        """Return the name, if it is known by now."""
        return self._names.known(address) if self._names else None

    def system(self, address: Address) -> "AutonomousSystem | None":
        """Return the autonomous system, if it is known by now."""
        return self._systems.known(address) if self._systems else None

    def wait_for(self, address: Address) -> None:
        """Wait for what is under way about an address, as far as there is patience left."""
        for source in (self._names, self._systems):
            wait = getattr(source, "wait", None)
            if wait is None or self._left <= 0:
                continue
            began = time.monotonic()
            wait(address, self._left)
            self._left -= time.monotonic() - began

    def network(self, address: Address) -> str | None:
        """Return the autonomous system as text, such as ``AS64500``."""
        system = self.system(address)
        return str(system) if system else None
