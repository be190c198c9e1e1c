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
from rawkit.engine.pmtu_round import Ask, Wish
from rawkit.engine.pmtu_search import next_sizes
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
RECOVERY = 1.0
"""Seconds: by then a router has leave to answer again (icmp_ratelimit of Linux)."""
RECOVERIES = 6
MOST_NARROWINGS = 30
USUAL_TTLS = (64, 128, 255)


class PathCourse:
    """Finds out everything, step by step."""

    def __init__(
        self, version: int, local: int, settings: PmtuSettings, findings: Findings
    ) -> None:
        self.kinds: tuple[Kind, ...] = ()
        """What the target is asked by: those that it answers, once that is known."""
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
        self._small = min(SMALL[version], local)
        self._turn = 0

    def run(self) -> Course:
        """Find out everything."""
        yield from self._greet()
        yield from self._survey()
        size = self._local
        for _ in range(MOST_NARROWINGS):
            size = yield from self._pass_on(size)
            if self._findings.reach(size) >= self._findings.end or size <= self._small:
                return

    # 1. and 2. Who is there?

    def _greet(self) -> Course:
        """Ask the target, in each way, and see whether the largest packet gets through."""
        found, wanted = self._findings, self._wanted()
        for attempt in range(self._settings.tries):
            if found.target or found.refusal:
                break
            large = [Wish(self._local, END, kind) for kind in wanted if self._may(kind)]
            small = [Wish(self._small, END, kind, is_mark=True) for kind in wanted]
            yield self._ask([*(large if attempt == 0 else ()), *small])
        self.kinds = self.kinds or wanted

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
            yield from self._look_for(range(1, min(found.distance, max(found.hops, default=0) + 1)))

    def _window(self) -> int:
        """Return how many hops to look for: as many as the way back seems to have, or some."""
        if self.back_ttl is None or self._findings.hops:
            return WINDOW if self.back_ttl is None else 2
        start = next(ttl for ttl in USUAL_TTLS if ttl >= self.back_ttl)
        return max(1, start - self.back_ttl + 1)

    def _look_for(self, ttls: Sequence[int]) -> Course:
        found = self._findings
        kind = Kind.ECHO if Kind.ECHO in self.kinds else self.offered[0]
        missing = [ttl for ttl in ttls if ttl not in found.hops and ttl < found.distance]
        if missing:
            wishes = [Wish(self._small, ttl, kind) for ttl in missing]
            marks = self._marks([END]) if found.target else []
            yield self._ask([*wishes, *marks])

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
        found = self._findings
        for attempt in range(self._settings.tries):
            ahead = found.beyond(found.reach(size))
            if not ahead or found.complaint(size, found.reach(size)):
                return
            wishes = [wish for ttl in ahead for wish in self._wishes(size, ttl, attempt)]
            yield self._ask([*wishes, *self._marks(ahead[-1:])], lambda: self._is_through(size))
        if self._v6 and self.kinds == (Kind.ECHO,):
            yield from self._try([size], found.reach(size), self._settings.tries)

    def _is_through(self, size: int) -> bool:
        return self._findings.reach(size) >= self._findings.end

    def _narrow(self, size: int, place: int) -> Generator[Ask, bool, int]:
        """Return the largest size that passes a place where this one does not."""
        found, refused = self._findings, {size}
        said = found.complaint(size, place)
        guesses = (said.mtu + 1, said.mtu) if said and self._small < said.mtu < size - 1 else ()
        if said and said.mtu == size - 1:
            guesses = (said.mtu,)
        sure = {size} if said else set()
        while True:
            low = max((one for one in self._tried(size) if found.reach(one) > place), default=0)
            low = max(low, self._small)
            high = found.smallest_above(low, refused)
            if high is None:
                return low
            if high - low == 1:
                if high in sure:
                    return low
                yield from self._confirm(high, place)
                sure.add(high)
                continue
            sizes = guesses or next_sizes(low, high)
            guesses = ()
            yield from self._try(sizes, place, 1)
            refused |= {one for one in sizes if found.reach(one) <= place}
            sure |= {one for one in sizes if found.complaint(one, place)}

    def _tried(self, size: int) -> list[int]:
        return [one for one in self._findings.sizes() if one <= size]

    def _confirm(self, size: int, place: int) -> Course:
        """Ask once more, many times, for the size that decides."""
        copies = -(-CONFIRMATIONS // (2 * len(self._witnesses(place))))
        yield from self._try([size], place, 2, copies)

    def _try(self, sizes: Sequence[int], place: int, attempts: int, copies: int = 1) -> Course:
        """Find out which sizes pass a place, as far as that can be done in so many attempts."""
        if self._v6 and self.kinds == (Kind.ECHO,):
            attempts += 1  # the first one scouts
        found, heard = self._findings, False
        recoveries = 0
        attempt = 0
        while attempt < attempts:
            witnesses = self._witnesses(place)
            open_ = [s for s in sizes if found.reach(s) <= place and not found.complaint(s, place)]
            wishes = [
                wish
                for size in sorted(open_, reverse=True)
                for ttl in witnesses
                for copy in range(copies)
                for wish in self._wishes(size, ttl, attempt + copy)
            ]
            if not wishes:
                return
            heard = yield self._ask([*wishes, *self._marks(witnesses)])
            attempt += 1
            if not heard and attempt == attempts:
                if recoveries == RECOVERIES:
                    self.uncertain = True
                    return
                recoveries += 1
                attempt -= 1
                yield Ask(wait=RECOVERY)

    def _witnesses(self, place: int) -> list[int]:
        """Return who may say that something passed a place: taken in turns, the target always."""
        beyond = self._findings.beyond(place)
        routers, ends = [t for t in beyond if t != END], [t for t in beyond if t == END]
        self._turn += 1
        start = self._turn % max(1, len(routers))
        return [*(routers[start:] + routers[:start])[:WITNESSES], *ends]

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

    def _wanted(self) -> tuple[Kind, ...]:
        """Return what to ask the target by."""
        if self._settings.method == "auto":
            return self.offered
        return (Kind(self._settings.method),)

    def _may(self, kind: Kind) -> bool:
        """Whether a large probe of this kind leaves no trace: the kernel notes what routers
        tell of echo requests over IPv6, whoever sent them (net/ipv6/icmp.c, icmpv6_err)."""
        return kind is Kind.UDP or not self._v6

    def _wishes(self, size: int, ttl: int, attempt: int) -> list[Wish]:
        """Return the probe of this size for one who may answer, of the kind whose turn it is."""
        if ttl != END:
            kind = Kind.UDP if self._v6 or Kind.UDP in self.kinds else self.kinds[0]
            return [Wish(size, ttl, kind)]
        kinds = self.kinds
        if self._v6 and Kind.UDP in kinds:
            kinds = (Kind.UDP,)
        elif self._v6 and attempt == 0:
            kinds = (Kind.UDP,)  # only what draws no complaint may be asked by echo
        return [Wish(size, ttl, kinds[attempt % len(kinds)])]

    def _marks(self, ttls: Sequence[int]) -> list[Wish]:
        kinds = self.kinds
        kind = Kind.ECHO if Kind.ECHO in kinds else kinds[0]
        router = self.offered[0]
        return [
            Wish(self._small, ttl, kind if ttl == END else router, is_mark=True) for ttl in ttls
        ]

    def _ask(self, wishes: Sequence[Wish], enough: Callable[[], bool] | None = None) -> Ask:
        wait = self._settings.wait
        if enough is None:
            return Ask(tuple(wishes), wait)
        return Ask(tuple(wishes), wait, enough)
