"""Two TCP connections on a bad path, in virtual time: the same troubles again for the same seed.

The segments pass through octets. Nobody waits: an hour of retransmissions takes milliseconds.
"""

import heapq
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from math import inf
from random import Random

from rawkit.record import field, record
from rawkit.tcp.closed import reset_for
from rawkit.tcp.codec import Reader, Writer
from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Closed, Event
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import CE, NOT_ECT, Segment, parts_of
from rawkit.tcp.settings import DEFAULT, Settings
from rawkit.tcp.state import State
from rawkit.wire.checksum import internet_checksum

FLOWS = {
    4: Flow(IPv4Address("192.0.2.1"), 40000, IPv4Address("192.0.2.2"), 7),
    6: Flow(IPv6Address("2001:db8::1"), 40000, IPv6Address("2001:db8::2"), 7),
}
SECRETS = b"one of the secrets", b"the other secret"
START = 1000.0
CUT = 0.2
"""Of damaged packets: the share that is cut short."""
WRITING = (State.SYN_SENT, State.SYN_RECEIVED, State.ESTABLISHED, State.CLOSE_WAIT)


@record(kw_only=True)
class Path:
    """What happens to packets on their way, each way alike. Shares are from 0 to 1."""

    delay: float = 0.01
    """Seconds from one end to the other."""
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    """Share of packets that are late."""
    lateness: float = 0.02
    """By how many seconds at most."""
    corrupt: float = 0.0
    """Share of packets with a wrong bit, or cut short."""
    mark: float = 0.0
    """Share of packets that are marked as having met congestion, if they can be."""
    mtu: int = 1 << 16
    """Larger packets vanish without a word."""
    rate: float = inf
    """Octets a second."""
    queue: float = 0.1
    """Seconds of packets that wait for their turn; more are lost."""


@record(frozen=False, eq=False)
class End:
    """One side: a connection and a user who writes, reads, and closes when both is done."""

    name: str
    connection: Connection
    to_write: bytes = b""
    """What its user writes, as soon as there is room."""
    read_at_once: int = 1 << 30
    """Octets that its user reads at a time."""
    pause: float = 0.0
    """Seconds between its reads."""
    closes: str = "after eof"
    """When it shuts down: ``"after eof"``, ``"at once"`` behind what it writes, ``"never"``."""
    received: bytearray = field(default_factory=bytearray)
    events: list[Event] = field(default_factory=list)
    sent: list[tuple[float, Segment]] = field(default_factory=list)
    """Every segment and when it left, if they are to be kept."""
    written: int = 0
    reads_at: float = -inf

    @property
    def is_over(self) -> bool:
        """Whether it has nothing more to do: closed, or waits out TIME-WAIT, and all is read."""
        connection = self.connection
        ended = connection.state is State.TIME_WAIT or connection.is_over
        return ended and not connection.readable

    @property
    def ending(self) -> Closed | None:
        """How it came to an end, if it did."""
        return next((one for one in self.events if isinstance(one, Closed)), None)


