"""What is known of a path: who is where, how far which size came, and who complained."""

from rawkit.engine.pmtu_probes import END, SizeProbe, Verdict, Word
from rawkit.engine.pmtu_report import PmtuHop
from rawkit.engine.pmtu_settings import LEAST
from rawkit.record import record, replace
from rawkit.wire.address import Address


@record
class Complaint:
    """A router said of a packet that it was too big."""

    source: Address
    mtu: int
    """What it told; 0: nothing that makes sense."""
    told: int
    """What it told, sense or not."""


class Findings:
    """Everything that answers have shown so far. An answer that comes late counts as well."""

    def __init__(self, version: int) -> None:
        self.hops: dict[int, PmtuHop] = {}
        """Routers that answered, by TTL."""
        self.target: PmtuHop | None = None
        """The target, with its TTL if that is known, else ``END``."""
        self.complaints: dict[int, Complaint] = {}
        """The latest about each size."""
        self.lies = 0
        self.slowest = 0.0
        """The longest round trip, in seconds."""
        self.refusal = ""
        self._version = version
        self._reach: dict[int, int] = {}

    def take(self, word: Word, probe: SizeProbe, rtt: float) -> PmtuHop | None:
        """Learn from an answer; return a hop that was not known before."""
        match word.verdict:
            case Verdict.EXPIRED:
                self._came(probe.size, probe.ttl)
                return self._add(probe.ttl, word.source, rtt)
            case Verdict.REACHED:
                return self._arrived(word, probe, rtt)
            case Verdict.TOO_BIG:
                self._complained(word, probe)
            case Verdict.REFUSED:
                self.refusal = f"{word.text} (said by {word.source})"
        return None

    def reach(self, size: int) -> int:
        """Return the farthest hop that is known to have got a packet of this size, or above."""
        return max((self._farthest(at) for at in self.sizes() if at >= size), default=0)

    def largest(self, ttl: int) -> int:
        """Return the largest size that is known to have come to this hop, or beyond."""
        return max((size for size in self.sizes() if self._farthest(size) >= ttl), default=0)

    def sizes(self) -> list[int]:
        """Return the sizes that are known to have come anywhere."""
        return [*self._reach, *self.complaints]

    def smallest_above(self, size: int, sizes: set[int]) -> int | None:
        """Return the smallest of some sizes above this one."""
        return min((one for one in sizes if one > size), default=None)

    def complaint(self, size: int, place: int) -> Complaint | None:
        """Return what was said of this size by somebody who is not known to be beyond a hop."""
        said = self.complaints.get(size)
        return said if said and (self.place_of(said.source) or 0) <= place else None

    def contradicted(self) -> bool:
        """Whether the target got a packet of a size that somebody called too big."""
        return any(self.reach(size) == END for size in self.complaints)

    def place_of(self, address: Address) -> int | None:
        """Return the TTL of the first hop with this address."""
        return next((t for t, hop in sorted(self.hops.items()) if hop.address == address), None)

    def beyond(self, place: int) -> list[int]:
        """Return the hops behind one that are known to answer, the target last."""
        ttls = [ttl for ttl in sorted(self.hops) if ttl > place]
        return [*ttls, END] if self.target else ttls

    @property
    def end(self) -> int:
        """How far there is anybody who answers: ``END`` is the target."""
        return END if self.target else max(self.hops, default=0)

    @property
    def distance(self) -> int:
        """The TTL that leads to the target; ``END``: unknown."""
        return self.target.ttl if self.target else END

    def _farthest(self, size: int) -> int:
        """Return where packets of one size have been: who complains of one has got it, too."""
        said = self.complaints.get(size)
        return max(self._reach.get(size, 0), (self.place_of(said.source) or 0) if said else 0)

    def _came(self, size: int, ttl: int) -> None:
        self._reach[size] = max(ttl, self._reach.get(size, 0))

    def _add(self, ttl: int, address: Address, rtt: float) -> PmtuHop | None:
        if ttl in self.hops or ttl >= self.distance:
            return None
        self.slowest = max(self.slowest, rtt)
        hop = self.hops[ttl] = PmtuHop(ttl, address, rtt, 0)
        return hop

    def _arrived(self, word: Word, probe: SizeProbe, rtt: float) -> PmtuHop | None:
        self._came(probe.size, END)
        self.slowest = max(self.slowest, rtt)
        before = self.target
        if before is None:
            self.target = PmtuHop(probe.ttl, word.source, rtt, 0, is_target=True)
        elif probe.ttl < before.ttl:
            self.target = replace(before, ttl=probe.ttl)
        else:
            return None
        for ttl in [ttl for ttl in self.hops if ttl >= probe.ttl]:
            del self.hops[ttl]
        return self.target if probe.ttl != END else None

    def _complained(self, word: Word, probe: SizeProbe) -> None:
        """Note a complaint, unless it contradicts itself (RFC 1191 §4, RFC 8201 §4)."""
        if word.mtu >= probe.size:
            self.lies += 1
            return
        makes_sense = word.mtu >= LEAST[self._version]
        if not makes_sense and word.mtu:
            self.lies += 1
        mtu = word.mtu if makes_sense else 0
        self.complaints[probe.size] = Complaint(word.source, mtu, word.mtu)
