"""The fault suite as a tool: what anybody's server makes of unkind clients and bad days."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from rawkit.errors import RawkitError, UsageError
from rawkit.posix.address import Address
from rawkit.posix.faults import DATAGRAMS, ENDINGS, INTERRUPTED, STREAMS, Fault, Finding, attempt
from rawkit.posix.faults.subject import Subject
from rawkit.posix.started import LOOK, Started, is_on_this_machine, reachable
from rawkit.record import record

PATIENCE, GRACE, STALL = 5.0, 3.0, 0.2
EVERY = (*STREAMS, *(one for one in DATAGRAMS if one.name != "never reads"), *ENDINGS, INTERRUPTED)
"""All faults, each name once."""


@record(kw_only=True)
class Plan:
    """What is to be tried on which server."""

    address: Address | None = None
    """Where it is; ``None``: it says so itself, in the first line that it prints."""
    command: tuple[str, ...] = ()
    """What starts it; empty: it is there already."""
    pid: int | None = None
    """Its process, if it is there already and may be looked at."""
    names: tuple[str, ...] = ()
    """Which faults; empty: all."""
    patience: float = PATIENCE
    """Seconds that an answer may take."""
    grace: float = GRACE
    """Seconds in which it has to be gone when it is told to stop."""
    remote: bool = False
    """Whether it may be on another machine."""

    def __post_init__(self) -> None:
        known = {fault.name for fault in EVERY}
        for name in self.names:
            if name not in known:
                raise UsageError(f"no fault {name!r}{_suggestion(name, known)}")
        if not self.command and self.address is None:
            raise UsageError("no ADDRESS, such as tcp:127.0.0.1:7007, and no COMMAND behind --")
        if self.command and self.pid is not None:
            raise UsageError("--pid is of a server that is there already: without COMMAND")
        if self.address is not None and not (self.remote or is_on_this_machine(self.address)):
            raise UsageError(
                f"{self.address} is not on this machine, and is not loaded by a check"
                " (try: run it there; --remote, if it is yours)"
            )


class Check:
    """Tries faults, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self.address = plan.address
        """Where the server is; of one that says so itself, once it has."""
        self._plan = plan
        self._stack = ExitStack()
        self._server: Started | None = None

    def findings(self) -> Iterator[Finding]:
        """Yield how it stands each fault.

        Raises:
            RawkitError: it is not there, or does not come back.
        """
        with self._stack:
            subject = self._subject()
            if not _is_there(subject):
                raise RawkitError(f"nobody answers at {subject.address}")
            faults = DATAGRAMS if _is_datagram(subject) else STREAMS
            for fault in self._chosen(faults):
                subject = self._subject()
                if not _is_there(subject):
                    yield Finding(fault.name, None, "not tried: nobody is there any more", 0.0)
                    continue
                yield attempt(fault, subject)
            if self._plan.command and not _is_datagram(subject):
                for fault in self._chosen((*ENDINGS, INTERRUPTED)):
                    finding = attempt(fault, self._subject())
                    self._stack.close()
                    self._server = None
                    yield finding

    def _chosen(self, faults: Sequence[Fault]) -> Iterator[Fault]:
        names = self._plan.names
        return (fault for fault in faults if not names or fault.name in names)

    def _subject(self) -> Subject:
        """Return the server, started anew if it is gone."""
        plan = self._plan
        if not plan.command:
            assert plan.address is not None
            return self._told(plan.address, plan.pid)
        if self._server is None or not self._server.is_there():
            self._stack.close()
            started = Started(plan.command, plan.address, plan.patience)
            self._server = self._stack.enter_context(started)
        assert self._server.address is not None
        self.address = self._server.address
        return self._told(self._server.address, self._server.pid)

    def _told(self, address: Address, pid: int | None) -> Subject:
        return Subject(reachable(address), pid, self._plan.patience, self._plan.grace, STALL)


def _is_there(subject: Subject) -> bool:
    """Whether the server takes clients, within the patience."""
    until = time.monotonic() + subject.patience
    while not subject.answers():
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK)
    return True


def _is_datagram(subject: Subject) -> bool:
    import socket

    return subject.address.kind.type == socket.SOCK_DGRAM


def _suggestion(name: str, known: set[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else " (rawkit check --list shows them)"