@record(frozen=False, eq=False, kw_only=True)
class Pair:
    """A client, a server and the path between them."""

    client_settings: Settings = DEFAULT
    server_settings: Settings = DEFAULT
    path: Path = field(default_factory=Path)
    seed: int = 1
    version: int = 4
    isns: tuple[int | None, int | None] = (None, None)
    simultaneous: bool = False
    """Whether both open actively."""
    keep: bool = False
    """Whether to keep what was sent."""
    filter: Callable[[End, Segment], bool] | None = None
    """Told of each segment; what it says no to is lost."""
    watch: Callable[[End], None] | None = None
    """Told of each end that has acted, or was acted on."""

    now: float = START
    client: End = field(init=False)
    server: End = field(init=False)
    reader: Reader = field(default_factory=lambda: Reader(takes_unfinished=False), init=False)
    steps: int = 0
    _random: Random = field(init=False)
    _way: list[tuple[float, int, bool, bytes]] = field(default_factory=list, init=False)
    _count: int = field(default=0, init=False)
    _free_at: dict[str, float] = field(default_factory=dict, init=False)
    _flows: tuple[Flow, Flow] = field(init=False)
    _writers: tuple[Writer, Writer] = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        there = FLOWS[self.version]
        back = Flow(there.remote, there.remote_port, there.local, there.local_port)
        self._flows = there, back
        self._writers = Writer(there), Writer(back)
        self.client = End("client", self._connection(there, 0))
        passive = None if not self.simultaneous else back
        self.server = End("server", self._connection(passive, 1))

    def open(self) -> None:
        """Have the server listen and the client open."""
        self.client.connection.open(self.now)
        if self.simultaneous:
            self.server.connection.open(self.now)
        else:
            self.server.connection.listen()
        for end in self.ends:
            self.settle(end)

    def run(self, *, until: float = inf, most: int = 200_000) -> bool:
        """Let time pass until both are done; tell whether they are.

        Args:
            until: the virtual time at which to stop.
            most: steps at which to stop.
        """
        while not (self.client.is_over and self.server.is_over):
            if self.steps >= most or not self.step(until):
                return False
        return True

    def step(self, until: float = inf) -> bool:
        """Go on to whatever is next; tell whether anything was, before ``until``."""
        due = min(self._way[0][0] if self._way else inf, *map(self._wakes, self.ends))
        if due > until or due == inf:
            return False
        self.steps += 1
        now = self.now = max(self.now, due)
        found = self._arrives() if self._way and self._way[0][0] <= now else None
        for end in self.ends:
            if end.connection.wake_at <= now:
                end.connection.tick(now)
            elif end is not found and self._wakes(end) > now:
                continue
            self.settle(end)
        return True

    def settle(self, end: End) -> None:
        """Let a user act, and send all that is to be sent."""
        connection = end.connection
        while True:
            acted = self._user_acts(end)
            segments = connection.outgoing(self.now)
            for segment in segments:
                self._depart(end, segment)
            events = connection.take_events()
            end.events += events
            if not (acted or segments or events):
                break
        if self.watch is not None:
            self.watch(end)

    @property
    def ends(self) -> tuple[End, End]:
        return self.client, self.server

    def _connection(self, flow: Flow | None, which: int) -> Connection:
        settings = (self.client_settings, self.server_settings)[which]
        secret, isn = SECRETS[which], self.isns[which]
        return Connection(flow, settings, secret=secret, version=self.version, isn=isn)

    def _wakes(self, end: End) -> float:
        reads = end.reads_at if end.connection.readable else inf
        return min(end.connection.wake_at, reads)

    def _user_acts(self, end: End) -> bool:
        connection = end.connection
        acted = False
        if end.written < len(end.to_write) and connection.writable and _may_write(connection):
            part = end.to_write[end.written : end.written + (1 << 16)]
            count = connection.write(part)
            end.written += count
            acted = count > 0
        if connection.readable and self.now >= end.reads_at:
            end.received += connection.read(end.read_at_once)
            end.reads_at = self.now + end.pause
            acted = True
        if end.written >= len(end.to_write) and self._wants_to_close(end):
            connection.shutdown()
            acted = True
        return acted

    def _wants_to_close(self, end: End) -> bool:
        connection = end.connection
        if connection.block.fin_wanted or not connection.is_open or end.closes == "never":
            return False
        return end.closes == "at once" or connection.at_end

    def _depart(self, end: End, segment: Segment) -> None:
        if self.keep:
            end.sent.append((self.now, segment))
        if self.filter is not None and not self.filter(end, segment):
            return
        octets = self._writers[end is self.server].pack(segment)
        if len(octets) <= self.path.mtu:
            self._travel(end, segment, octets)
        elif segment.cut:
            for part in parts_of(segment):
                self._depart(end, part)

    def _travel(self, end: End, segment: Segment, octets: bytes) -> None:
        draw, path = self._random.random, self.path
        if draw() < path.loss:
            return
        ready = self._served(end, len(octets))
        for _ in range(2 if draw() < path.duplicate else 1):
            late = draw() * path.lateness if draw() < path.reorder else 0.0
            if ready < inf:
                self._count += 1
                at = ready + path.delay + late
                entry = at, self._count, end is self.client, self._handled(octets, segment)
                heapq.heappush(self._way, entry)

    def _served(self, end: End, size: int) -> float:
        """Return when a packet has left the queue; infinity: the queue is full."""
        free_at = max(self.now, self._free_at.get(end.name, self.now))
        if free_at - self.now > self.path.queue:
            return inf
        self._free_at[end.name] = free_at + size / self.path.rate
        return self._free_at[end.name]

    def _handled(self, octets: bytes, segment: Segment) -> bytes:
        """Return a packet as it arrives."""
        path, random = self.path, self._random
        if segment.ecn != NOT_ECT and random.random() < path.mark:
            octets = marked(octets)
        if random.random() < path.corrupt:
            if random.random() < CUT:
                return octets[: random.randrange(1, len(octets))]
            broken = bytearray(octets)
            broken[random.randrange(len(broken))] ^= 1 << random.randrange(8)
            return bytes(broken)
        return octets

    def _arrives(self) -> End | None:
        """Take in the next packet; return whose it was."""
        _, _, at_server, octets = heapq.heappop(self._way)
        found = self.reader.read(octets)
        if found is None:
            return None
        key, segment = found
        end, flow = (self.server, self._flows[1]) if at_server else (self.client, self._flows[0])
        if key != flow.key:
            return None
        if not end.connection.is_over:
            end.connection.arrive(self.now, segment, flow)
        elif (answer := reset_for(segment)) is not None:
            self._depart(end, answer)
        return end


def marked(octets: bytes) -> bytes:
    """Return an IP packet as a router passes it on that has met congestion (RFC 3168 §5)."""
    changed = bytearray(octets)
    if octets[0] >> 4 == 4:
        changed[1] |= CE
        changed[10:12] = bytes(2)
        changed[10:12] = internet_checksum(changed[: (octets[0] & 0x0F) * 4]).to_bytes(2, "big")
    else:
        changed[1] |= CE << 4
    return bytes(changed)


def _may_write(connection: Connection) -> bool:
    return connection.state in WRITING and not connection.block.fin_wanted
