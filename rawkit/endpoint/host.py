"""A host of its own on one port: a link, a guard, and the connections on them.

It never waits and has no thread: whoever drives it waits until :meth:`Host.fileno` is readable or
:attr:`Host.wake_at`, and calls :meth:`Host.turn`; after a call of a connection, :meth:`Host.flush`.
"""

import select
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from rawkit.endpoint.guarding import Guarding
from rawkit.endpoint.link import Link
from rawkit.record import record, replace
from rawkit.tcp.codec import Writer
from rawkit.tcp.connection import Connection
from rawkit.tcp.covered import without_covered
from rawkit.tcp.events import Event
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from rawkit.tcp.segment import Segment
from rawkit.tcp.settings import DEFAULT, Settings
from rawkit.tcp.stack import Departing, Stack, Told
from rawkit.wire.address import Address

if TYPE_CHECKING:
    from rawkit.endpoint.watchdog import Watchdog

AT_ONCE = 128
"""Segments that are taken in before something is sent: an acknowledgment for many of them."""
Watch = Callable[[float, Flow, Segment, bool], None]
"""Told of each segment: when, whose, the segment, and whether it is ours."""


@record(kw_only=True)
class Look:
    """What the IP header of each packet of ours says."""

    ttl: int = 64
    dscp: int = 0
    flow_label: int = 0


PLAIN = Look()


class Host:
    """Connections on one link."""

    def __init__(
        self,
        link: Link,
        guard: Guarding | None,
        *,
        secret: bytes,
        look: Look = PLAIN,
        clock: Callable[[], float] = time.monotonic,
        watch: Watch | None = None,
        watchdog: "Watchdog | None" = None,
    ) -> None:
        """Put a stack on a link, which belongs to it from now on, as do guard and watchdog.

        Args:
            link: what moves segments.
            guard: what keeps the kernel away; ``None``: it has nothing to do with that address.
            secret: 8 to 32 octets that nobody else knows.
            look: of the packets.
            clock: seconds, never going back.
            watch: told of each segment that comes or goes.
            watchdog: what resets the connections if this process is killed.
        """
        self.link = link
        self.guard = guard
        self.watchdog = watchdog
        self.stack = Stack(secret=secret)
        self.watch = watch
        self._look = look
        self._clock = clock
        self._fitted = DEFAULT, 0, DEFAULT
        self._writers: dict[bytes, Writer] = {}
        """By the flow's key."""
        self._poll = select.epoll()
        self.is_closed = False
        """Whether link and guard were given back."""
        for descriptor in link.filenos():
            self._poll.register(descriptor, select.EPOLLIN)

    def connect(
        self, flow: Flow, settings: Settings = DEFAULT, *, isn: int | None = None
    ) -> Connection:
        """Send a SYN; the connection tells what comes of it.

        Raises:
            UsageError: there is a connection between these two ends.
        """
        fitting = self.fitting(flow, settings)  # takes a while: the clock is read behind it
        return self.stack.connect(self._clock(), flow, fitting, isn=isn)

    def listen(self, local: Address, port: int, listener: Listener) -> None:
        """Have a listener answer on an address and a port.

        Raises:
            UsageError: another one does.
        """
        listener.secret = listener.secret or self.stack.secret
        settings = listener.settings
        listener.settings_for = lambda flow: self.fitting(flow, settings)
        self.stack.listen(local, port, listener)

    def stop_listening(self, local: Address, port: int) -> None:
        """Take no more connections there, and reset those that nobody has taken."""
        listener = self.stack.listeners.pop((local, port), None)
        if listener is not None:
            for connection in (*listener.ready, *listener.opening.values()):
                connection.abort(self._clock())
            listener.ready.clear()

    def fitting(self, flow: Flow, settings: Settings) -> Settings:
        """Return settings with the link's sizes, as far as they are not smaller already."""
        mtu = min(settings.mtu, self.link.mtu_to(flow))
        asked, mtu_then, fitting = self._fitted
        if asked is not settings or mtu_then != mtu:  # mostly they are those of the last one
            fitting = replace(settings, mtu=mtu, gso=self.link.gso)
            self._fitted = settings, mtu, fitting
        return fitting

    def fileno(self) -> int:
        """Return the descriptor that turns readable when something has come."""
        return self._poll.fileno()

    @property
    def guard_layers(self) -> tuple[str, ...]:
        """By what the kernel is kept away, in words."""
        return () if self.guard is None else self.guard.layers

    @property
    def wake_at(self) -> float:
        """When to call :meth:`turn` at the latest, on its clock."""
        return self.stack.wake_at

    @property
    def is_idle(self) -> bool:
        """Whether there is neither a connection nor a listener."""
        return not (self.stack.connections or self.stack.listeners)

    def turn(self) -> list[Told]:
        """Take in what has come, do what is due, send; return what has happened."""
        self.take_in()
        return self.flush()

    def take_in(self, most: int = AT_ONCE) -> None:
        """Take in what has come, at most so many segments, and do what is due."""
        now = self._clock()
        link, stack, watch = self.link, self.stack, self.watch
        arrivals = link.receive(most)
        if watch is not None:
            for key, segment in arrivals:
                watch(now, Flow.of_key(key), segment, False)
        for key, segment in without_covered(arrivals):
            stack.arrive(now, key, segment)
        for flow, advice in link.advice():
            stack.advise(now, flow, advice)
        stack.tick(now)

    def flush(self) -> list[Told]:
        """Send what is to be sent, and return what has happened."""
        stack = self.stack
        if stack.is_calm:
            return []
        now = self._clock()
        for group in stack.departing(now):
            self._send(now, group)
        told = stack.settle()
        if self.watchdog is not None:
            self._inform(told, self.watchdog)
        if len(self._writers) > 2 * len(stack.connections) + 64:
            self._writers.clear()
        return told

    def close(self) -> None:
        """Reset what is open, and give link and guard back."""
        if self.is_closed:
            return
        self.is_closed = True
        with suppress(OSError):
            self.stack.reset_all(self._clock())
            self.flush()
        self._poll.close()
        self.link.close()
        for one in (self.guard, self.watchdog):
            if one is not None:
                one.close()

    def _send(self, now: float, group: Departing) -> None:
        writer = self._writers.get(group.key)
        if writer is None:
            look = self._look
            writer = Writer(group.flow, look.ttl, look.dscp, look.flow_label)
            self._writers[group.key] = writer
        if self.watch is not None:
            for segment in group.segments:
                self.watch(now, group.flow, segment, True)
        if self.watchdog is not None:  # first: a number that is too low would say nothing
            self._entrust(group, self.watchdog)
        self.link.send(writer, group.segments)

    def _entrust(self, group: Departing, watchdog: "Watchdog") -> None:
        connection = self.stack.connections.get(group.key)
        if connection is not None:
            watchdog.note(group.flow, group.key, connection.block.snd_nxt)

    def _inform(self, told: list[Told], watchdog: "Watchdog") -> None:
        """Tell of those that are over, and of those that a cookie has opened: they sent nothing."""
        for one in told:
            key = one.connection.key
            known = self.stack.connections.get(key)  # another one may have taken its place
            if known is None:
                watchdog.forget(key)
            elif known.flow is not None:
                watchdog.note(known.flow, key, known.block.snd_nxt)


def events_of(told: list[Told], connection: Connection) -> list[Event]:
    """Return what has happened to one connection."""
    return [event for one in told if one.connection is connection for event in one.events]
