"""A user-space wire between two nodes, as good or as bad as you like.

Each node gets one end of a veth cable; the far ends lie in a namespace of the wire's own,
where a process of its own carries whole Ethernet frames from one to the other: later, not
at all, twice, or damaged. It needs neither netem nor /dev/net/tun, and no privilege beyond
those in the lab's user namespace.
"""

from collections.abc import Iterator
from typing import TypedDict, Unpack

from rawkit.errors import UsageError
from rawkit.lab import veth
from rawkit.lab.cable import Cable, Simulation
from rawkit.lab.impairment import Counts, Impairment, Line
from rawkit.lab.namespace import Place
from rawkit.record import field, record, replace

STEM = "wire"
"""Start of an interface's name where none is asked for."""


class Changes(TypedDict, total=False):
    """What :meth:`Wire.change` can change: the fields of an impairment."""

    delay: float
    jitter: float
    loss: float
    duplicate: float
    reorder: float
    corrupt: float
    rate: float | None
    mtu: int | None
    limit: int


@record
class WireCounts:
    """What became of the frames that were sent into a wire."""

    forth: Counts = field(default_factory=Counts)
    """Those from ``a`` to ``b``."""
    back: Counts = field(default_factory=Counts)
    missed: int = 0
    """Frames that the wire was too slow to pick up, in either direction.

    Anything but 0 means that this machine could not keep up, and that losses are not
    all the line's.
    """


@record
class Change:
    """The question that makes a wire better or worse; it is answered with the counts."""

    forth: Impairment
    back: Impairment


class Wire(Simulation[WireCounts]):
    """A wire from ``a`` to ``b``: two interfaces, and what happens between them.

    The numbers mean the same in both directions and are those of
    :class:`~rawkit.lab.impairment.Impairment`; for a wire with two different directions
    say what goes ``back`` from ``b`` to ``a``. The interfaces are up and pass packets as
    soon as the wire exists; putting addresses on them is left to the caller.

    Args:
        a: a node: anything with ``here()``.
        b: the other one.
        delay: seconds each way.
        jitter: seconds more or less.
        loss: share of frames lost, 0 to 1.
        duplicate: share of frames that arrive twice.
        reorder: share of frames that overtake those before.
        corrupt: share of frames with a flipped bit.
        rate: bits per second.
        mtu: of both interfaces, and the longest packet that the wire itself passes.
        limit: frames that may wait in front of a line that ``rate`` keeps busy.
        back: how bad the direction from ``b`` to ``a`` is, if not the same.
        seed: makes the same luck again.
        interface_a: name of the interface in ``a``; without it, the first free ``wireN``.
        interface_b: likewise in ``b``.

    Raises:
        UsageError: a number makes no sense.
        LabError: the wire cannot be laid.
    """

    def __init__(
        self,
        a: Place,
        b: Place,
        *,
        delay: float = 0.0,
        jitter: float = 0.0,
        loss: float = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        corrupt: float = 0.0,
        rate: float | None = None,
        mtu: int = 1500,
        limit: int = 1000,
        back: Impairment | None = None,
        seed: int = 1,
        interface_a: str | None = None,
        interface_b: str | None = None,
    ) -> None:
        self.forth = Impairment(delay, jitter, loss, duplicate, reorder, corrupt, rate, mtu, limit)
        """What happens from ``a`` to ``b``."""
        self.back = _within(mtu, back or self.forth)
        """What happens from ``b`` to ``a``."""
        self.mtu = mtu
        """Of both interfaces."""
        self.interface_a = interface_a or veth.free_name(a, STEM)
        """The interface in ``a``."""
        self.interface_b = interface_b or veth.free_name(b, STEM)
        """The interface in ``b``."""
        medium = TwoLines(Line(self.forth, seed), Line(self.back, seed + 1))
        cable = Cable(medium, ((a, self.interface_a), (b, self.interface_b)), mtu)
        super().__init__(cable, WireCounts())

    def change(self, **changes: Unpack[Changes]) -> None:
        """Make the wire better or worse while it is in use, in both directions.

        Frames on their way arrive as they would have. An ``mtu`` is that of the wire
        itself; what is longer vanishes, as the interfaces keep theirs.

        Raises:
            UsageError: a number makes no sense.
        """
        forth = _within(self.mtu, replace(self.forth, **changes))
        back = _within(self.mtu, replace(self.back, **changes))
        self._cable.process.ask(Change(forth, back))
        self.forth, self.back = forth, back


@record(frozen=False)
class TwoLines:
    """Both directions of a wire: what comes in by one port leaves by the other."""

    forth: Line
    back: Line
    _missed: int = 0

    def take(self, now: float, port: int, frame: bytes) -> None:
        (self.back if port else self.forth).take(now, frame)

    def due(self, now: float) -> Iterator[tuple[int, bytes]]:
        for frame in self.forth.due(now):
            yield 1, frame
        for frame in self.back.due(now):
            yield 0, frame

    def next_at(self) -> float:
        return min(self.forth.next_at(), self.back.next_at())

    def refused(self, port: int) -> None:
        (self.forth if port else self.back).refuse()

    def missed(self, count: int) -> None:
        self._missed += count

    def ask(self, question: object) -> WireCounts:
        match question:
            case Change(forth=forth, back=back):
                self.forth.change(forth)
                self.back.change(back)
        return WireCounts(self.forth.counts, self.back.counts, self._missed)


def _within(mtu: int, impairment: Impairment) -> Impairment:
    """Return the impairment of a line that has room for packets of up to ``mtu`` octets."""
    if impairment.mtu is None:
        return replace(impairment, mtu=mtu)
    if impairment.mtu > mtu:
        raise UsageError(f"mtu: {impairment.mtu} is above {mtu}, for which the wire was laid")
    return impairment
