"""Path MTU: the largest packet that gets through whole, and where it gets stuck otherwise.

By what routers tell (RFC 1191, RFC 8201), which is never simply believed, and by search
where they do not (RFC 4821, RFC 8899). See :mod:`rawkit.engine.pmtu_course`.
"""

import errno
from collections.abc import Iterable

from rawkit.engine.ping_events import Target
from rawkit.engine.pmtu_course import USUAL_TTLS, PathCourse
from rawkit.engine.pmtu_findings import Findings
from rawkit.engine.pmtu_probes import END, Kind, SizeProbe, SizeProbes, Verdict, Word
from rawkit.engine.pmtu_report import PmtuEvent, PmtuRemark, PmtuReport, SizeTried
from rawkit.engine.pmtu_round import Round
from rawkit.engine.pmtu_settings import LEAST, PmtuSettings
from rawkit.engine.step import Step
from rawkit.record import replace
from rawkit.wire.news import News, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received

DEFAULT = PmtuSettings()


class Pmtu:
    """Finds out the path MTU to one target.

    Args:
        target: who.
        local_mtu: octets that the first link carries.
        source_port: of UDP probes.
        identifier: of echo requests.
        secret: 8 octets that nobody can guess.
        settings: how.
    """

    def __init__(
        self,
        target: Target,
        local_mtu: int,
        source_port: int,
        identifier: int,
        secret: bytes,
        settings: PmtuSettings = DEFAULT,
    ) -> None:
        self.target = target
        self.identifier = identifier
        """Of its echo requests."""
        self._settings = settings
        self._local = min(local_mtu, settings.largest or local_mtu)
        self._version = target.address.version
        self._probes = SizeProbes(
            target, source_port, settings.port, identifier, secret, settings.traffic_class
        )
        self._findings = Findings(self._version)
        self._path = PathCourse(self._version, self._local, settings, self._findings)
        self._course = self._path.run()
        self._round: Round | None = None
        self._sent_at: dict[int, float] = {}
        self._serials: dict[int, tuple[int, Packet]] = {}
        self._events: list[PmtuEvent] = []
        self._told = 0
        self._tried: dict[int, int] = {}
        """Sizes, and how far they had come when that was told last."""
        self._strays = 0
        self._one_by_one = False
        self._remembered = False
        self._opened = Opened("")
        self._failure = ""
        self._started: float | None = None
        self._latest = 0.0
        self._is_done = False

    def offer(self, kinds: Iterable[Kind], *, deaf: bool = False) -> None:
        """Tell what the pipe can do, before the first step.

        Args:
            kinds: of probes that it sends.
            deaf: it does not hear routers say "too big".
        """
        self._path.offered = tuple(kinds)
        self._path.deaf = deaf

    def step(self, now: float, news: News | None = None) -> Step[PmtuEvent]:
        if self._started is None:
            self._started = self._latest = now
        if news is not None:
            self._take(now, news)
            return Step(events=self._events_so_far(), wake_at=None if self._is_done else now)
        packets = self._advance(now)
        wake_at = None if self._is_done or self._round is None else self._round.ends_at
        return Step(tuple(packets), self._events_so_far(), wake_at)

    def report(self) -> PmtuReport:
        found, path = self._findings, self._path
        every = [*(hop for _, hop in sorted(found.hops.items())), found.target]
        hops = tuple(
            replace(hop, size=found.largest(END if hop.is_target else hop.ttl))
            for hop in every
            if hop is not None and hop.ttl != END
        )
        reached = found.target is not None
        return PmtuReport(
            target=self.target,
            reached=reached,
            mtu=found.largest(END) if reached else None,
            local_mtu=self._local,
            hops=hops,
            narrowings=tuple(path.narrowings),
            back_hops=self._back_hops(),
            sent=self._probes.sent,
            strays=self._strays,
            lies=found.lies,
            elapsed=self._latest - (self._started or self._latest),
            remarks=self._remarks(),
            refusal=found.refusal or self._failure,
            via=self._opened.via,
            why=self._opened.why,
        )

    def _back_hops(self) -> int | None:
        ttl = self._path.back_ttl
        return None if ttl is None else next(one for one in USUAL_TTLS if one >= ttl) - ttl + 1

    def _remarks(self) -> tuple[PmtuRemark, ...]:
        found, path = self._findings, self._path
        mtu = found.largest(END)
        told = any(one.told and one.told != one.mtu for one in path.narrowings)
        holds = {
            PmtuRemark.SILENT_TARGET: found.target is None,
            PmtuRemark.REFUSED: bool(found.refusal),
            PmtuRemark.LIES: bool(found.lies) or told or found.contradicted(),
            PmtuRemark.UNCERTAIN: path.uncertain,
            PmtuRemark.DEAF: path.deaf,
            PmtuRemark.REMEMBERED: self._remembered,
            PmtuRemark.BELOW_LEAST: self._version == 6 and mtu < min(LEAST[6], self._local),
        }
        holds[PmtuRemark.BELOW_LEAST] &= found.target is not None
        return tuple(remark for remark, does in holds.items() if does)

    def _tell(self) -> None:
        """Tell what the last round has shown, and the narrow places found by it."""
        for wish in self._round.ask.wishes if self._round else ():
            if wish.size != self._path.small:
                self._tried.setdefault(wish.size, -1)
        for size, before in sorted(self._tried.items(), reverse=True):
            if (reach := self._findings.reach(size)) != before:
                self._tried[size] = reach
                self._events.append(SizeTried(size, reach))
        self._events += self._path.narrowings[self._told :]
        self._told = len(self._path.narrowings)

    def _events_so_far(self) -> tuple[PmtuEvent, ...]:
        events, self._events = tuple(self._events), []
        return events

    # News

    def _take(self, now: float, news: News) -> None:
        match news:
            case Received():
                self._hear(now, news)
            case Transmitted(packet=packet, time=time):
                serial, _ = self._serials.get(id(packet), (0, packet))
                if serial:
                    self._sent_at[serial] = time
            case SendFailed(packet=packet, error=error):
                self._fail(now, packet, error)
            case Opened():
                self._opened = news

    def _hear(self, now: float, received: Received) -> None:
        word = self._probes.find(received.packet)
        probe = (word.probe or self._only_one()) if word else None
        if word is None or probe is None:
            self._strays += 1
            return
        self._latest = max(self._latest, now)
        rtt = max(0.0, received.time - self._sent_at.get(probe.serial, received.time))
        if self._version == 6 and word.verdict is Verdict.TOO_BIG and probe.kind is Kind.ECHO:
            self._remembered = True
        if word.verdict is Verdict.REACHED:
            self._greeted(word, probe)
        hop = self._findings.take(word, probe, rtt)
        if hop is not None:
            self._events.append(hop)
        if self._round is not None and word.verdict is not Verdict.NEITHER:
            self._round.answered(probe.serial, now, self._findings.slowest)

    def _greeted(self, word: Word, probe: SizeProbe) -> None:
        """Note in which ways the target can be asked."""
        path = self._path
        if path.back_ttl is None:
            path.back_ttl = word.ttl
        if probe.kind not in path.answered:
            path.answered.append(probe.kind)

    def _only_one(self) -> SizeProbe | None:
        """Return what an answer is about that quotes too little, if only one can be meant.

        From now on, only one probe at a time is under way, so that it is always clear.
        """
        self._one_by_one = True
        open_ = self._round.outstanding() if self._round else []
        return self._probes.by_serial(open_[0]) if len(open_) == 1 else None

    def _fail(self, now: float, packet: Packet, error: OSError) -> None:
        serial, _ = self._serials.get(id(packet), (0, packet))
        if error.errno != errno.EMSGSIZE:
            self._failure = f"{error.strerror or error} (said by this host)"
        if serial and self._round is not None:
            self._round.answered(serial, now, 0.0)

    # Course

    def _advance(self, now: float) -> list[Packet]:
        """Go on as far as that can be done now; return what to send."""
        packets: list[Packet] = []
        while not self._is_done:
            if self._started is not None and now >= self._started + self._settings.deadline:
                self._path.uncertain = True
                self._finish()
            elif self._round is None or self._round.is_over(now):
                self._go_on(now)
            if self._round is not None:
                packets += self._send(now, self._round)
                if not self._round.is_over(now):
                    break
        return packets

    def _go_on(self, now: float) -> None:
        heard = self._round.heard if self._round else None
        self._tell()
        try:
            ask = next(self._course) if heard is None else self._course.send(heard)
        except StopIteration:
            self._finish()
            return
        self._round = Round(ask, now, self._one_by_one)

    def _finish(self) -> None:
        self._tell()
        self._is_done = True
        self._round = None

    def _send(self, now: float, round_: Round) -> list[Packet]:
        packets = []
        for wish in round_.next_wishes(now):
            probe, packet = self._probes.make(wish.size, wish.ttl, wish.kind)
            self._sent_at[probe.serial] = now
            self._serials[id(packet)] = probe.serial, packet
            round_.sent(probe, wish)
            packets.append(packet)
        return packets
