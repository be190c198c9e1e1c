"""Attempts to connect side by side, as Happy Eyeballs wants them (RFC 8305)."""

import math
import os
import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial

from rawkit.engine.happy_eyeballs import (
    Abandon,
    Begin,
    Connected,
    EyeballEvent,
    EyeballNews,
    EyeballSettings,
    Failed,
    HappyEyeballs,
    Resolved,
)
from rawkit.errors import ConnectionFailed, NameNotFound, UsageError
from rawkit.host import names
from rawkit.posix.address import EVERY, KINDS, Address, InternetAddress
from rawkit.posix.attempts import Attempt, Manner
from rawkit.posix.connecting import ConnectSettings, Looked, Made, Told, Trying
from rawkit.posix.connection import Connection
from rawkit.posix.failures import Failure
from rawkit.posix.resolution import IPAddress, LookUp, Target, resolve
from rawkit.record import replace

VERSIONS = {socket.AF_INET: (4,), socket.AF_INET6: (6,), socket.AF_UNSPEC: (6, 4)}
"""Of IP, the preferred one first, for the kinds of addresses."""
OF_FAMILY = {socket.AF_INET: 4, socket.AF_INET6: 6}


class Race:
    """Looks up a name, and connects to its addresses."""

    def __init__(self, address: InternetAddress, how: ConnectSettings, told: Told) -> None:
        """Prepare.

        Raises:
            NameNotFound: the place to bind has no address.
            UsageError: the address makes no sense for a client, or cannot be reached from there.
        """
        if isinstance(address.host, str) and (address.host == EVERY or address.port == 0):
            resolve(address, look_up=lambda *_: ())  # it says what is wrong
        self._address = address
        self._how = how
        self._told = told
        self._locals = locals_of(address, how.bind)
        self._versions = _versions(address, how.bind, self._locals)
        self._attempts: dict[IPAddress, Attempt] = {}
        self._failures: list[Failure] = []
        self._causes: list[str] = []
        self._news = deque[EyeballNews]()
        self._answers = deque[Looked | BaseException]()
        self._won: Connection | None = None
        self._started = time.monotonic()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_closed = threading.Lock()

    def run(self) -> Connection:
        """Return the connection that is made first.

        Raises:
            ConnectionFailed: there is none.
            NameNotFound: the name has no address, or nobody tells in time.
        """
        how = self._how
        settings = EyeballSettings(
            resolution_delay=how.resolution_delay,
            attempt_delay=how.attempt_delay,
            timeout=how.timeout,
        )
        engine = HappyEyeballs(self._versions, settings)
        self._ask()
        wake_at: float | None = -math.inf
        while wake_at is not None:
            news = self._news.popleft() if self._news else None
            step = engine.step(time.monotonic(), news)
            for event in step.events:
                self._obey(event)
            wake_at = step.wake_at
            if wake_at is not None and not self._news:
                self._wait(wake_at)
        if self._won is None:
            raise self._lost()
        return self._won

    def close(self) -> None:
        """End every attempt that is left."""
        for attempt in self._attempts.values():
            attempt.close()
        self._attempts.clear()
        with self._is_closed:
            bell, self._bell = self._bell, -1
        os.close(bell)

    def _ask(self) -> None:
        """Look up the name, each version by itself: one that is silent holds up nobody."""
        host = self._address.host
        if not isinstance(host, str):
            self._news.append(Resolved(host.version, (host,)))
            return
        look_up = self._how.look_up or names.resolve
        for version in self._versions:
            work = partial(self._look_up, look_up, host, version)
            threading.Thread(target=work, name="rawkit-names", daemon=True).start()

    def _look_up(self, look_up: LookUp, host: str, version: int) -> None:
        """Ask, in a thread of its own, and ring the bell; nobody may be there any more."""
        found: tuple[IPAddress, ...] = ()
        cause, began = "", time.monotonic()
        try:
            found = look_up(host, version)
        except NameNotFound as error:
            cause = str(error)
        except BaseException as error:  # handed to the thread that waits
            self._answers.append(error)
        self._answers.append(Looked(version, found, cause, time.monotonic() - began))
        with self._is_closed:
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)

    def _obey(self, event: EyeballEvent) -> None:
        match event:
            case Begin(address):
                self._begin(address)
            case Abandon(address) if (attempt := self._attempts.pop(address, None)) is not None:
                self._abandon(attempt)

    def _begin(self, address: IPAddress) -> None:
        kind = KINDS[f"{self._address.kind.either}{address.version}"]
        (target,) = resolve(InternetAddress(kind, address, self._address.port))
        self._told(Trying(target.address))
        attempt = self._how.opener(target, manner(self._how, target, self._locals))
        self._attempts[address] = attempt
        self._look_at(address, attempt)

    def _abandon(self, attempt: Attempt) -> None:
        if self._won is not None:
            attempt.close()
            return
        failure = attempt.give_up(self._how.timeout or time.monotonic() - self._started)
        self._failures.append(failure)
        self._told(failure)

    def _look_at(self, address: IPAddress, attempt: Attempt) -> None:
        """See whether there is an outcome, and make it news."""
        match attempt.outcome():
            case None:
                return
            case Failure() as failure:
                self._failures.append(failure)
                self._told(failure)
                self._news.append(Failed(address))
            case Connection() as made if self._won is not None:
                made.close()
            case Connection() as made:
                self._won = made
                note = getattr(attempt, "note", "")
                self._told(Made(made, time.monotonic() - self._started, note))
                self._news.append(Connected(address))
        del self._attempts[address]

    def _wait(self, until: float) -> None:
        """Wait until something happens, and make it news."""
        bells = [one for one in (a.wake_at() for a in self._attempts.values()) if one is not None]
        poll_until(
            (self._bell, select.POLLIN), *self._attempts.values(), until=min([until, *bells])
        )
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        while self._answers:
            answer = self._answers.popleft()
            if isinstance(answer, BaseException):
                raise answer
            self._told(answer)
            if answer.cause:
                self._causes.append(answer.cause)
            self._news.append(Resolved(answer.version, answer.addresses))
        for address, attempt in [*self._attempts.items()]:
            self._look_at(address, attempt)

    def _lost(self) -> ConnectionFailed | NameNotFound:
        """Return the error that says why nobody could be connected to."""
        if self._failures:
            return error_of(self._address, self._failures)
        if self._causes and len(self._causes) == len(self._versions):
            return NameNotFound(self._causes[-1])
        patience = self._how.timeout or 0.0
        host = self._address.host
        return NameNotFound(f"{host}: timed out: no answer from the name server in {patience:g} s")


