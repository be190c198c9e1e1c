"""What a bad line does to frames: one direction of a wire, as a machine without a clock.

Time is an argument and luck comes from a seeded generator, so a day of a bad network
passes in milliseconds in a test, and the same way each time. The words and their
meaning are those of ``tc-netem(8)`` wherever it has them.
"""

import math
import random
from collections import deque
from collections.abc import Iterator

from rawkit.errors import UsageError
from rawkit.lab.schedule import Schedule
from rawkit.record import field, record

LINK_HEADER = 14
"""Octets of an Ethernet header; an MTU does not count them."""
VLAN_TAG = 4
"""Octets that a VLAN tag adds to it (IEEE 802.1Q)."""
VLAN_TAGGED = (b"\x81\x00", b"\x88\xa8")
HELD_AT_MOST = 100_000
"""Frames in flight in one direction, however long the line: a bound on memory."""


@record
class Impairment:
    """How bad a line is, in one direction. The default is a perfect one.

    Raises:
        UsageError: a value makes no sense.
    """

    delay: float = 0.0
    """Seconds that each frame takes."""
    jitter: float = 0.0
    """Seconds by which the delay may be longer or shorter, evenly spread.

    Jitter larger than the gap between two frames makes them change places.
    """
    loss: float = 0.0
    """Share of frames that never arrive, 0 to 1, as are the shares below."""
    duplicate: float = 0.0
    """Share of frames of which a second copy follows, with a delay of its own."""
    reorder: float = 0.0
    """Share of frames that arrive without any delay, ahead of those sent before."""
    corrupt: float = 0.0
    """Share of frames with one bit flipped, somewhere after the Ethernet header."""
    rate: float | None = None
    """Bits per second, Ethernet header included; ``None``: no limit."""
    mtu: int | None = None
    """Longest packet that passes, in octets without the Ethernet header.

    Longer ones vanish without a word: this is a wire, not a router.
    """
    limit: int = 1000
    """Frames that may wait for a line that is busy because of its ``rate``."""

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "reorder", "corrupt"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise UsageError(f"{name}: {share} is no share between 0 and 1")
        for name in ("delay", "jitter"):
            seconds = getattr(self, name)
            if not 0 <= seconds < math.inf:
                raise UsageError(f"{name}: {seconds} is no number of seconds")
        if self.rate is not None and not 0 < self.rate < math.inf:
            raise UsageError(f"rate: {self.rate} bit/s; leave it out for an unlimited line")
        if self.mtu is not None and self.mtu < 68:
            raise UsageError(f"mtu: {self.mtu} is below 68, the least that IPv4 works with")
        if self.limit < 1:
            raise UsageError(f"limit: {self.limit}; at least one frame must be able to wait")
        if self.reorder and not self.delay:
            raise UsageError("reorder: without a delay no frame can overtake another")


@record(frozen=False)
class Counts:
    """What became of the frames that were sent into one direction of a wire.

    ``received + duplicated`` is the sum of ``delivered``, ``lost``, ``overflowed``,
    ``too_big``, ``refused`` and ``held``.
    """

    received: int = 0
    """Frames that came in."""
    delivered: int = 0
    """Frames that left at the other end, copies included."""
    lost: int = 0
    duplicated: int = 0
    """Copies made."""
    reordered: int = 0
    """Frames sent ahead; counted whether or not they found anyone to overtake."""
    corrupted: int = 0
    overflowed: int = 0
    """Frames that found the queue full."""
    too_big: int = 0
    """Frames above the MTU."""
    refused: int = 0
    """Frames that could not be handed over, because the interface is gone."""
    held: int = 0
    """Frames still on their way."""
    lateness: float = 0.0
    """The worst by which a frame left after its time, in seconds."""


@record(frozen=False)
class Line:
    """One direction of a wire: takes frames in, gives each back when its time has come."""

    impairment: Impairment
    seed: int = 1
    counts: Counts = field(default_factory=Counts, init=False)

    _random: random.Random = field(init=False)
    _held: Schedule[bytes] = field(default_factory=Schedule, init=False)
    _free_at: float = field(default=-math.inf, init=False)
    """When the line has sent all that waits for it."""
    _leaving: deque[float] = field(default_factory=deque, init=False)
    """When each of the frames that wait for the line will have been sent."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def take(self, now: float, frame: bytes) -> None:
        """Let a frame in that arrived at ``now``, or decide that it is lost."""
        counts, bad = self.counts, self.impairment
        counts.received += 1
        if bad.mtu is not None and octets_in(frame) > bad.mtu:
            counts.too_big += 1
            return
        copies = 1
        if self._happens(bad.duplicate):
            counts.duplicated += 1
            copies = 2
        for _ in range(copies):
            if self._happens(bad.loss):
                counts.lost += 1
            else:
                self._hold(now, frame)

    def due(self, now: float) -> Iterator[bytes]:
        """Give out, in order, the frames whose time has come."""
        held, counts = self._held, self.counts
        for frame in held.due(now):
            counts.delivered += 1
            counts.held = len(held)
            counts.lateness = held.lateness
            yield frame

    def next_at(self) -> float:
        """Return when the next frame is due; infinity: none is on its way."""
        return self._held.next_at()

    def change(self, impairment: Impairment) -> None:
        """Let the line be this bad from now on; frames on their way keep their time."""
        self.impairment = impairment

    def refuse(self) -> None:
        """Take note that the frame given out last could not be sent after all."""
        self.counts.delivered -= 1
        self.counts.refused += 1

    def _hold(self, now: float, frame: bytes) -> None:
        bad = self.impairment
        if len(self._held) >= HELD_AT_MOST or (bad.rate and self._waiting(now) >= bad.limit):
            self.counts.overflowed += 1
            return
        if self._happens(bad.corrupt):
            frame = self._corrupted(frame)
        at = self._sent_at(now, frame) + self._delay()
        self._held.put(at, frame)
        self.counts.held = len(self._held)

    def _waiting(self, now: float) -> int:
        while self._leaving and self._leaving[0] <= now:
            self._leaving.popleft()
        return len(self._leaving)

    def _sent_at(self, now: float, frame: bytes) -> float:
        """Return when the last bit of this frame is on the line."""
        rate = self.impairment.rate
        if rate is None:
            return now
        self._free_at = max(self._free_at, now) + len(frame) * 8 / rate
        self._leaving.append(self._free_at)
        return self._free_at

    def _delay(self) -> float:
        bad = self.impairment
        if self._happens(bad.reorder):
            self.counts.reordered += 1
            return 0.0
        if not bad.jitter:
            return bad.delay
        return max(0.0, bad.delay + self._random.uniform(-bad.jitter, bad.jitter))

    def _corrupted(self, frame: bytes) -> bytes:
        self.counts.corrupted += 1
        if len(frame) <= LINK_HEADER:
            return frame
        damaged = bytearray(frame)
        place = self._random.randrange(LINK_HEADER, len(frame))
        damaged[place] ^= 1 << self._random.randrange(8)
        return bytes(damaged)

    def _happens(self, share: float) -> bool:
        """Draw only for what can happen: an option left out changes no other fate."""
        return share > 0 and self._random.random() < share


def octets_in(frame: bytes) -> int:
    """Return the length of the packet in a frame, as an MTU counts it."""
    return len(frame) - LINK_HEADER - VLAN_TAG * (frame[12:14] in VLAN_TAGGED)
