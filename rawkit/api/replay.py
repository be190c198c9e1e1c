"""``replay``: a capture file once more on a link, in its time or another, with what it takes."""

import errno
import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Unpack

from rawkit.api.common import check_keywords
from rawkit.api.replay_events import (
    PacketNotTaken,
    PacketReplayed,
    PacketSkipped,
    ReplayEvent,
    ReplayOptions,
    ReplayReport,
    Timer,
)
from rawkit.api.replay_exits import Exits
from rawkit.api.replay_settings import mending_of, pace_of
from rawkit.capture.blocks import Captured
from rawkit.capture.choosing import CaptureFilter
from rawkit.capture.mending import Mended, Mender
from rawkit.capture.mending_settings import Skip
from rawkit.capture.reader import Capture, Source, read_capture
from rawkit.engine.pace import Lateness, Pace
from rawkit.errors import BuildError, NoAnswer, NoRoute, SendRefused, UsageError
from rawkit.record import replace

AWAKE = 100e-6
"""Seconds before a packet is due that are not slept through: to be woken takes about as long."""
GONE = frozenset((errno.ENODEV, errno.ENXIO, errno.ENETDOWN))
"""Refusals that no later packet escapes."""
MOST_KEPT, OVERHEAD = 1 << 26, 200
"""Octets of packets that are kept for the next loop; and what each takes beside its own."""
AGAIN = "it can be read once only: loops take a file"


class Kept:
    """The packets of a file that is short enough to be read once only."""

    def __init__(self) -> None:
        self._packets: list[Captured] = []
        self._room = MOST_KEPT
        self.is_whole = False
        """Whether they are all here."""

    def __iter__(self) -> Iterator[Captured]:
        return iter(self._packets)

    def all_of(self, capture: Capture) -> Iterator[Captured]:
        """Yield the packets of a file, and keep them if there is room."""
        for captured in capture:
            self._room -= len(captured.octets) + OVERHEAD
            if self._room >= 0:
                self._packets.append(captured)
            yield captured
        self.is_whole = self._room >= 0 and capture.error is None


class RealTime:
    """The monotonic clock, to the microsecond where the machine is free."""

    now = staticmethod(time.monotonic)

    def wait_until(self, at: float) -> None:
        """Sleep nearly as long, and stay awake for the rest."""
        if (seconds := at - AWAKE - self.now()) > 0:
            time.sleep(seconds)
        while self.now() < at:
            pass


REAL_TIME = RealTime()


def replay(source: Source, **options: Unpack[ReplayOptions]) -> ReplayReport:
    """Send the packets of a capture file once more. Needs CAP_NET_RAW, but for ``dry_run``.

    They leave as far from each other as they came, unless a speed or a rate is given. What
    offload left undone in the capture is done before: super-packets of TCP are cut into
    segments, checksums worked out. Addresses and ports may become others.

    Args:
        source: pcap or pcapng, perhaps compressed: a path, ``"-"`` or a binary file.
        **options: see :class:`~rawkit.api.replay_events.ReplayOptions`.

    Raises:
        ParseError: it is no capture file. (One that is damaged is sent up to there.)
        SendRefused: the kernel took nothing at all.
        MissingCapability: CAP_NET_RAW.
        FilterError: the filter makes no sense.
        UsageError: an option makes no sense.
        OSError: the file cannot be opened.
    """
    check_keywords("replay", options, ReplayOptions.__optional_keys__)
    replaying = Replaying(source, options)
    replaying.run()
    report = replaying.report()
    if replaying.failure is not None and report.sent == 0:
        raise replaying.failure
    return report


