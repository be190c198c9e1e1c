"""A session that listens: it can be started, stopped, and written to a file."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Self, Unpack

from rawkit.engine.capture import Capture, CaptureReport
from rawkit.session import REAL_TIME, Session, Timekeeper, Wait
from rawkit.sockets.frame_ring import PATIENCE, FrameRing
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.stoppable import Stoppable
from rawkit.sockets.timestamps import converter
from rawkit.wire.received_frame import ReceivedFrame

if TYPE_CHECKING:
    from rawkit.api.frame_files import Sink
    from rawkit.capture.writer import Layout, Target
    from rawkit.sockets.ring import FrameHead

LAST_WAITS = 100
"""How often the kernel is given time to hand over its last block. Once will do; after so many
it is not believed to have more, whatever it has counted."""
AT_ONCE = 4096
"""Frames that are copied before it is asked whether it is over."""


class SniffSession(Session[ReceivedFrame, CaptureReport]):
    """A session that listens.

    Besides the ways of every session there are:

    ==================  ======================================================================
    ``save(path)``      block, write all to a file, return the report
    ``start()``         listen from now on; what comes is kept until somebody reads it
    ``stop()``          listen no more; who reads gets what has come by now, and then the end
    ``with session:``   start, at the end of the block stop; then ``packets`` has what came
    ==================  ======================================================================
    """

    def __init__(
        self,
        engine: Capture,
        open_io: Callable[[], Stoppable],
        chosen_by: str = "",
        interface: str | None = None,
        snap_length: int = 0,
        time: Timekeeper = REAL_TIME,
    ) -> None:
        super().__init__(engine, open_io, time)
        self.interface = interface
        """Where it listens; ``None``: on all interfaces."""
        self.filter = chosen_by
        """What chooses the packets, in words."""
        self.snap_length = snap_length
        """Octets that are kept of each packet; 0: all."""
        self.packets: tuple[ReceivedFrame, ...] = ()
        """What came while the block of ``with`` ran."""
        self._capture = engine
        self._open_stoppable = open_io
        self._io: Stoppable | None = None
        self._is_late = False

    def open(self) -> Stoppable:
        """Listen from now on; to be read at once, for the room is that of the ring.

        Raises:
            MissingCapability: CAP_NET_RAW.
            OSError: the kernel refused something else.
        """
        if self._io is not None:
            raise RuntimeError("a session runs once: make a new one")
        io = self._io = self._open_stoppable()
        self._capture.begin(self._time.now())
        return io

    def start(self) -> Self:
        """Listen from now on; what comes is kept until somebody reads it, or closes this.

        Raises:
            MissingCapability: CAP_NET_RAW.
            OSError: the kernel refused something else.
        """
        self.open().keep()
        return self

    def stop(self) -> None:
        """Listen no more; who reads gets what has come by now, and then the end.

        It may be called from a signal handler or another thread, and more than once.
        """
        if self._io is not None:
            self._io.stop()
        self._capture.stop()

    def close(self) -> None:
        """Give the socket back, whatever is still unread. Closing twice is harmless."""
        if self._io is not None:
            self._io.close()

    def counts(self) -> tuple[int, int]:
        """Return how many packets have passed the filter, and how many of them were lost here."""
        return (0, 0) if self._io is None else self._io.counts()

    def report(self) -> CaptureReport:
        self._capture.settle(*self.counts())
        return super().report()

    def save(self, target: "Target", **layout: Unpack["Layout"]) -> CaptureReport:
        """Write what comes to a capture file until there is enough, or until :meth:`stop`.

        Packets are not read on their way: the report tells nothing of checksums.

        Args:
            target: a path, ``"-"`` for standard output, or a binary file.
            **layout: see :class:`~rawkit.capture.writer.Layout`.

        Raises:
            MissingCapability: CAP_NET_RAW.
            OSError: the file cannot be written, or the kernel refused something.
        """
        from rawkit.api.frame_files import FrameWriter
        from rawkit.capture.writer import CaptureWriter

        io = self._open()
        number_of = io.frames.number_of if self.interface is None else None
        try:
            file = FrameWriter(
                CaptureWriter(target, **layout), self.filter, self.snap_length, number_of
            )
            try:
                self._copy(io, file)
            finally:
                file.close(time.time_ns(), *io.counts())
        finally:
            io.close()
        return self.report()

    def copy_to(self, sink: "Sink") -> None:
        """Do as :meth:`save` does, with whatever takes frames.

        Raises:
            MissingCapability: CAP_NET_RAW.
            OSError: the sink cannot be written to, or the kernel refused something.
        """
        io = self._open()
        try:
            self._copy(io, sink)
        finally:
            io.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        if not self._started:
            self.packets = tuple(self)
        self.close()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        if not self._started:
            self.packets = tuple([received async for received in self])
        self.close()

    def _open(self) -> Stoppable:
        if self._started:
            raise RuntimeError("a session runs once: make a new one")
        io = self._io or self.open()
        io.resume()
        self._started = True
        return io

    def _play(self, io: PacketIO) -> Iterator[ReceivedFrame | Wait]:
        """Do as every session does, in a third of the time: for nothing is ever sent here."""
        engine, now, receive, take = self._capture, self._time.now, io.receive, self._capture.take
        while True:
            news = receive()
            if isinstance(news, ReceivedFrame):
                if not take(news):
                    break
                yield news
                continue
            step = engine.step(now(), news)
            if step.wake_at is None or engine.is_full:
                break
            if news is None and (seconds := step.wake_at - now()) > 0:
                yield Wait(seconds)
        yield from self._last_events(io)
        engine.step(now())  # so that it knows how long it was

    def _last_events(self, io: PacketIO) -> Iterator[ReceivedFrame | Wait]:
        """Tell all that came before the end, however much it is."""
        assert io is self._io
        engine, now = self._capture, self._time.now
        self._io.finish()
        waits = LAST_WAITS
        while not engine.is_full:
            news = io.receive()
            if news is None:
                if self._io.is_empty or not waits:
                    return
                waits -= 1
                yield Wait(PATIENCE)
            elif isinstance(news, ReceivedFrame) and not engine.wants(news):
                return
            else:
                yield from engine.step(now(), news).events

    def _copy(self, io: Stoppable, sink: "Sink") -> None:
        """Copy from the ring; what is no ring, or has a pipe around it, is read and written."""
        if io.ring is None:
            for item in self._play(io):
                if isinstance(item, Wait):
                    sink.flush()
                    self._time.wait(io.fileno(), item.seconds)
                else:
                    sink.write(item)
            return
        try:
            self._copy_ring(io, io.ring, sink)
        finally:
            self._capture.step(self._time.now())
            for interface, counts in sink.take_counts().items():
                self._capture.note_unread(interface or "?", *counts)

    def _copy_ring(self, io: Stoppable, ring: FrameRing, sink: "Sink") -> None:
        from rawkit.api.frame_files import copy

        engine, now = self._capture, self._time.now
        engine.step(now(), io.receive())  # the pipe says what it is
        frames = ring.take()
        while sink.count < engine.left and not engine.is_stopped and now() < engine.ends_at:
            before, most = sink.count, min(AT_ONCE, engine.left - sink.count)
            copy(ring, islice(frames, int(most)), sink)
            if sink.count - before < most:
                frames = ring.take()
            if sink.count == before:
                sink.flush()
                self._time.wait(io.fileno(), engine.ends_at - now())
        io.finish()
        for _ in range(LAST_WAITS):
            if sink.count >= engine.left or self._is_late:
                return
            most = engine.left - sink.count
            unread: Iterable[tuple[FrameHead, bytes]] = chain(frames, ring.take())
            if not math.isinf(engine.ends_at):
                unread = self._in_time(unread)
            copy(ring, unread if math.isinf(most) else islice(unread, int(most)), sink)
            if io.is_empty:
                return
            self._time.wait(io.fileno(), PATIENCE)

    def _in_time(
        self, frames: "Iterable[tuple[FrameHead, bytes]]"
    ) -> "Iterator[tuple[FrameHead, bytes]]":
        """Yield frames until one came too late, and take note of that."""
        ends_at = self._capture.ends_at
        for frame in frames:
            (_, seconds, nanoseconds, *_), _ = frame
            if converter.to_monotonic(seconds, nanoseconds) > ends_at:
                self._is_late = True
                return
            yield frame
