"""``rawkit exchange`` at work: questions are asked one after the other, answers printed."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from rawkit.api.exchange import ExchangeSession, exchange
from rawkit.api.outgoing import draft_of
from rawkit.api.send import wait_until
from rawkit.api.send_events import as_left
from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, complain, write
from rawkit.cli.exchange_options import ExchangeOptions
from rawkit.cli.packet_options import packets
from rawkit.cli.packet_sources import tell
from rawkit.engine.exchange_events import Answered, Asked, ExchangeReport, NotAsked
from rawkit.errors import RawkitError
from rawkit.record import replace
from rawkit.wire.dissect import dissect
from rawkit.wire.link import Direction
from rawkit.wire.news import News, Transmitted
from rawkit.wire.notation import Draft
from rawkit.wire.packet import Packet

if TYPE_CHECKING:
    from rawkit.api.exchange import ExchangeOptions as ExchangeWords
    from rawkit.cli.sent_file import SentFile
    from rawkit.sockets.packet_io import PacketIO

TRIES = 3
EPOCH = time.time_ns() - time.monotonic_ns()
SECOND = 10**9


class Printer(Protocol):
    """Turns what happens into text, in one form of output."""

    def question(self, asked: Packet) -> str: ...

    def answer(self, left: Packet, event: Answered) -> str: ...

    def outcome(
        self, report: ExchangeReport, options: ExchangeOptions, *, is_over: bool
    ) -> str: ...


def exchange_all(options: ExchangeOptions) -> int:
    """Ask all questions; return the worst of their exit codes."""
    code, asked = OK, 0
    with ExitStack() as files:
        sink = _sink(options, files)
        try:
            began = time.monotonic()
            for number, question in enumerate(questions(options, files)):
                wait_until(began + number * options.interval)
                run = Run(question, number + 1, options, sink)
                code = max(code, run.run())
                asked += 1
                if run.is_interrupted:
                    break
        except KeyboardInterrupt:
            pass  # between two questions
        except (RawkitError, OSError) as error:
            if isinstance(error, BrokenPipeError) or not asked:
                raise
            tell("exchange", error)
            return TROUBLE
    return code


def questions(options: ExchangeOptions, files: ExitStack) -> Iterator[Draft]:
    """Yield every question, in so many rounds."""
    chance = random.Random(options.seed).randrange
    drafts: Iterable[Draft] = map(draft_of, packets(options, files))
    for number in range(options.count):
        kept = []
        for draft in drafts:
            kept.append(draft)
            yield replace(draft, packet=draft.at(number, chance), varying=())
        drafts = kept


class Run:
    """One question, printed."""

    def __init__(
        self, question: Draft, number: int, options: ExchangeOptions, sink: "SentFile | None"
    ) -> None:
        """Prepare to ask.

        Args:
            question: the packet.
            number: which one it is, from 1.
            options: how to ask, and what to tell.
            sink: a capture file for what leaves and comes.
        """
        self._options = options
        self._sink = sink
        words: ExchangeWords = {
            "layer": options.layer,
            "interface": options.interface,
            "via": options.via,
            "mark": options.mark,
            "timeout": options.timeout,
            "fragment": options.fragment,
            "tries": options.tries or (1 if options.all else TRIES),
            "wanted": None if options.all else 1,
            "wrap": self._wrapped if sink is not None else None,
        }
        self._session: ExchangeSession = exchange(question, **words)
        self._told = set[str]()
        self.is_interrupted = False
        """Whether somebody wanted it to end."""
        self._printer = _printer(options, number, self._session)
        self._left = _as_left(self._session)

    def run(self) -> int:
        """Ask, print what comes, and return the exit code."""
        try:
            for event in self._session:
                self._take(event)
        except KeyboardInterrupt:
            self.is_interrupted = True
        return self._end()

    def _take(self, event: Asked | NotAsked | Answered) -> None:
        match event:
            case Asked(packet=packet) if not self._is_told("asked"):
                self._write(lambda: self._printer.question(packet))
            case Answered():
                if self._sink is not None:
                    self._sink.add(
                        event.packet,
                        bytes(event.packet),
                        event.received.interface,
                        Direction.IN,
                        wall(event.received.time),
                    )
                self._write(lambda: self._printer.answer(self._left, event))
            case NotAsked(error=error) if not self._is_told(str(error)):
                complain("exchange", error)

    def _is_told(self, what: str) -> bool:
        """Whether something was told before; from now on it was."""
        known = what in self._told
        self._told.add(what)
        return known

    def _end(self) -> int:
        report = self._session.report()
        is_over = not self.is_interrupted
        self._write(lambda: self._printer.outcome(report, self._options, is_over=is_over))
        if not report.sent:
            return TROUBLE
        return OK if report.answers else NO_ANSWER

    def _write(self, text: Callable[[], str]) -> None:
        if not self._options.quiet and (made := text()):
            write(made)

    def _wrapped(self, io: "PacketIO") -> "PacketIO":
        """Put a pipe around the sockets that writes down what leaves."""
        assert self._sink is not None
        return Departures(io, self._session, self._left, self._sink)


class Departures:
    """Another pipe, and a capture file of what leaves by it."""

    def __init__(
        self, inner: "PacketIO", session: ExchangeSession, left: Packet, sink: "SentFile"
    ) -> None:
        self._inner = inner
        self._session = session
        self._left = left
        self._sink = sink
        self.send = inner.send
        self.fileno = inner.fileno
        self.close = inner.close

    def receive(self) -> News | None:
        news = self._inner.receive()
        if isinstance(news, Transmitted):
            interface, at = self._session.interface, wall(news.time)
            self._sink.add(self._left, bytes(self._left), interface, Direction.OUT, at)
        return news


def wall(time: float) -> int:
    """Return a monotonic time as nanoseconds since 1970."""
    return round(time * SECOND) + EPOCH


def _as_left(session: ExchangeSession) -> Packet:
    """Return a question as it leaves, with everything worked out."""
    question = session.question
    octets = as_left(question, session.layer).octets
    return dissect(octets, type(question.headers[0]).parse)


def _printer(options: ExchangeOptions, number: int, session: ExchangeSession) -> Printer:
    if options.json:
        from rawkit.cli.exchange_json import ExchangeJson

        return ExchangeJson(number, session, options)
    from rawkit.cli.exchange_text import ExchangeText

    return ExchangeText(options)


def _sink(options: ExchangeOptions, files: ExitStack) -> "SentFile | None":
    if not options.pcap:
        return None
    from rawkit.cli.sent_file import SentFile

    sink = SentFile(options.pcap)
    files.callback(sink.close)
    return sink
