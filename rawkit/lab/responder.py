"""A path of routers and the hosts behind it, played by one machine without a clock.

It takes the frames that a node sends to its gateway, and gives back what routers and
hosts would answer, each at its time. There is no loop and no socket here; see
:mod:`rawkit.lab.serving`.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network

from rawkit.lab import mistakes, neighbours, saying
from rawkit.lab.answers import Answer, Cast, Request, Target, answer
from rawkit.lab.hop import Allowance, Hop
from rawkit.lab.nat import quoted_through
from rawkit.lab.saying import Why
from rawkit.lab.schedule import Schedule
from rawkit.lab.transport import Ends, Ports, answer_tcp, answer_udp
from rawkit.record import record
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import MAC, Address
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.fragment import fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Header, Packet
from rawkit.wire.reassembly import Reassembler
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

Network = IPv4Network | IPv6Network

GATEWAY_MAC = MAC.parse("00:00:5e:00:53:01")
"""For documentation (RFC 9542 §2.1.2): nobody else's."""
LINK_HEADER = 14
IP_ETHER_TYPES = (b"\x08\x00", b"\x86\xdd")
COPY_AFTER = 0.0005
"""Seconds from an answer to a copy of it."""


@record(frozen=False)
class PathCounts:
    """What a path has done so far."""

    received: int = 0
    """IP packets that were sent to the gateway."""
    requests: int = 0
    """Echo requests that reached a target."""
    answered: int = 0
    """Packets sent back, right or wrong; some may still be ``held``."""
    withheld: int = 0
    """Answers that a hop did not give, being silent or not allowed so many."""
    swallowed: int = 0
    """Packets above the MTU that a hop threw away without anybody hearing of it."""
    dropped: int = 0
    """Packets that a hop did not forward, and said nothing."""
    lost: int = 0
    """Packets that a lossy link lost, on either way."""
    held: int = 0
    """Packets whose time to come back has not come."""
    missed: int = 0
    """Frames that the path was too slow to pick up; anything but 0 means that this
    machine could not keep up."""
    lateness: float = 0.0
    """The worst by which a packet came back after its time, in seconds."""


@record
class Become:
    """The question that makes a target another one; it is answered with the counts."""

    address: Address
    target: Target


@record
class Arrival:
    """A datagram on its way along the path."""

    time: float
    mac: bytes
    """Whose it is."""
    octets: bytes
    packet: Packet
    ip: IPv4 | IPv6

    @property
    def version(self) -> int:
        return 4 if isinstance(self.ip, IPv4) else 6

    def is_above(self, mtu: int) -> bool:
        """Whether it does not fit and must not be fragmented on the way."""
        return len(self.octets) > mtu and not (
            isinstance(self.ip, IPv4) and not self.ip.dont_fragment
        )


