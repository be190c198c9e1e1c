"""In what order a path MTU is found out.

1. Who is there? Small probes to the target, and one as large as the first link carries.
2. Which routers are on the way? Small probes with growing TTL.
3. As long as the size at hand does not come through: where does it get stuck, and what is the
   most that passes there? A router that told is asked for what it told and for one octet more.
   One that did not is found by sending to all hops behind; then a search, a few sizes at once.
   What nobody answered is asked again, to all hops that could have answered, before it counts:
   loss is not MTU (RFC 4821 §7.3, RFC 8899 §3).
4. What passes there is the size at hand for the rest of the path.

A course is a generator: it yields what is to be asked, and is sent whether silence means
something. What was answered, it finds in the findings.
"""

from collections.abc import Callable, Generator, Sequence

from rawkit.engine.pmtu_findings import Findings
from rawkit.engine.pmtu_probes import END, Kind
from rawkit.engine.pmtu_report import Narrowing
from rawkit.engine.pmtu_round import SLACK, Ask, Wish
from rawkit.engine.pmtu_search import AT_ONCE, next_sizes
from rawkit.engine.pmtu_settings import SMALL, PmtuSettings

Course = Generator[Ask, bool, None]
Answered = Generator[Ask, bool, bool]
"""Returns whether silence means something."""

WINDOW = 8
"""Hops that are looked for at once."""
WITNESSES = 2
"""Routers behind a narrow link that are asked besides the target: any of them will do."""
CONFIRMATIONS = 6
"""Probes of a size that must all remain unanswered before it counts as too large."""
MANY_AT_ONCE = 15
UNMARKED = 0.2
"""Seconds to wait, beside some round trips, for answers after which no mark comes."""
RECOVERY = 1.0
"""Seconds: by then a router has leave to answer again (icmp_ratelimit of Linux)."""
RECOVERIES, QUICK_RECOVERIES = 10, 2
"""Times that marks are sent again, and those of them that need no pause."""
MOST_NARROWINGS = 30
USUAL_TTLS = (64, 128, 255)


