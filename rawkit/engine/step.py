"""The one verb every engine has, and the news it is told."""

from typing import Generic, Protocol, TypeVar

from rawkit.record import record
from rawkit.wire.news import News, Salvo, Volley
from rawkit.wire.packet import Packet

Event = TypeVar("Event", covariant=True)
Report = TypeVar("Report", covariant=True)


@record
class Step(Generic[Event]):
    """What an engine wants done after one step."""

    send: tuple[Packet, ...] = ()
    events: tuple[Event, ...] = ()
    wake_at: float | None = None
    """When to step again at the latest, in seconds; ``None``: the engine is done."""
    volley: Volley | Salvo | None = None
    """To be played by the pipe; the next news is what became of it."""


class Engine(Protocol[Event, Report]):
    """A protocol as a machine that is stepped: by a driver, or by a test."""

    def step(self, now: float, news: News | None = None) -> Step[Event]:
        """Take in what happened and the time; say what to do next.

        Args:
            now: seconds on any clock that never goes back.
            news: one thing that happened, or ``None`` if only time has passed.
        """
        ...

    def report(self) -> Report:
        """Return the outcome so far."""
        ...
