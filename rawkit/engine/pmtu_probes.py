"""Probes of a given size, and which of them an answer is about.

The payload of a probe begins with a secret and its number, so that nobody who has not
seen it can speak of it. Where a router quotes only what RFC 792 demands, it is known by
the IPv4 identification and the UDP length, or by the sequence number of the echo.
"""

from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from rawkit.engine.family import family_of
from rawkit.engine.ping_events import Target
from rawkit.record import record
from rawkit.wire import icmp
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted, says
from rawkit.wire.udp import UDP

if TYPE_CHECKING:
    from rawkit.engine.family import EchoReply, EchoRequest

FULL_TTL = 64
"""That of probes for the target."""
END = 255
"""The target, where a hop is meant by number: farther than any."""
SECRET, NUMBER = 8, 4
"""Octets."""
MARK = SECRET + NUMBER
HEADERS = {4: 28, 6: 48}
"""Octets of IP, and of UDP or ICMP echo behind it."""
FILLING = bytes(range(256)) * 257
FRAG_NEEDED, PORT_UNREACHABLE = 4, {4: 3, 6: 4}


class Kind(Enum):
    """What a probe is."""

    UDP = "udp"
    ECHO = "icmp"


@record
class SizeProbe:
    """One packet that was sent."""

    serial: int
    """From 1."""
    size: int
    """Octets, IP header included."""
    ttl: int
    """``END``: it was meant for the target."""
    kind: Kind


class Verdict(Enum):
    """What an answer says of its probe."""

    REACHED = "reached"
    EXPIRED = "expired"
    TOO_BIG = "too big"
    REFUSED = "refused"
    NEITHER = "neither"


@record
class Word:
    """What somebody says of a probe."""

    verdict: Verdict
    source: Address
    probe: SizeProbe | None
    """``None``: about one of ours, but too little is quoted to say which."""
    ttl: int
    """TTL or hop limit of the answer on arrival."""
    mtu: int = 0
    """What "too big" tells."""
    text: str = ""
    """What a refusal says."""


