"""Faults: what clients, the system and chance do to a server, and whether it stands it.

Each is a function of a :class:`Subject`, a server that echoes. It returns what it saw, and
raises :class:`Failed` if the server did not stand it. They try ours, and anybody's.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from rawkit.posix.faults import datagrams, processes, streams
from rawkit.posix.faults.subject import Failed, Inapplicable, Subject
from rawkit.record import record

__all__ = [
    "DATAGRAMS",
    "ENDINGS",
    "INTERRUPTED",
    "STREAMS",
    "Failed",
    "Fault",
    "Finding",
    "Inapplicable",
    "Subject",
    "attempt",
]


class Fault(NamedTuple):
    """One fault."""

    name: str
    run: Callable[[Subject], str]

    @property
    def about(self) -> str:
        """What it is, in a sentence."""
        return (self.run.__doc__ or "").partition("\n")[0]


@record
class Finding:
    """How a server stood a fault."""

    fault: str
    passed: bool | None
    """``None``: it says nothing about this server."""
    said: str
    """What was seen, or why it failed."""
    seconds: float


STREAMS = (
    Fault("odd pieces", streams.odd_pieces),
    Fault("half-close", streams.half_close),
    Fault("slow reader", streams.slow_reader),
    Fault("never reads", streams.never_reads),
    Fault("idle client", streams.idle_client),
    Fault("dripping", streams.dripping),
    Fault("slowloris", streams.slowloris),
    Fault("garbage", streams.garbage),
    Fault("reset storm", streams.reset_storm),
    Fault("vanishing clients", streams.vanishing),
    Fault("connection flood", streams.connection_flood),
    Fault("empty messages", streams.empty_messages),
    Fault("too long a message", streams.too_long_message),
    Fault("descriptor leak", streams.descriptor_leak),
    Fault("memory leak", processes.memory_leak),
    Fault("no zombies", processes.no_zombies),
    Fault("no descriptors", processes.no_descriptors),
)
"""Those that leave a server of connections as it was."""
DATAGRAMS = (
    Fault("datagrams", datagrams.datagrams),
    Fault("unreachable", datagrams.unreachable),
    Fault("never reads", datagrams.never_reads),
    Fault("nameless", datagrams.nameless),
    Fault("too long", datagrams.too_long),
    Fault("own port", datagrams.own_port),
    Fault("low port", datagrams.low_port),
)
"""Those that leave a server of datagrams as it was."""
ENDINGS = (
    Fault("drains", processes.drains),
    Fault("drains the idle", processes.drains_idle),
    Fault("killed", processes.killed),
)
"""Those after which the server is gone."""
INTERRUPTED = Fault("interrupted", processes.interrupted)
"""The same, for servers that have a terminal."""


def attempt(fault: Fault, subject: Subject) -> Finding:
    """Try a fault on a server."""
    begun = time.monotonic()
    passed: bool | None = True
    try:
        said = fault.run(subject)
    except Inapplicable as error:
        passed, said = None, str(error)
    except (Failed, OSError) as error:
        passed, said = False, str(error)
    return Finding(fault.name, passed, said, time.monotonic() - begun)