class Responder:
    """The routers and hosts of a path.

    Args:
        hops: the routers, nearest first, all with addresses.
        targets: the hosts behind the last of them; those in a network answer alike.
        casts: who else has a say, by IP version.
        mtu: of the link to the first of them.
        seed: of what is left to chance.
    """

    def __init__(
        self,
        hops: Sequence[Hop],
        targets: Mapping[Address | Network, Target],
        casts: Mapping[int, Cast],
        mtu: int = 1500,
        seed: int = 1,
    ) -> None:
        self._hops = tuple(hops)
        self._casts = dict(casts)
        self._hosts = {k: v for k, v in targets.items() if not isinstance(k, Network)}
        self._networks = {k: v for k, v in targets.items() if isinstance(k, Network)}
        self._allowances = [Allowance(hop.answers_per_second, hop.burst) for hop in hops]
        self._places = {hop.address(v): n for n, hop in enumerate(hops, 1) for v in casts}
        self._on_link = {a for c in casts.values() for a in (c.gateway, c.better_gateway)}
        self._random = random.Random(seed)
        self._spoken: Counter[int] = Counter()
        self._asked: dict[Address, int] = {}
        self._first_payloads: dict[Address, bytes] = {}
        self._mtu = min([mtu, *(hop.mtu for hop in hops if hop.mtu is not None)])
        self._reassembler, self._identification = Reassembler(), 0
        self._schedule: Schedule[bytes] = Schedule()
        self._counts = PathCounts()

    def take(self, now: float, port: int, frame: bytes) -> None:
        if (reply := neighbours.answer(frame, self._on_link, GATEWAY_MAC)) is not None:
            self._schedule.put(now, reply)
        elif frame[:6] == GATEWAY_MAC and frame[12:LINK_HEADER] in IP_ETHER_TYPES:
            arrival = _read(now, frame[6:12], memoryview(frame)[LINK_HEADER:])
            if arrival is not None:
                self._counts.received += 1
                self._travel(arrival)

    def due(self, now: float) -> Iterator[tuple[int, bytes]]:
        for frame in self._schedule.due(now):
            yield 0, frame

    def next_at(self) -> float:
        return self._schedule.next_at()

    def refused(self, port: int) -> None:
        pass  # the node has thrown its interface away: there is nobody to answer

    def missed(self, count: int) -> None:
        self._counts.missed += count

    def ask(self, question: object) -> PathCounts:
        match question:
            case Become(address=address, target=target):
                self._hosts[address] = target
                self._asked.pop(address, None)
        self._counts.held = len(self._schedule)
        self._counts.lateness = self._schedule.lateness
        return self._counts

    def _travel(self, arrival: Arrival) -> None:
        """Walk along the path until somebody takes the datagram."""
        target, place = self._target(arrival.ip.dst), self._places.get(arrival.ip.dst)
        delay = 0.0
        for number, hop in enumerate(self._hops, 1):
            delay += 2 * hop.delay
            if self._is_lost(hop):
                return
            if number == place:
                if (whole := self._whole(arrival)) is not None:
                    self._visit(whole, number, delay)
                return
            if not self._is_forwarded(arrival, number, delay, is_known=bool(target or place)):
                return
        if target is not None and (whole := self._whole(arrival)) is not None:
            self._arrive(whole, target, delay)

    def _is_forwarded(self, arrival: Arrival, number: int, delay: float, is_known: bool) -> bool:
        """Be a hop that a datagram should pass; say so where it cannot, if it is to be said."""
        hop, version = self._hops[number - 1], arrival.version
        if hop.refuses is not None:
            said = saying.unreachable(version, hop.refuses)
        elif arrival.ip.ttl <= number and not (hop.forwards_dying and arrival.ip.ttl == number):
            said = saying.time_exceeded(version)
        elif hop.drops:
            self._counts.dropped += 1
            return False
        elif not is_known:
            said = saying.unreachable(version, Why.NETWORK)
        elif hop.mtu is not None and arrival.is_above(hop.mtu):
            if hop.filtered:
                self._counts.swallowed += 1
                return False
            said = saying.too_big(version, hop.mtu)
        else:
            return True
        self._complain(arrival, number, delay, said)
        return False

    def _is_lost(self, hop: Hop) -> bool:
        """Cast lots for a packet on the link to a hop; none are cast where nothing is lost."""
        if hop.loss and self._random.random() < hop.loss:
            self._counts.lost += 1
            return True
        return False

    def _target(self, address: Address) -> Target | None:
        if (target := self._hosts.get(address)) is not None:
            return target
        return next((host for net, host in self._networks.items() if address in net), None)

    def _whole(self, arrival: Arrival) -> Arrival | None:
        """Return the datagram, put together if it came in fragments and this is the last."""
        packet = self._reassembler.add(arrival.time, arrival.packet)
        if packet is arrival.packet:
            return arrival
        return None if packet is None else _read(arrival.time, arrival.mac, bytes(packet))

    def _visit(self, arrival: Arrival, number: int, delay: float) -> None:
        """Be a hop that somebody has something to say to."""
        match arrival.packet.headers[-1]:
            case (icmp.EchoRequest() | icmpv6.EchoRequest()) as echo:
                reply = saying.echo_reply(arrival.version, echo.identifier, echo.sequence)
                self._say(arrival, number, delay, reply / arrival.packet.payload)
            case UDP():
                closed = saying.unreachable(arrival.version, Why.PORT)
                self._complain(arrival, number, delay, closed)
            case TCP() as segment:
                ends = Ends(arrival.ip.src, arrival.ip.dst)
                if reset := answer_tcp(segment, arrival.packet.payload, ends, Ports()):
                    self._say(arrival, number, delay, reset)

    def _complain(self, arrival: Arrival, number: int, delay: float, error: Header) -> None:
        """Be a hop that sends an error about a datagram, if errors about it are allowed."""
        if any(header.QUOTES is not None for header in arrival.packet.headers):
            return  # no error about an error (RFC 1122 §3.2.2)
        if isinstance(arrival.ip, IPv4) and arrival.ip.fragment_offset:
            return  # nor about any fragment but the first
        hop = self._hops[number - 1]
        seen = self._as_seen(arrival, number)
        if hop.mistakes:
            seen = mistakes.misread(seen, hop.mistakes, self._casts[arrival.version].stranger)
        said = saying.about(seen, error, hop.extensions, hop.announced, hop.quoted, hop.quoted_data)
        self._say(arrival, number, delay, mistakes.misquoted(said, hop.mistakes), hop.mistakes)

    def _as_seen(self, arrival: Arrival, number: int) -> bytes:
        """Return a datagram as the hop of that number quotes it, or the target, which is next."""
        seen = saying.aged(arrival.octets, number - 1)
        for hop in self._hops[: number - 1]:
            if hop.nat is not None:
                seen = quoted_through(seen, hop.nat, hop.address(arrival.version))
        return seen

    def _say(
        self,
        arrival: Arrival,
        number: int,
        delay: float,
        what: Packet,
        wrong: Sequence[mistakes.Mistake] = (),
    ) -> None:
        hop = self._hops[number - 1]
        if hop.silent or not self._allowances[number - 1].take(arrival.time + delay):
            self._counts.withheld += 1
            return
        turn = self._spoken[number]
        self._spoken[number] += 1
        names = [name for name in hop.speaks_as if name.version == arrival.version]
        source = names[turn % len(names)] if names else hop.address(arrival.version)
        octets = mistakes.mangled(saying.ip(source, arrival.ip.src, hop.ttl), what, wrong)
        after = delay + hop.pauses[turn % len(hop.pauses)]
        for copy in range(hop.copies):
            self._send(arrival, after + copy * COPY_AFTER, octets, number, hop.detour)

    def _arrive(self, arrival: Arrival, target: Target, delay: float) -> None:
        """Be the target."""
        address, cast = arrival.ip.dst, self._casts[arrival.version]
        match arrival.packet.headers[-1]:
            case (icmp.EchoRequest() | icmpv6.EchoRequest()) as echo:
                self._counts.requests += 1
                number = self._asked[address] = self._asked.get(address, -1) + 1
                payload = arrival.packet.payload
                first = self._first_payloads.setdefault(address, payload)
                request = Request(arrival.octets, arrival.ip, echo, payload, first, target)
                which = target.answers[number % len(target.answers)]
                for spoken in answer(which, request, cast):
                    after = delay + target.pause + spoken.after
                    self._send(arrival, after, bytes(spoken.packet), self._place(spoken.packet))
            case (UDP() | TCP()) as header:
                said = self._transport(arrival, header, target)
                if said is not None:
                    whole = saying.ip(address, arrival.ip.src, target.ttl) / said
                    self._send(arrival, delay + target.pause, bytes(whole), len(self._hops) + 1)

    def _transport(self, arrival: Arrival, header: UDP | TCP, target: Target) -> Packet | None:
        """Be a target that speaks UDP and TCP, unless it is dead."""
        if set(target.answers) == {Answer.SILENT}:
            return None
        payload = arrival.packet.payload
        if isinstance(header, TCP):
            return answer_tcp(header, payload, Ends(arrival.ip.src, arrival.ip.dst), target.tcp)
        if header.dst_port in target.udp.silent:
            return None
        if (reply := answer_udp(header, payload, target.udp)) is not None:
            return reply
        error = saying.unreachable(arrival.version, Why.PORT)
        return saying.about(self._as_seen(arrival, len(self._hops) + 1), error)

    def _place(self, packet: Packet) -> int:
        """Return which hop it is from; who is no hop is behind the last."""
        ip = packet.headers[0]
        assert isinstance(ip, IPv4 | IPv6)
        return self._places.get(ip.src, len(self._hops) + 1)

    def _send(
        self, arrival: Arrival, after: float, packet: bytes, number: int, detour: int = 0
    ) -> None:
        """Send a packet back; every router between its sender and the node lowers its TTL.

        Args:
            arrival: what it answers.
            after: seconds from then.
            packet: as it is sent.
            number: which hop it is from.
            detour: how many more routers than those it passes.
        """
        self._counts.answered += 1
        if any(self._is_lost(hop) for hop in self._hops[:number]):
            return
        kind = EtherType.IPV4 if arrival.version == 4 else EtherType.IPV6
        for datagram in self._fitting(saying.aged(packet, number - 1 + detour)):
            frame = bytes(Ethernet(arrival.mac, GATEWAY_MAC, kind) / datagram)
            self._schedule.put(arrival.time + after, frame)

    def _fitting(self, datagram: bytes) -> Iterator[bytes]:
        """Yield a datagram, or fragments of it if it is too large for the link."""
        if len(datagram) <= self._mtu:
            yield datagram
            return
        self._identification += 1
        packet = dissect_ip(datagram)
        if isinstance(packet.headers[0], IPv4):
            packet = packet.replace(IPv4, dont_fragment=False)
        yield from map(bytes, fragment(packet, self._mtu, self._identification & 0xFFFF))


def _read(now: float, mac: bytes, octets: bytes | memoryview) -> Arrival | None:
    """Return the datagram in a frame's payload; ``None`` if none can be read there."""
    packet = dissect_ip(octets)
    match packet.headers:
        case (IPv4() | IPv6() as ip, *_):
            return Arrival(now, mac, bytes(octets[: len(octets) - len(ip.trailer)]), packet, ip)
    return None
