"""A small memory for names, so that a repeated question costs nothing for a while.

The resolver tells no lifetimes, so all names have one that is set here. Whoever needs the
lifetimes of DNS runs a caching name server, and most machines do.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from rawkit.errors import NameNotFound
from rawkit.host.names import Address, resolve
from rawkit.record import record

LIFETIME, LIFETIME_OF_FAILURES = 30.0, 5.0
"""Seconds."""
SIZE = 256

Key = tuple[str, int | None]
LookUp = Callable[[str, int | None], tuple[Address, ...]]


@record
class Remembered:
    """What was found, and when."""

    at: float
    found: tuple[Address, ...] | NameNotFound


class NameCache:
    """Answers that were given once; call it as :func:`rawkit.host.names.resolve`.

    It may be used from several threads. Two that ask for the same new name at once both
    ask the resolver.

    Args:
        look_up: whom to ask for what is not known.
        lifetime: seconds for which an answer holds.
        failures: the same for a name that has no address.
        size: how many names are remembered; the one that was not asked for the longest goes.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        look_up: LookUp = resolve,
        *,
        lifetime: float = LIFETIME,
        failures: float = LIFETIME_OF_FAILURES,
        size: int = SIZE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._look_up = look_up
        self._lifetime = lifetime
        self._failures = min(failures, lifetime)
        self._size = size
        self._clock = clock
        self._known: OrderedDict[Key, Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, name: str, version: int | None = None) -> tuple[Address, ...]:
        """Return the addresses of a name, from memory if they are there.

        Raises:
            NameNotFound: it has none, or had none a moment ago.
        """
        known = self.remembered(name, version)
        if known is None:
            known = self._ask(name, version)
        if isinstance(known.found, NameNotFound):
            raise NameNotFound(str(known.found)) from known.found
        return known.found

    def remembered(self, name: str, version: int | None = None) -> Remembered | None:
        """Return what is known of a name, if it still holds; asks nobody."""
        key = _key(name, version)
        with self._lock:
            known = self._known.get(key)
            if known is None:
                return None
            if self.left(known) <= 0:
                del self._known[key]
                return None
            self._known.move_to_end(key)
            return known

    def learn(
        self, name: str, version: int | None, found: tuple[Address, ...], failure: str = ""
    ) -> None:
        """Remember what somebody else has found out: addresses, or why there are none."""
        self._remember(name, version, NameNotFound(failure) if failure else found)

    def left(self, known: Remembered) -> float:
        """Return for how many seconds something still holds; below 0: it does not."""
        failed = isinstance(known.found, NameNotFound)
        return known.at + (self._failures if failed else self._lifetime) - self._clock()

    def age(self, known: Remembered) -> float:
        """Return for how many seconds something has been known."""
        return self._clock() - known.at

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()

    def __len__(self) -> int:
        return len(self._known)

    def _ask(self, name: str, version: int | None) -> Remembered:
        found: tuple[Address, ...] | NameNotFound
        try:
            found = self._look_up(name, version)
        except NameNotFound as error:
            found = error
        return self._remember(name, version, found)

    def _remember(
        self, name: str, version: int | None, found: tuple[Address, ...] | NameNotFound
    ) -> Remembered:
        known, key = Remembered(self._clock(), found), _key(name, version)
        with self._lock:
            self._known[key] = known
            self._known.move_to_end(key)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return known


def _key(name: str, version: int | None) -> Key:
    return name.removesuffix(".").lower(), version
