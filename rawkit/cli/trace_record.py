"""Traces on file: what happened and when, written as it happens, and played again.

A recording is a text file of one JSON object a line:

* the header: ``schema`` (``"rawkit.recording/1"``), ``command`` (``"trace"``), ``target``,
  ``settings``, and ``epoch``: seconds since 1970 when the times of the events were 0;
* one object for each event, with ``at``, the seconds since the start at which it was told,
  its ``type``, and the fields of the event.

A recording that breaks off is good up to there, in the middle of a line, too.
"""

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, Protocol, TextIO

from rawkit.cli.errors import WriteError
from rawkit.cli.trace_codec import (
    WRONG,
    Codec,
    number_of,
    plain_settings,
    plain_target,
    settings_of,
    target_of,
)
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_book import TraceBook
from rawkit.engine.trace_events import TraceEvent
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_settings import TraceSettings
from rawkit.errors import UsageError
from rawkit.record import record

SCHEMA = "rawkit.recording/1"
PAUSE = 0.5
"""Seconds by which a replay makes up for a slow consumer; one still slower wants a pause."""
MICROSECONDS = 6


class Traced(Protocol):
    """A session that traces, or a replay of one."""

    @property
    def target(self) -> Target: ...

    @property
    def settings(self) -> TraceSettings: ...

    def __iter__(self) -> Iterator[TraceEvent]: ...

    def __aiter__(self) -> AsyncIterator[TraceEvent]: ...

    def report(self) -> TraceReport: ...


class Recorded:
    """A session that goes on file while it runs; to be used in its place.

    For the report of a replay to be that of the session, the session has to tell
    everything: its settings say ``announce``.
    """

    def __init__(self, session: Traced, file: TextIO) -> None:
        """Write the header.

        Args:
            session: what is to be recorded.
            file: as :func:`open_recording` gives it; stays the caller's to close.

        Raises:
            WriteError: the disk is full, or the like.
        """
        self.target = session.target
        self.settings = session.settings
        self._session = session
        self._file = file
        self._began = time.monotonic()
        self._codec = Codec(session.target)
        self._write(
            {
                "schema": SCHEMA,
                "command": "trace",
                "target": plain_target(session.target),
                "settings": plain_settings(session.settings),
                "epoch": time.time() - self._began,
            }
        )

    def report(self) -> TraceReport:
        """Return the outcome so far."""
        return self._session.report()

    def __iter__(self) -> Iterator[TraceEvent]:
        for event in self._session:
            self._enter(event)
            yield event

    async def __aiter__(self) -> AsyncIterator[TraceEvent]:
        events = aiter(self._session)
        try:
            async for event in events:
                self._enter(event)
                yield event
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()  # or its socket would stay open for a while

    def _enter(self, event: TraceEvent) -> None:
        at = round(time.monotonic() - self._began, MICROSECONDS)
        self._write({"at": at, **self._codec.plain(event)})

    def _write(self, line: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            with suppress(OSError):
                self._file.close()  # or it would complain of the same when it is closed later
            raise WriteError(f"cannot write to {self._file.name!r}: {error.strerror}") from error


def open_recording(path: str) -> TextIO:
    """Open a new file for a recording.

    Raises:
        UsageError: there can be none.
    """
    if path == "-":
        raise UsageError("stdout is for what is shown: --record FILE, or --record >(program)")
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot record to {path!r}: {error.strerror}") from error


@record
class Recording:
    """A trace on file; its events are read when they are asked for."""

    path: str
    target: Target
    settings: TraceSettings
    epoch: float
    """Seconds since 1970 when the times of its events were 0."""

    def events(self) -> Iterator[tuple[float, TraceEvent]]:
        """Yield each event, with the seconds since the start at which it was told.

        Raises:
            UsageError: a line is no part of a recording.
        """
        codec = Codec(self.target)
        for number, plain in _objects(self.path):
            if number > 1:
                try:
                    moment = number_of(plain["at"]), codec.event(plain)
                except WRONG as error:
                    raise UsageError(f"{self.path}: line {number}: {_said(error)}") from error
                yield moment


def read_recording(path: str) -> Recording:
    """Read the header of a recording.

    Raises:
        UsageError: the file cannot be read, or is none.
    """
    _, head = next(_objects(path), (1, {}))
    if head.get("schema") != SCHEMA or head.get("command") != "trace":
        raise UsageError(f"{path}: no recording of a trace (rawkit trace --record makes one)")
    try:
        target, settings = target_of(head["target"]), settings_of(head["settings"])
        epoch = number_of(head["epoch"])
    except WRONG as error:
        raise UsageError(f"{path}: line 1: {_said(error)}") from error
    return Recording(path, target, settings, epoch)


class Replay:
    """A recording in the place of a session: its events come again, and its report.

    To be iterated once, blocking or on asyncio. It tells what the recorded trace told,
    whatever was asked for then: every event, and not only rows.
    """

    def __init__(self, recording: Recording, speed: float | None = 1.0) -> None:
        """Prepare to play.

        Args:
            recording: what :func:`read_recording` gave.
            speed: how many times as quick as it was; ``None``: without any waiting.
        """
        self.target = recording.target
        self.settings = recording.settings
        self.epoch = recording.epoch
        """Seconds since 1970 when the times of its events were 0."""
        self._recording = recording
        self._speed = speed
        keep_rows = recording.settings.keep_rows and recording.settings.rounds is not None
        self._book = TraceBook(recording.target, keep_rows=keep_rows)

    def report(self) -> TraceReport:
        """Return the outcome so far."""
        return self._book.report()

    def run(self) -> TraceReport:
        """Play to the end, and return the report."""
        for _ in self:
            pass
        return self.report()

    def __iter__(self) -> Iterator[TraceEvent]:
        for wait, event in self._timed():
            if wait > 0:
                time.sleep(wait)
            self._book.take(event)
            yield event

    async def __aiter__(self) -> AsyncIterator[TraceEvent]:
        import asyncio

        for wait, event in self._timed():
            await asyncio.sleep(max(0.0, wait))
            self._book.take(event)
            yield event

    def _timed(self) -> Iterator[tuple[float, TraceEvent]]:
        """Yield each event, with the seconds to wait before it."""
        due, last, wait = time.monotonic(), 0.0, 0.0
        for at, event in self._recording.events():
            if self._speed is not None:
                now = time.monotonic()
                due = max(due, now - PAUSE) + (at - last) / self._speed
                wait, last = due - now, at
            yield wait, event


def _objects(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and value of each line; one that breaks off at the end is none."""
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError) as error:
                    if not line.endswith("\n"):
                        return
                    raise UsageError(f"{path}: line {number}: not JSON") from error
                if not isinstance(found, dict):
                    raise UsageError(f"{path}: line {number}: no JSON object")
                yield number, found
    except OSError as error:
        raise UsageError(f"cannot read {path!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not text") from error


def _said(error: Exception) -> str:
    return f"nothing behind {error}" if isinstance(error, KeyError) else str(error)