def poll_until(*what: tuple[int, int] | Attempt, until: float) -> None:
    """Wait until one of several things is ready, or too late.

    Args:
        what: descriptors with their events, and attempts.
        until: in monotonic seconds; may be infinite.
    """
    wanted = select.poll()
    for one in what:
        descriptor, events = one if isinstance(one, tuple) else (one.fileno(), one.interest())
        if descriptor >= 0:
            wanted.register(descriptor, events)
    left = None if until == math.inf else max(0.0, until - time.monotonic()) * 1000
    wanted.poll(left)


def locals_of(address: Address, bind: Address | None) -> tuple[Target, ...]:
    """Return where a client may be bound, if anybody has said so.

    Raises:
        NameNotFound: the place has no address.
        UsageError: it is of another kind than the address.
    """
    if bind is None:
        return ()
    if (bind.kind.either, bind.kind.type) != (address.kind.either, address.kind.type):
        raise UsageError(f"{address} cannot be reached from {bind}: they are of different kinds")
    return resolve(bind, passive=True)


def manner(how: ConnectSettings, target: Target, places: tuple[Target, ...]) -> Manner:
    """Return how to set up the socket that connects to a target."""
    local = next((one for one in places if one.family == target.family), None)
    if local is None and places:
        local = places[0]
    if local is not None and local.dual:
        local = replace(local, dual=False)
    return Manner(how.options, local, how.timeout)


def error_of(address: Address, failures: list[Failure]) -> ConnectionFailed:
    """Return one error for all that was tried."""
    if len(failures) == 1:
        return failures[0].error()
    told = "; ".join(failure.short() for failure in failures)
    last = failures[-1]
    whole = f"{address}: no connection: {told}"
    parts = tuple(failure.error() for failure in failures)
    local = all(failure.is_local for failure in failures)
    return ConnectionFailed(last.number, whole, last.came_back, parts, is_local=local)


def _versions(
    address: InternetAddress, bind: Address | None, places: tuple[Target, ...]
) -> tuple[int, ...]:
    """Return the versions of IP that it may have, and that there is a place to be bound for."""
    versions: tuple[int, ...] = VERSIONS[socket.AddressFamily(address.kind.family)]
    if not isinstance(address.host, str):
        versions = (address.host.version,)
    if not places or any(place.dual for place in places):
        return versions
    here = {OF_FAMILY[socket.AddressFamily(place.family)] for place in places}
    if not here & {*versions}:
        raise UsageError(f"{address} cannot be reached from {bind}: they are of different kinds")
    return tuple(version for version in versions if version in here)
