"""Capture: hear what passes, and keep the books. Nothing is sent."""

import math

from rawkit.engine.step import Step
from rawkit.errors import UsageError
from rawkit.record import field, record
from rawkit.wire.news import Dropped, News, Opened
from rawkit.wire.received import Checksum
from rawkit.wire.received_frame import ReceivedFrame

OVER: Step[ReceivedFrame] = Step()
MOST_INTERFACES = 4096
"""Names of interfaces that have books of their own."""


@record(kw_only=True)
class CaptureSettings:
    """How long to listen."""

    count: int | None = None
    """Packets after which it is enough."""
    deadline: float | None = None
    """Seconds after which all is over; what has arrived by then is still told."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says which value, and what would do.
        """
        for name, low in (("count", 1), ("deadline", 0)):
            value = getattr(self, name)
            if value is not None and not value >= low:
                raise UsageError(f"{name} is {value}, not at least {low}")


@record
class CaptureReport:
    """What was heard."""

    captured: int
    """Packets that were told."""
    passed: int
    """Packets that passed the filter: those, what was dropped, and what was left unread."""
    dropped: int
    """Packets that this host had no room for: nothing more is known of them."""
    octets: int
    """Of the packets that were told, on their links."""
    interfaces: dict[str, int]
    """Packets told, by the name of their interface."""
    bad: int
    """Packets told with a wrong checksum."""
    unfinished: int
    """Packets told whose checksum was left to the hardware."""
    super_packets: int
    """Packets told that no wire has carried so (offload)."""
    cut: int
    """Packets told of which octets are missing."""
    elapsed: float
    """Seconds from the beginning to the end, or until now."""
    via: str
    why: str


@record(frozen=False, eq=False)
class Books:
    """The books of a run."""

    captured: int = 0
    passed: int = 0
    dropped: int = 0
    octets: int = 0
    bad: int = 0
    unfinished: int = 0
    super_packets: int = 0
    cut: int = 0
    via: str = ""
    why: str = ""
    interfaces: dict[str, int] = field(default_factory=dict)

    def add(self, received: ReceivedFrame) -> None:
        """Enter a packet."""
        self.captured += 1
        self.octets += received.length
        name, known = received.interface or "?", self.interfaces
        if name in known:
            known[name] += 1
        else:
            self.add_to(name, 1)
        if received.super_packet:
            self.super_packets += 1
        if len(received.octets) < received.length:
            self.cut += 1
        if (checksum := received.checksum) is not Checksum.VALID:
            self.bad += checksum is Checksum.BAD
            self.unfinished += checksum is Checksum.UNFINISHED

    def add_to(self, interface: str, count: int) -> None:
        """Enter that so many packets were of an interface."""
        known = self.interfaces
        if interface in known or len(known) < MOST_INTERFACES:
            known[interface] = known.get(interface, 0) + count


class Capture:
    """Listens until there is enough, and no longer than it may."""

    def __init__(self, settings: CaptureSettings | None = None) -> None:
        self.settings = settings or CaptureSettings()
        self._books = Books()
        self._began: float | None = None
        self._now = 0.0
        self._wanted = math.inf if self.settings.count is None else self.settings.count
        self.ends_at = math.inf
        """What arrives later is not told. Seconds of the clock of ``begin``."""
        self.is_stopped = False

    def begin(self, now: float) -> None:
        """Let time run from now on; without this, it does from the first step on."""
        self._began = self._now = now
        if self.settings.deadline is not None:
            self.ends_at = now + self.settings.deadline

    def step(self, now: float, news: News | None = None) -> Step[ReceivedFrame]:
        if self._began is None:
            self.begin(now)
        self._now = now
        if not isinstance(news, ReceivedFrame):
            self._note(news)
            # Over it is once there is nothing left to read, of what came in time.
            is_over = news is None and (self.is_stopped or now >= self.ends_at)
            return OVER if is_over else Step((), (), self.ends_at)
        if not self.take(news):
            return OVER
        return Step((), (news,), None if self.is_full else self.ends_at)

    def take(self, received: ReceivedFrame) -> bool:
        """Enter a packet in the books, and tell whether it is to be told; if not, it is over."""
        books = self._books
        if received.time > self.ends_at or books.captured >= self._wanted:
            return False
        books.add(received)
        return True

    def wants(self, received: ReceivedFrame) -> bool:
        """Tell whether a packet is still to be told: it came in time, and there are not enough."""
        return received.time <= self.ends_at and not self.is_full

    @property
    def is_full(self) -> bool:
        """Whether as many packets have come as were wanted."""
        return self._books.captured >= self._wanted

    @property
    def left(self) -> float:
        """How many more packets are wanted."""
        return self._wanted - self._books.captured

    def stop(self) -> None:
        """End as soon as there is nothing left to read; nothing more is coming."""
        self.is_stopped = True

    def note_unread(self, interface: str, captured: int, octets: int, cut: int) -> None:
        """Take in packets of an interface that went to a file and were read by nobody."""
        books = self._books
        books.captured += captured
        books.octets += octets
        books.cut += cut
        books.add_to(interface, captured)

    def settle(self, passed: int, dropped: int) -> None:
        """Take in what the kernel has counted since the beginning: its word is the last."""
        self._books.passed = passed
        self._books.dropped = dropped

    def report(self) -> CaptureReport:
        books = self._books
        return CaptureReport(
            books.captured,
            max(books.passed, books.captured + books.dropped),
            books.dropped,
            books.octets,
            dict(books.interfaces),
            books.bad,
            books.unfinished,
            books.super_packets,
            books.cut,
            0.0 if self._began is None else self._now - self._began,
            books.via,
            books.why,
        )

    def _note(self, news: News | None) -> None:
        match news:
            case Dropped(count=count):
                self._books.dropped += count
            case Opened(via=via, why=why):
                self._books.via, self._books.why = via, why
