"""Where to open sockets: here, or in a node of a lab."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Place(Protocol):
    """Somewhere to be, such as a node of a lab."""

    def here(self) -> AbstractContextManager[object]:
        """Return a context in which this thread is in the place's network."""
        ...


def inside(place: Place | None) -> AbstractContextManager[object]:
    """Return a context in which this thread is there; nowhere else, if there is no place."""
    return place.here() if place else nullcontext()
