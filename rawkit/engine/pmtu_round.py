"""One round of probes: what is asked at once, and when there is no more to wait for.

After the probes follow a few small ones, which are known to be answered: the marks. On a
path that keeps the order, what has not been answered when a mark is has been lost. So
no fixed time has to be waited for, on a fast path or on a slow one; and where even the
marks remain silent, silence means nothing.
"""

from collections.abc import Callable, Iterable

from rawkit.engine.pmtu_probes import Kind, SizeProbe
from rawkit.record import record

SLACK = 0.05
"""Seconds by which an answer may be overtaken by that of a mark, and one round trip more."""


@record
class Wish:
    """A probe to be sent."""

    size: int
    ttl: int
    kind: Kind
    is_mark: bool = False


@record
class Ask:
    """What is to be sent at once; without wishes, a pause."""

    wishes: tuple[Wish, ...] = ()
    wait: float = 1.0
    """Seconds, at the most."""
    enough: Callable[[], bool] = lambda: False
    """Whether all is known already that was asked for."""


class Round:
    """The probes of one :class:`Ask`, under way."""

    def __init__(self, ask: Ask, now: float, one_by_one: bool) -> None:
        self.ask = ask
        self.ends_at = now + ask.wait
        self.heard = False
        """Whether a mark was answered, so that silence means something."""
        self._queue = list(ask.wishes)
        self._open: dict[int, Wish] = {}
        self._one_by_one = one_by_one

    def next_wishes(self, now: float) -> Iterable[Wish]:
        """Return what to send now."""
        if not self._one_by_one:
            wishes, self._queue = self._queue, []
            return wishes
        if self._queue and (not self._open or now >= self.ends_at):
            self._open.clear()
            self.ends_at = now + self.ask.wait
            return [self._queue.pop(0)]
        return []

    def sent(self, probe: SizeProbe, wish: Wish) -> None:
        """Note that a probe is under way."""
        self._open[probe.serial] = wish

    def outstanding(self) -> list[int]:
        """Return the numbers of the probes without an answer."""
        return list(self._open)

    def answered(self, serial: int, now: float, rtt: float) -> None:
        """Note an answer, or that a probe was never sent."""
        wish = self._open.pop(serial, None)
        if wish and wish.is_mark and not self.heard:
            self.heard = True
            if not self._queue:
                self.ends_at = min(self.ends_at, now + SLACK + rtt)

    def is_over(self, now: float) -> bool:
        """Whether there is nothing more to wait for."""
        if self._queue and not self._one_by_one:
            return False
        if not self.ask.wishes:
            return now >= self.ends_at
        if self.ask.enough() or (not self._open and not self._queue):
            return True
        return now >= self.ends_at and not self._queue
