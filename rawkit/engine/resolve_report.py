"""The books of a :class:`~rawkit.engine.resolve.Resolve`, and what they say in the end."""

from rawkit.engine.neighbour_events import MOST_MACS, Answer, Link, Purpose, Target, Verdict
from rawkit.engine.rtt import RTT, RoundTrips
from rawkit.record import field, record
from rawkit.wire.address import MAC
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock

GROUP = 0x01


@record
class ResolveReport:
    """What has become known of an address."""

    target: Target
    link: Link
    purpose: Purpose
    sent: int
    """Requests made."""
    broadcasts: int
    """Those of them to everybody, or to a group."""
    answered: int
    """Those that somebody answered."""
    not_sent: int
    """Those that the kernel refused."""
    received: int
    """Claims to the address: all answers, duplicates and conflicts."""
    requests: int
    """Those of them that were requests themselves."""
    broadcasts_received: int
    """Those of them that went to everybody, or to a group."""
    duplicates: int
    """Answers beyond the first of a host to one request."""
    conflicts: int
    """Claims that contradict another one, or our own."""
    invalid: int
    """Messages not believed: from beyond this link, damaged, or against the rules."""
    lost_here: int
    """Frames that this host dropped, whatever they were."""
    macs: tuple[MAC, ...]
    """The hardware addresses that claimed the address, in the order of first hearing, up to 64."""
    answers: tuple[Answer, ...]
    """All claims; none are kept of a run without end."""
    rtt: RTT | None
    """Of the answers that count; ``None``: there was none, or it was not about time."""
    clocks: tuple[Clock, Clock] | None
    """Who stamped departures and arrivals, the worst of all; ``None``: there was no answer."""
    elapsed: float
    """Seconds from the first request to the last event that counts."""
    via: str
    """The kind of socket."""
    why: str
    """Why that kind."""

    @property
    def mac(self) -> MAC | None:
        """The hardware address of who answered first; ``None``: nobody did."""
        return self.macs[0] if self.macs else None

    @property
    def is_alive(self) -> bool:
        """Whether somebody has the address."""
        return self.received > 0

    @property
    def is_conflict(self) -> bool:
        """Whether two claim the address, or anybody what ought to be free or ours."""
        return self.conflicts > 0


@record(frozen=False, eq=False)
class Tally:
    """Counts as a run goes on."""

    keep: bool = True
    broadcasts: int = 0
    answered: int = 0
    not_sent: int = 0
    invalid: int = 0
    lost_here: int = 0
    via: str = ""
    why: str = ""
    macs: list[MAC] = field(default_factory=list)
    owners: list[MAC] = field(default_factory=list)
    """Those of them that leave no room for others (override)."""
    _received: int = 0
    _requests: int = 0
    _broadcasts_received: int = 0
    _duplicates: int = 0
    _conflicts: int = 0
    _answers: list[Answer] = field(default_factory=list)
    _rtts: RoundTrips = field(default_factory=RoundTrips)
    _user_sent: bool = False
    _user_received: bool = False
    _first_at: float | None = None
    _last_at: float = 0.0

    def made(self, packet: Packet, now: float) -> None:
        """Take note of a request."""
        self._first_at = now if self._first_at is None else self._first_at
        self._last_at = now
        self.broadcasts += packet[Ethernet].dst[0] & GROUP

    def take(self, answer: Answer) -> None:
        """Enter a claim."""
        claim = answer.claim
        self._received += 1
        self._requests += claim.is_request
        self._broadcasts_received += claim.to_all
        self._duplicates += answer.verdict is Verdict.DUPLICATE
        self._conflicts += answer.verdict is Verdict.CONFLICT
        _enter(self.macs, answer.mac)
        if claim.is_override:
            _enter(self.owners, answer.mac)
        if self.keep:
            self._answers.append(answer)
        self._last_at = max(self._last_at, answer.time)
        if answer.verdict is Verdict.ANSWER and answer.rtt is not None:
            self._rtts.add(answer.rtt)
            self._user_sent |= answer.sent_by is Clock.USER
            self._user_received |= answer.received_by is Clock.USER

    def report(self, target: Target, link: Link, purpose: Purpose, sent: int) -> ResolveReport:
        """Return the outcome so far."""
        rtt = self._rtts.statistics()
        clocks = _clock(self._user_sent), _clock(self._user_received)
        return ResolveReport(
            target,
            link,
            purpose,
            sent,
            self.broadcasts,
            self.answered,
            self.not_sent,
            self._received,
            self._requests,
            self._broadcasts_received,
            self._duplicates,
            self._conflicts,
            self.invalid,
            self.lost_here,
            tuple(self.macs),
            tuple(self._answers),
            rtt,
            clocks if rtt is not None else None,
            0.0 if self._first_at is None else self._last_at - self._first_at,
            self.via,
            self.why,
        )


def _enter(macs: list[MAC], mac: MAC) -> None:
    if mac not in macs and len(macs) < MOST_MACS:
        macs.append(mac)


def _clock(user: bool) -> Clock:
    return Clock.USER if user else Clock.KERNEL