class PathCourse:
    """Finds out everything, step by step."""

    def __init__(
        self, version: int, local: int, settings: PmtuSettings, findings: Findings
    ) -> None:
        self.answered: list[Kind] = []
        """What the target has answered."""
        self.offered: tuple[Kind, ...] = (Kind.UDP, Kind.ECHO)
        """What the pipe can send."""
        self.narrowings: list[Narrowing] = []
        self.uncertain = False
        """Silence had to be taken for an answer."""
        self.back_ttl: int | None = None
        """TTL of the target's first answer on arrival."""
        self.deaf = False
        """No complaint can be heard."""
        self._v6 = version == 6
        self._local = local
        self._settings = settings
        self._findings = findings
        self.small = min(SMALL[version], local)
        """Octets of the probes that only ask who is there."""
        self._turn = 0
        self._is_careful = False

    def run(self) -> Course:
        """Find out everything."""
        yield from self._greet()
        yield from self._survey()
        size = self._local
        for _ in range(MOST_NARROWINGS):
            size = yield from self._pass_on(size)
            if self._findings.reach(size) >= self._findings.end or size <= self.small:
                return

    # 1. and 2. Who is there?

    def _greet(self) -> Course:
        """Ask the target, in each way, and see whether the largest packet gets through."""
        found, wanted = self._findings, self._wanted()
        for attempt in range(self._settings.tries):
            if found.target or found.refusal:
                break
            # The kernel notes what routers tell of echo requests over IPv6, whoever sent
            # them (net/ipv6/icmp.c: icmpv6_err), and never what they tell of our UDP.
            large = [
                Wish(self._local, END, kind)
                for kind in wanted
                if attempt == 0 and not (self._v6 and kind is Kind.ECHO)
            ]
            small = [Wish(self.small, END, kind, is_mark=True) for kind in wanted]
            yield self._ask([*large, *small])

    def _survey(self) -> Course:
        """Find the routers, each by a small probe with its own TTL."""
        found, settings = self._findings, self._settings
        first = 1
        while first <= min(settings.max_ttl, found.distance - 1):
            last = min(settings.max_ttl, first + self._window() - 1)
            yield from self._look_for(range(first, last + 1))
            if not found.target and not any(first <= ttl <= last for ttl in found.hops):
                return  # nobody answers any more
            first = last + 1
        for _ in range(1, settings.tries):
            known = max(found.hops, default=0) + 1
            yield from self._look_for(range(1, min(found.distance, max(known, first))))

    def _window(self) -> int:
        """Return how many hops to look for: as many as the way back seems to have, or some."""
        if self.back_ttl is None or self._findings.hops:
            return WINDOW if self.back_ttl is None else 2
        start = next(ttl for ttl in USUAL_TTLS if ttl >= self.back_ttl)
        return max(1, start - self.back_ttl + 1)

    def _look_for(self, ttls: Sequence[int]) -> Course:
        found = self._findings
        missing = [ttl for ttl in ttls if ttl not in found.hops and ttl < found.distance]
        if not missing:
            return
        kind = Kind.ECHO if Kind.ECHO in self.kinds else self.offered[0]
        wishes = [Wish(self.small, ttl, kind) for ttl in missing]
        if not found.target:
            yield self._ask(wishes)
        elif self._is_frugal():
            yield self._ask(wishes, wait=UNMARKED + self._patience())
        else:
            yield self._ask([*wishes, *self._marks([END])])

    # 3. and 4. What passes?

    def _pass_on(self, size: int) -> Generator[Ask, bool, int]:
        """Return the size to go on with: this one if it comes through, or what passes."""
        found = self._findings
        yield from self._send_through(size)
        if found.reach(size) >= found.end:
            return size
        place = found.reach(size)
        passes = yield from self._narrow(size, place)
        if passes >= size:
            return size  # it does come farther
        self._note(passes, size, place)
        return passes

    def _send_through(self, size: int) -> Course:
        """Find out whether a size comes through, and if not, how far it comes."""
        found, tries, meant = self._findings, self._settings.tries, 0
        for attempt in range(tries * 3):
            said = found.complaint(size, found.reach(size))
            ahead = found.beyond(found.reach(size))
            if self._is_frugal() and attempt:
                ahead = [ttl for ttl in ahead if ttl != END]  # it was asked often enough
            if not ahead or meant == tries:
                return
            if said and found.place_of(said.source) is not None:
                return
            copies = tries if self._is_frugal() else 1
            wishes = [
                wish
                for ttl in ahead
                for _ in range(copies if ttl == END else 1)
                for wish in self._wishes(size, ttl, attempt)
            ]
            marks = self._marks(ahead[-1:])
            meant += yield self._ask([*wishes, *marks], lambda: self._is_through(size))

    def _is_through(self, size: int) -> bool:
        return self._findings.reach(size) >= self._findings.end

    def _narrow(self, size: int, place: int) -> Generator[Ask, bool, int]:
        """Return the largest size that passes a place where this one does not."""
        found, refused = self._findings, {size}
        said = found.complaint(size, place)
        told = (said.mtu + 1, said.mtu) if said and said.mtu else ()
        guesses = tuple(one for one in told if self.small < one < size)
        sure = {size} if said else set()
        while True:
            low = max((one for one in self._tried(size) if found.reach(one) > place), default=0)
            low = max(low, self.small)
            high = found.smallest_above(low, refused)
            if high is None:
                return low
            if high - low == 1:
                if high in sure:
                    return low
                yield from self._confirm(high, place)
                if found.reach(high) > place:  # silence has been misleading elsewhere, too
                    refused = sure | {size}
                    self._is_careful = True
                sure.add(high)
                continue
            sizes = guesses or next_sizes(low, high, self._at_once(place))
            guesses = ()
            yield from self._try(sizes, place)
            refused |= {one for one in sizes if found.reach(one) <= place}
            sure |= {one for one in sizes if found.complaint(one, place)}

    def _tried(self, size: int) -> list[int]:
        return [one for one in self._findings.sizes() if one <= size]

    def _confirm(self, size: int, place: int) -> Course:
        """Ask once more, many times, for the size that decides."""
        rounds = 1 if self._is_frugal() else 2
        scout = self._v6 and self.kinds == (Kind.ECHO,)
        for attempt in range(rounds + scout):
            yield from self._insist([size], place, attempt, CONFIRMATIONS // rounds, sure=True)

    def _try(self, sizes: Sequence[int], place: int) -> Course:
        """Find out which sizes pass a place, as far as asking once can do it.

        A smaller size that is answered does for a mark. Only where nothing is, marks
        are sent: they use up what may be answered.
        """
        if self._is_alone(place):
            yield from self._insist(sizes, place, 0, 1)
            return
        witnesses = self._witnesses(place)
        rounds = 2 if self._v6 and self.kinds == (Kind.ECHO,) else 1
        for attempt in range(rounds):
            wishes = self._open(sizes, place, witnesses, attempt)
            if wishes:
                yield self._ask(wishes, wait=self._patience())
        if self._open(sizes, place, witnesses, 0) and not self._any_passed(sizes, place):
            yield from self._insist(sizes, place, rounds, 0)

    def _insist(
        self, sizes: Sequence[int], place: int, attempt: int, copies: int, *, sure: bool = False
    ) -> Course:
        """Ask until there is an answer: by one of the sizes, or by a mark.

        Args:
            sizes: to be asked for.
            place: that they have to pass.
            attempt: how often they have been asked for before.
            copies: of each probe.
            sure: the first hop behind the place has to answer, if it does at all: there may
                be another narrow place behind it.
        """
        for again in range(RECOVERIES):
            witnesses = self._witnesses(place, nearest=sure)
            if not self._open(sizes, place, witnesses, 0):
                return
            wishes = [
                wish
                for copy in range(copies)
                for wish in self._open(sizes, place, witnesses, attempt + copy)
            ]
            marked = witnesses[:1] if sure and again < RECOVERIES // 2 else witnesses
            marks = self._marks(marked)
            heard = yield self._ask([*wishes, *marks], wait=2 * self._patience())
            if heard or self._any_passed(sizes, place):
                return
            copies = max(1, copies)  # what was asked long before the mark says nothing
            if again >= QUICK_RECOVERIES or self._is_frugal():
                yield Ask(wait=RECOVERY)
        self.uncertain = True

    def _open(
        self, sizes: Sequence[int], place: int, witnesses: Sequence[int], attempt: int
    ) -> list[Wish]:
        """Return probes of the sizes that nothing is known of, the largest first."""
        found = self._findings
        unknown = [s for s in sizes if found.reach(s) <= place and not found.complaint(s, place)]
        return [
            wish
            for size in sorted(unknown, reverse=True)
            for ttl in witnesses
            for wish in self._wishes(size, ttl, attempt)
        ]

    def _any_passed(self, sizes: Sequence[int], place: int) -> bool:
        return any(self._findings.reach(size) > place for size in sizes)

    def _is_frugal(self) -> bool:
        """Whether the target answers UDP alone, and so not very often.

        Linux answers six times, and then once a second (icmp_ratelimit).
        """
        return Kind.ECHO not in self.kinds or (self._v6 and Kind.UDP in self.kinds)

    def _is_alone(self, place: int) -> bool:
        """Whether there is only the target to be asked, and it may answer but once a second.

        Then many sizes are sent at once, the largest first: the one answer it has leave for
        goes to the largest that arrives, and to the mark, if none does.
        """
        return self._is_frugal() and self._findings.beyond(place) == [END]

    def _at_once(self, place: int) -> int:
        return MANY_AT_ONCE if self._is_alone(place) else AT_ONCE

    def _patience(self) -> float:
        """Return how long to wait on a path that answers as quickly as this one has so far."""
        return min(self._settings.wait, SLACK + 2 * self._findings.slowest)

    def _witnesses(self, place: int, *, nearest: bool = False) -> list[int]:
        """Return who may say that something passed a place.

        Routers take turns, for they may not answer often; the target is always among them.
        """
        beyond = self._findings.beyond(place)
        routers, ends = [t for t in beyond if t != END], [t for t in beyond if t == END]
        self._turn += 1
        start = self._turn % max(1, len(routers))
        turned = routers[start:] + routers[:start]
        if nearest or self._is_careful:
            turned = list(dict.fromkeys([*routers[:1], *turned]))
        return [*turned[:WITNESSES], *ends]

    def _note(self, passes: int, before: int, place: int) -> None:
        """Enter a narrow place in the list."""
        found = self._findings
        said = next(
            (
                one
                for size in sorted(found.complaints)
                if passes < size <= before and (one := found.complaint(size, place))
            ),
            None,
        )
        hop = found.hops.get(place)
        ahead = [ttl for ttl in found.beyond(place) if ttl != END] or [found.distance]
        self.narrowings.append(
            Narrowing(
                mtu=passes,
                before=before,
                ttl=place,
                address=said.source if said else hop.address if hop else None,
                next_ttl=ahead[0] if ahead[0] != END else None,
                announced=True if said else None if self.deaf else False,
                told=said.told if said else None,
            )
        )

    # Wishes

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What to ask the target by: in the ways that it answers, once that is known."""
        wanted = self._wanted()
        return tuple(kind for kind in wanted if kind in self.answered) or wanted

    def _wanted(self) -> tuple[Kind, ...]:
        if self._settings.method == "auto":
            return self.offered
        return (Kind(self._settings.method),)

    def _wishes(self, size: int, ttl: int, attempt: int) -> list[Wish]:
        """Return the probes of this size for one who may answer."""
        kinds = self.kinds
        if ttl != END or (self._v6 and (attempt == 0 or Kind.UDP in kinds)):
            # Over IPv6, only what draws no complaint by UDP may be asked by echo.
            kinds = kinds[:1] if ttl != END and not self._v6 else (Kind.UDP,)
        return [Wish(size, ttl, kind) for kind in kinds]

    def _marks(self, ttls: Sequence[int]) -> list[Wish]:
        """Return small probes for those who were asked, in a way in which they were."""
        return [
            Wish(self.small, ttl, self._mark_kind() if ttl == END else self.offered[0], True)
            for ttl in ttls
        ]

    def _mark_kind(self) -> Kind:
        """Return how to ask the target without using up what it may say of UDP, if possible."""
        kinds = self.kinds
        if Kind.ECHO in kinds and not (self._v6 and Kind.UDP in kinds):
            return Kind.ECHO
        return kinds[0]

    def _ask(
        self,
        wishes: Sequence[Wish],
        enough: Callable[[], bool] = lambda: False,
        wait: float | None = None,
    ) -> Ask:
        if wait is None:
            wait = self._settings.wait
            if self._findings.target:
                wait = min(wait, UNMARKED + 2 * self._patience())
        return Ask(tuple(wishes), wait, enough)
