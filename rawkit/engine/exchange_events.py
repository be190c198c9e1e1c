"""What an exchange is told to do, what it tells, and its outcome."""

from rawkit.engine.rtt import RTT
from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received
from rawkit.wire.relation import Relation


@record(kw_only=True)
class ExchangeSettings:
    """How often to ask, and when it is enough."""

    timeout: float = 1.0
    """Seconds to wait for an answer before asking again, and after the last time."""
    tries: int = 3
    """Times to ask."""
    wanted: int | None = 1
    """Answers after which it is over; ``None``: take all that come in time."""
    errors_answer: bool = True
    """Whether an ICMP error about the question is an answer that ends it, too."""
    from_anybody: bool = False
    """Whether anybody may reply, as to the broadcast address of a network."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: says what.
        """
        if not 0 < self.timeout < float("inf"):
            raise UsageError(f"timeout is {self.timeout}, not a number of seconds above 0")
        if self.tries < 1:
            raise UsageError(f"tries is {self.tries}, below 1")
        if self.wanted is not None and self.wanted < 1:
            raise UsageError(f"wanted is {self.wanted}, below 1; None takes all that come")


@record
class Asked:
    """The question was sent."""

    packet: Packet
    number: int
    """For which time, from 1."""


@record
class NotAsked:
    """The kernel refused the question."""

    packet: Packet
    error: OSError


@record
class Answered:
    """A packet that has to do with the question."""

    received: Received
    rtt: float
    """Seconds since the question had left that came last before it."""
    relation: Relation
    """What it has to do with it: a reply, an error, advice …"""
    asked: int
    """Times that had been asked by then; above 1, the time may be that of an earlier one."""
    clocks: tuple[Clock, Clock]
    """Who stamped departure and arrival."""

    @property
    def packet(self) -> Packet:
        """The packet itself."""
        return self.received.packet

    @property
    def is_reply(self) -> bool:
        """Whether it says what was asked for, or refuses."""
        return self.relation is Relation.REPLY


ExchangeEvent = Asked | NotAsked | Answered


@record
class ExchangeReport:
    """What became of a question."""

    question: Packet
    kept: tuple[Answered, ...]
    """All that had to do with it, in order of arrival, up to 1,024 packets."""
    sent: int
    not_sent: int
    """Times that the kernel refused it."""
    answers: int
    errors: int
    """ICMP errors about the question."""
    advice: int
    """ICMP messages about it that do not end its way: redirects."""
    doubtful: int
    """Packets that look like an answer and are none: altered, or too short to tell."""
    damaged: int
    """Answers with a wrong checksum, which do not count."""
    lost_here: int
    """Packets that this host dropped for want of room, whatever they were."""
    rtt: RTT | None
    """Of answers and errors; ``None``: there was none."""
    elapsed: float
    """Seconds from the beginning to the last answer."""
    failure: str | None
    """Why the kernel refused it first."""
    via: str
    """The kind of socket."""
    why: str

    @property
    def answer(self) -> Packet | None:
        """The first reply; ``None``: there was none."""
        return next((one.packet for one in self.kept if one.is_reply), None)
