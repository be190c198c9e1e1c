"""Happy Eyeballs: to which of a host's addresses to connect (RFC 8305).

Those that are silent are not waited for: IPv6 goes first, the versions take turns, and the
next address is tried when the last one has failed, or has been silent for a quarter of a
second. The first connection that is made wins.
"""

import math

from rawkit.engine.step import Step
from rawkit.record import field, record
from rawkit.wire.address import Address

SHORTEST_DELAY = 0.01
"""Seconds between two attempts, at the least (RFC 8305 §5)."""


@record(kw_only=True)
class EyeballSettings:
    """How patient the race is. Times are seconds."""

    resolution_delay: float = 0.05
    """How long addresses of the version that is not preferred wait for those of the other (§3)."""
    attempt_delay: float = 0.25
    """How long an attempt may be silent until the next one begins beside it (§5)."""
    first_family_count: int = 1
    """Addresses of the preferred version before those of the other have a turn (§4)."""
    timeout: float | None = None
    """The longest that all of it may take, names included."""


@record
class Resolved:
    """News: the addresses of one version of IP; none, if the name has none."""

    version: int
    addresses: tuple[Address, ...]


@record
class Failed:
    """News: an address cannot be connected to."""

    address: Address


@record
class Connected:
    """News: a connection is made."""

    address: Address


@record
class Begin:
    """Event: connect to this address."""

    address: Address


@record
class Abandon:
    """Event: give up an attempt, or close the connection that came of it."""

    address: Address


@record
class EyeballReport:
    """How the race went."""

    winner: Address | None
    begun: tuple[Address, ...]
    """Addresses that were tried, in that order."""
    failed: tuple[Address, ...]
    timed_out: bool
    """Whether it ended for want of time."""


EyeballNews = Resolved | Failed | Connected
EyeballEvent = Begin | Abandon


@record(frozen=False, eq=False)
class HappyEyeballs:
    """A race of connections; tell it what happens, and do what it says.

    The step's ``wake_at`` is ``inf`` where only news can bring it on, and ``None`` at the end.
    """

    versions: tuple[int, ...]
    """Of IP, the preferred one first: those that addresses are looked up for."""
    settings: EyeballSettings = field(default_factory=EyeballSettings)
    _waiting: set[int] = field(init=False, default_factory=set)
    _untried: dict[int, list[Address]] = field(init=False, default_factory=dict)
    _begun: list[Address] = field(init=False, default_factory=list)
    _under_way: set[Address] = field(init=False, default_factory=set)
    _failed: list[Address] = field(init=False, default_factory=list)
    _winner: Address | None = field(init=False, default=None)
    _deadline: float | None = field(init=False, default=None)
    _hold_until: float = field(init=False, default=math.inf)
    """When addresses of the other version need not wait for the preferred one any more."""
    _next_at: float = field(init=False, default=-math.inf)
    """When the next address is due."""
    _timed_out: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._waiting.update(self.versions)
        self._untried.update({version: [] for version in self.versions})

    def step(self, now: float, news: EyeballNews | None = None) -> Step[EyeballEvent]:
        """Take in what happened and the time; say what to begin, and what to give up."""
        if self._deadline is None:
            timeout = self.settings.timeout
            self._deadline = math.inf if timeout is None else now + timeout
        was_over = self.is_over
        events = list(self._taken_in(now, news))
        if not self.is_over and now >= self._deadline:
            self._timed_out = True
        if self.is_over:
            if not was_over:
                events += self._abandoned()
            return Step(events=tuple(events))
        while self._may_begin(now) and (address := self._take()) is not None:
            self._next_at = now + max(self.settings.attempt_delay, SHORTEST_DELAY)
            events.append(Begin(address))
        return Step(events=tuple(events), wake_at=self._wake_at())

    def report(self) -> EyeballReport:
        """Return the outcome so far."""
        begun, failed = tuple(self._begun), tuple(self._failed)
        return EyeballReport(self._winner, begun, failed, self._timed_out)

    @property
    def is_over(self) -> bool:
        """Whether there is a winner, or nothing left to try, or no time."""
        if self._winner is not None or self._timed_out:
            return True
        return not (self._waiting or self._under_way or any(self._untried.values()))

    def _taken_in(self, now: float, news: EyeballNews | None) -> tuple[EyeballEvent, ...]:
        match news:
            case Resolved(version, addresses):
                self._resolved(now, version, addresses)
            case Failed(address) if address in self._under_way:
                self._under_way.remove(address)
                self._failed.append(address)
                if address == self._begun[-1]:
                    self._next_at = now
            case Connected(address) if self.is_over:
                return (Abandon(address),)
            case Connected(address):
                self._winner = address
                self._under_way.discard(address)
        return ()

    def _resolved(self, now: float, version: int, addresses: tuple[Address, ...]) -> None:
        self._waiting.discard(version)
        known = {*self._begun, *self._untried[version]}
        self._untried[version] += [one for one in dict.fromkeys(addresses) if one not in known]
        if addresses and self._waiting:
            self._hold_until = min(self._hold_until, now + self.settings.resolution_delay)

    def _may_begin(self, now: float) -> bool:
        """Whether the next address may have its turn."""
        if now < self._next_at:
            return False
        preferred = self.versions[0]
        return bool(self._begun or preferred not in self._waiting or now >= self._hold_until)

    def _take(self) -> Address | None:
        """Take the next address: the versions take turns (§4)."""
        order = [version for version in self.versions if self._untried[version]]
        if not order:
            return None
        tried = [address.version for address in self._begun]
        if len(tried) >= self.settings.first_family_count and tried:
            order.sort(key=lambda version: version == tried[-1])
        address = self._untried[order[0]].pop(0)
        self._begun.append(address)
        self._under_way.add(address)
        return address

    def _abandoned(self) -> list[EyeballEvent]:
        """Give up all attempts that are under way, in the order in which they began."""
        given_up = [address for address in self._begun if address in self._under_way]
        self._under_way.clear()
        return [Abandon(address) for address in given_up]

    def _wake_at(self) -> float:
        assert self._deadline is not None
        if not any(self._untried.values()):
            return self._deadline
        due = self._next_at if self._begun else self._hold_until
        return min(self._deadline, due)