class SizeProbes:
    """Makes probes, and knows those it made."""

    def __init__(
        self, target: Target, source_port: int, port: int, identifier: int, secret: bytes, tos: int
    ) -> None:
        self._target = target
        self._ports = source_port, port
        self._identifier = identifier
        self._secret = secret[:SECRET].ljust(SECRET, b"\0")
        self._tos = tos
        self._version = target.address.version
        self._family = family_of(target.address)
        self._sent: dict[int, SizeProbe] = {}

    @property
    def sent(self) -> int:
        """How many were made."""
        return len(self._sent)

    def by_serial(self, serial: int) -> SizeProbe:
        """Return the probe with this number."""
        return self._sent[serial]

    def make(self, size: int, ttl: int, kind: Kind) -> tuple[SizeProbe, Packet]:
        """Return a new probe, and the packet that it is."""
        serial = len(self._sent) + 1
        probe = self._sent[serial] = SizeProbe(serial, size, ttl, kind)
        outer = self._outer(serial, FULL_TTL if ttl == END else ttl)
        payload = self._payload(probe)
        if kind is Kind.UDP:
            return probe, outer / UDP(*self._ports) / payload
        request: EchoRequest = self._family.echo_request(self._identifier, serial & 0xFFFF)
        return probe, outer / request / payload

    def find(self, packet: Packet) -> Word | None:
        """Return what a packet says of a probe; ``None``: it is about none that was made."""
        match packet.headers:
            case (IPv4() | IPv6() as ip, self._family.echo_reply() as echo):
                return self._reply(ip, echo, packet.payload)
            case (IPv4() | IPv6() as ip, UDP() as udp):
                return self._datagram(ip, udp, packet.payload)
            case (IPv4() | IPv6() as ip, message, *_):
                return self._error(ip, message, packet)
        return None

    def _outer(self, serial: int, ttl: int) -> IPv4 | IPv6:
        dscp, ecn = self._tos >> 2, self._tos & 0b11
        match self._target.src, self._target.address:
            case IPv4Address() as src, IPv4Address() as dst:
                number = serial & 0xFFFF
                return IPv4(src, dst, ttl=ttl, dscp=dscp, ecn=ecn, identification=number)
            case IPv6Address() as src, IPv6Address() as dst:
                return IPv6(src, dst, hop_limit=ttl, dscp=dscp, ecn=ecn)
        raise ValueError(f"{self._target.src} and {self._target.address} are not of one family")

    def _payload(self, probe: SizeProbe) -> bytes:
        mark = self._secret + probe.serial.to_bytes(NUMBER, "big")
        return mark + FILLING[: probe.size - HEADERS[self._version] - MARK]

    def _marked(self, payload: bytes) -> SizeProbe | None:
        """Return the probe whose mark a payload begins with."""
        if len(payload) < MARK or payload[:SECRET] != self._secret:
            return None
        return self._sent.get(int.from_bytes(payload[SECRET:MARK], "big"))

    def _reply(self, ip: IPv4 | IPv6, echo: "EchoReply", payload: bytes) -> Word | None:
        probe = self._marked(payload)
        if probe is None or echo.identifier != self._identifier or not self._is_target(ip.src):
            return None
        if payload != self._payload(probe):
            return None
        return Word(Verdict.REACHED, ip.src, probe, _ttl(ip))

    def _datagram(self, ip: IPv4 | IPv6, udp: UDP, payload: bytes) -> Word | None:
        if (udp.dst_port, udp.src_port) != self._ports or not self._is_target(ip.src):
            return None
        probe = self._marked(payload)
        return Word(Verdict.REACHED, ip.src, probe, _ttl(ip))

    def _error(self, ip: IPv4 | IPv6, message: Header, packet: Packet) -> Word | None:
        quote = quoted(packet)
        if quote is None or not quote.headers:
            return None
        ours = quote.headers[0]
        if not isinstance(ours, IPv4 | IPv6) or not self._is_target(ours.dst):
            return None
        match quote.headers[-1]:
            case UDP(src_port=src, dst_port=dst, length=length) if (src, dst) == self._ports:
                probe = self._marked(quote.payload) or self._by_number(ours, quote, length)
            case self._family.echo_request(identifier=self._identifier, sequence=sequence):
                probe = self._marked(quote.payload) or self._by_sequence(quote, sequence)
            case _:
                return None
        if probe is None and len(quote.payload) >= MARK:
            return None  # a packet that was never sent
        return self._word(ip, message, probe)

    def _by_number(self, ours: IPv4 | IPv6, quote: Packet, length: int | None) -> SizeProbe | None:
        """Return the probe with the identification and length that are quoted."""
        if len(quote.payload) >= MARK or not isinstance(ours, IPv4):
            return None
        probe = self._sent.get(ours.identification)
        fits = probe is not None and length == probe.size - IPV4_HEADER
        return probe if fits and probe and probe.kind is Kind.UDP else None

    def _by_sequence(self, quote: Packet, sequence: int) -> SizeProbe | None:
        if len(quote.payload) >= MARK:
            return None
        probe = self._sent.get(sequence)
        return probe if probe and probe.kind is Kind.ECHO else None

    def _word(self, ip: IPv4 | IPv6, message: Header, probe: SizeProbe | None) -> Word:
        ttl = _ttl(ip)
        match message:
            case icmp.TimeExceeded(code=0):
                return Word(Verdict.EXPIRED, ip.src, probe, ttl)
            case icmp.Unreachable(code=code, mtu=mtu) if code == FRAG_NEEDED:
                return Word(Verdict.TOO_BIG, ip.src, probe, ttl, mtu)
            case icmp.Unreachable(code=code):
                return self._unreachable(ip, message, code, probe)
        return self._word_v6(ip, message, probe)

    def _word_v6(self, ip: IPv4 | IPv6, message: Header, probe: SizeProbe | None) -> Word:
        from rawkit.wire import icmpv6

        match message:
            case icmpv6.TimeExceeded(code=0):
                return Word(Verdict.EXPIRED, ip.src, probe, _ttl(ip))
            case icmpv6.PacketTooBig(mtu=mtu):
                return Word(Verdict.TOO_BIG, ip.src, probe, _ttl(ip), mtu)
            case icmpv6.Unreachable(code=code):
                return self._unreachable(ip, message, code, probe)
        return Word(Verdict.NEITHER, ip.src, probe, _ttl(ip))

    def _unreachable(
        self, ip: IPv4 | IPv6, message: Header, code: int, probe: SizeProbe | None
    ) -> Word:
        """Judge "unreachable": the target's own, and any about a port, is an arrival."""
        if code == PORT_UNREACHABLE[self._version] or self._is_target(ip.src):
            return Word(Verdict.REACHED, ip.src, probe, _ttl(ip))
        return Word(Verdict.REFUSED, ip.src, probe, _ttl(ip), text=says(message))

    def _is_target(self, address: Address) -> bool:
        return int(address) == int(self._target.address)


IPV4_HEADER = 20


def _ttl(ip: IPv4 | IPv6) -> int:
    return ip.ttl if isinstance(ip, IPv4) else ip.hop_limit