class Replaying:
    """A replay, which can be looked at when it was cut short."""

    def __init__(self, source: Source, options: ReplayOptions, timer: Timer = REAL_TIME) -> None:
        """Prepare, and open nothing yet.

        Args:
            source: the capture.
            options: as for :func:`replay`.
            timer: what says how late it is, and waits.

        Raises:
            FilterError: the filter makes no sense.
            UsageError: an option makes no sense.
        """
        self._source = source
        self._options = options
        self._timer = timer
        self._is_dry = options.get("dry_run", False)
        self._loops, self._limit = options.get("loops", 1), options.get("limit")
        for name, value in (("loops", self._loops), ("limit", self._limit)):
            if value is not None and value < 1:
                raise UsageError(f"{name} is {value}, below 1")
        if self._loops > 1 and source == "-":
            raise UsageError(f"standard input: {AGAIN}")
        wanted = options.get("filter", "")
        self._chosen_by = CaptureFilter(wanted) if wanted else None
        self._pace = Pace(pace_of(options))
        self._mender = Mender(mending_of(options))
        self._exits: Exits | None = None
        self._late = Lateness()
        self._read = self._chosen = self._sent = self._octets = 0
        self._skipped: Counter[Skip] = Counter()
        self._errors: Counter[int] = Counter()
        self._began: float | None = None
        self._ended = 0.0
        self._damage: str | None = None
        self.failure: SendRefused | None = None
        """Why the kernel refused the first packet that it refused."""

    @property
    def has_begun(self) -> bool:
        """Whether a packet was due."""
        return self._began is not None

    def run(self) -> None:
        """Send all of them.

        Raises:
            SendRefused: the interface is gone; what left before stays in the report.
            RawkitError: see :func:`replay`.
        """
        with ExitStack() as opened:
            try:
                kept: Kept | None = Kept() if self._loops > 1 else None
                for turn in range(self._loops):
                    self._pace.again()
                    if turn and kept is not None and kept.is_whole:
                        is_enough = self._play(kept)
                    else:
                        is_enough = self._play_file(turn, kept, opened)
                    if is_enough or self._damage:
                        break
            finally:
                self._ended = self._timer.now()

    def report(self) -> ReplayReport:
        """Return what was sent so far."""
        late = self._late
        return ReplayReport(
            self._read,
            self._chosen,
            self._sent,
            self._errors.total(),
            self._octets,
            0.0 if self._began is None else self._ended - self._began,
            dict(self._skipped),
            dict(self._mender.remarks),
            dict(self._errors),
            None if self.failure is None else str(self.failure),
            self._options.get("interface"),
            late.share(0.5),
            late.share(0.99),
            late.worst if late.count else None,
            self._damage,
            self._is_dry,
        )

    def _play_file(self, turn: int, kept: Kept | None, opened: ExitStack) -> bool:
        """Read the file, and send its packets; return whether these are enough."""
        if turn and not isinstance(self._source, str | os.PathLike):
            try:
                self._source.seek(0)
            except OSError as error:
                raise UsageError(AGAIN) from error
        with read_capture(self._source) as capture:
            if not turn:
                self._find_exits(opened)
            packets = iter(capture) if turn or kept is None else kept.all_of(capture)
            is_enough = self._play(packets)
        if capture.error is not None:
            self._damage = str(capture.error)
        return is_enough

    def _find_exits(self, opened: ExitStack) -> None:
        """Look at the interface, and open its socket, if that is what packets leave by."""
        options = self._options
        exits = Exits(options.get("interface"), options.get("at"), opened)
        if exits.link is not None and options.get("mtu") is None:
            self._mender = Mender(replace(self._mender.settings, mtu=exits.link.mtu))
        if self._is_dry:
            return
        self._exits = exits
        if exits.link is not None and options.get("layer", "auto") != "ip":
            exits.prepare()

    def _play(self, packets: Iterable[Captured]) -> bool:
        """Send packets; return whether these are enough."""
        chosen_by, limit = self._chosen_by, self._limit
        for number, captured in enumerate(packets, start=1):
            self._read += 1
            if chosen_by is not None and not chosen_by(captured):
                continue
            self._chosen += 1
            self._take(captured, number)
            if self._chosen == limit:
                return True
        return False

    def _take(self, captured: Captured, number: int) -> None:
        """Send a packet when it is due."""
        mended = self._mender.mend(captured)
        if mended.skip is not None:
            self._skip(captured, number, mended.skip, mended.skip.value)
            return
        if self._exits is not None and mended.is_frame:
            self._exits.prepare()
        pieces = mended.pieces
        due = self._pace.due(captured.time_ns, sum(map(len, pieces)), len(pieces))
        late = self._wait(due)
        if self._leaves(captured, number, mended) and "announce" in self._options:
            when = None if math.isinf(due) else due
            self._announce(PacketReplayed(number, captured, mended, when, late))

    def _wait(self, due: float) -> float | None:
        """Wait until a packet is due, and return by how much that was too long."""
        if self._began is None:
            self._began = self._timer.now()
        if self._is_dry or math.isinf(due):
            return None
        at = self._began + due
        self._timer.wait_until(at)
        late = max(0.0, self._timer.now() - at)
        self._late.add(late)
        return late

    def _leaves(self, captured: Captured, number: int, mended: Mended) -> bool:
        """Send the pieces of a packet; return whether all of them left."""
        try:
            for octets in mended.pieces:
                if self._exits is not None:
                    self._exits.send(octets, is_frame=mended.is_frame)
                self._sent += 1
                self._octets += len(octets)
        except SendRefused as error:
            self._errors[error.errno or 0] += 1
            self.failure = self.failure or error
            self._announce(PacketNotTaken(number, captured, mended, error))
            if error.errno in GONE:
                raise
            return False
        except (BuildError, NoAnswer, NoRoute) as error:
            self._skip(captured, number, Skip.UNSENDABLE, str(error))
            return False
        return True

    def _skip(self, captured: Captured, number: int, skip: Skip, reason: str) -> None:
        self._skipped[skip] += 1
        self._announce(PacketSkipped(number, captured, skip, reason))

    def _announce(self, event: ReplayEvent) -> None:
        if (announce := self._options.get("announce")) is not None:
            announce(event)
