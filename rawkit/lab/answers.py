"""How a target answers an echo request: right, or wrong on purpose.

Each :class:`Answer` is something that real networks do, and that some well-known ping
program has taken for something else.
"""

from collections.abc import Callable, Iterator
from enum import Enum

from rawkit.errors import UsageError
from rawkit.lab import saying
from rawkit.lab.saying import Why
from rawkit.lab.transport import Ports
from rawkit.record import record, replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet


class Answer(Enum):
    """What comes back for an echo request, after ``pause``, and ``spacing`` apart if several."""

    REPLY = "reply"
    """The right reply."""
    SILENT = "silent"
    """Nothing."""
    LATE = "late"
    """The right reply, ``late`` seconds after its time."""
    TRIPLE = "triple"
    """The right reply, three times."""
    BAD_CHECKSUM = "bad-checksum"
    """The right reply with a wrong ICMP checksum."""
    FLIPPED_PAYLOAD = "flipped-payload"
    """Two octets of the payload inverted, under a right checksum."""
    ZEROED_PAYLOAD = "zeroed-payload"
    """Zeros for a payload, under a right checksum."""
    REPLAYED_PAYLOAD = "replayed-payload"
    """The payload of the first request ever, which may hold a time, under today's numbers."""
    TRUNCATED = "truncated"
    """Half the payload, under a right checksum."""
    CUT_OFF = "cut-off"
    """An ICMP message that ends after its checksum, which is right."""
    OTHER_SOURCE = "other-source"
    """The right reply, but from somebody else's address."""
    OPTIONS = "options"
    """The right reply behind four NOP options of IPv4 (IHL 6), or behind an IPv6
    destination options header."""
    NEXT_SEQUENCE = "next-sequence"
    """A reply to the request after this one, which may never have been sent."""
    WRONG_IDENTIFIER = "wrong-identifier"
    """A reply to another process."""
    HOST_UNREACHABLE = "host-unreachable"
    """The last router says that it cannot reach the host."""
    PROHIBITED = "prohibited"
    """The last router says that this is administratively prohibited."""
    TOO_BIG = "too-big"
    """The last router says that no more than ``mtu`` octets go through."""
    EXPIRED = "expired"
    """The last router says that the TTL has run out, as in a routing loop."""
    OTHERS_ERROR = "others-error"
    """Host unreachable, but quoting a request to somebody else with the same identifier
    and sequence number."""
    OTHERS_ERROR_THEN_REPLY = "others-error-then-reply"
    ERROR_THEN_REPLY = "error-then-reply"
    """Host unreachable, and then the right reply all the same."""
    REDIRECT_THEN_REPLY = "redirect-then-reply"
    """The first router knows a better way, to another address of its own; it delivers the
    request, and the right reply comes."""
    QUENCH_THEN_REPLY = "quench-then-reply"
    """The first router asks to send more slowly (an error of an unknown type in IPv6,
    which has no quench), and the right reply comes."""


@record
class Target:
    """An address at the end of a path, and how it answers.

    Raises:
        UsageError: a value makes no sense.
    """

    answers: tuple[Answer, ...] = (Answer.REPLY,)
    """One for each request in turn, and then again from the first."""
    pause: float = 0.0
    """Seconds before it answers."""
    spacing: float = 0.005
    """Seconds between packets, where an answer has several."""
    late: float = 2.5
    """Seconds that ``LATE`` takes longer."""
    mtu: int = 1400
    """What ``TOO_BIG`` says."""
    ttl: int = 64
    """That its answers start with."""
    tcp: Ports = Ports()
    """What it does with segments, unless it is ``SILENT``."""
    udp: Ports = Ports()
    """The same for datagrams; what it refuses is "port unreachable"."""

    def __post_init__(self) -> None:
        if not self.answers:
            raise UsageError("answers: none; say Answer.SILENT for a target that is dead")
        for name in ("pause", "spacing", "late"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name}: {getattr(self, name)} is no number of seconds")
        if not 1 <= self.ttl <= 255:
            raise UsageError(f"ttl: {self.ttl} is not between 1 and 255")


@record
class Request:
    """An echo request that reaches its target."""

    octets: bytes
    """The whole datagram as it was sent."""
    ip: IPv4 | IPv6
    echo: icmp.EchoRequest | icmpv6.EchoRequest
    payload: bytes
    first_payload: bytes
    """That of the first request which this target got."""
    target: Target

    @property
    def version(self) -> int:
        """4 or 6."""
        return 4 if isinstance(self.ip, IPv4) else 6


@record
class Cast:
    """Who else, besides the target, may have a say."""

    gateway: Address
    """The first router."""
    better_gateway: Address
    """Another address of it."""
    last_hop: Address
    stranger: Address
    """Somebody beyond the path who has nothing to do with it."""
    hops: int
    """How many routers there are."""


@record
class Spoken:
    """A packet of an answer."""

    after: float
    """Seconds after the target would have answered."""
    packet: Packet
    """With the addresses it has, and the TTL it starts with."""


Said = Callable[[Request, Cast], Packet]


def answer(which: Answer, request: Request, cast: Cast) -> Iterator[Spoken]:
    """Yield the packets of an answer."""
    later = request.target.spacing
    match which:
        case Answer.SILENT:
            return
        case Answer.LATE:
            yield Spoken(request.target.late, _reply(request))
        case Answer.TRIPLE:
            for number in range(3):
                yield Spoken(number * later, _reply(request))
        case Answer.OTHERS_ERROR_THEN_REPLY:
            yield Spoken(0.0, _others_error(request, cast))
            yield Spoken(later, _reply(request))
        case Answer.ERROR_THEN_REPLY:
            yield Spoken(0.0, SINGLE[Answer.HOST_UNREACHABLE](request, cast))
            yield Spoken(later, _reply(request))
        case Answer.REDIRECT_THEN_REPLY:
            said = saying.redirect(cast.better_gateway, request.octets)
            yield Spoken(0.0, _from(cast.gateway, request, 255) / said)
            yield Spoken(later, _reply(request))
        case Answer.QUENCH_THEN_REPLY:
            yield Spoken(0.0, _from(cast.gateway, request) / saying.quench(request.octets))
            yield Spoken(later, _reply(request))
        case _:
            yield Spoken(0.0, SINGLE[which](request, cast))


def _from(src: Address, request: Request, ttl: int | None = None) -> Packet:
    return Packet((saying.ip(src, request.ip.src, ttl or request.target.ttl),))


def _reply(request: Request, payload: bytes | None = None) -> Packet:
    octets = request.payload if payload is None else payload
    return _from(request.ip.dst, request) / _echo(request) / octets


def _echo(request: Request, *, identifier: int = 0, sequence: int = 0) -> Header:
    """Return the header of a reply whose numbers are off by so much."""
    echo = request.echo
    return saying.echo_reply(
        request.version, echo.identifier + identifier, echo.sequence + sequence
    )


def _bad_checksum(request: Request, _: Cast) -> Packet:
    packed = dissect_ip(bytes(_reply(request)))
    echo = packed.headers[-1]
    assert isinstance(echo, icmp.EchoReply | icmpv6.EchoReply)
    wrong = replace(echo, checksum=(echo.checksum or 0) ^ 0x5555)
    return Packet((*_from(request.ip.dst, request).headers, wrong), request.payload)


def _flipped(request: Request, _: Cast) -> Packet:
    payload = bytearray(request.payload)
    for place in {len(payload) // 2, len(payload) - 1} if payload else ():
        payload[place] ^= 0xFF
    return _reply(request, bytes(payload))


def _cut_off(request: Request, _: Cast) -> Packet:
    header = saying.ip(request.ip.dst, request.ip.src, request.target.ttl)
    if isinstance(header, IPv4):
        message = bytes((icmp.EchoReply.TYPE, 0, 0, 0))
        header, covered = replace(header, protocol=IPProtocol.ICMP), b""
    else:
        message = bytes((icmpv6.EchoReply.TYPE, 0, 0, 0))
        header = replace(header, next_header=IPProtocol.ICMPV6)
        covered = header.pseudo_header(len(message), IPProtocol.ICMPV6)
    checksum = internet_checksum(covered + message).to_bytes(2, "big")
    return header / (message[:2] + checksum)


def _others_error(request: Request, cast: Cast) -> Packet:
    sent = saying.ip(request.ip.src, cast.stranger, request.ip.ttl)
    echo = request.echo.recomputed()
    other = bytes(sent / echo / request.payload)
    return _error(request, cast, saying.unreachable(request.version, Why.HOST), other)


def _error(request: Request, cast: Cast, error: Header, about: bytes = b"") -> Packet:
    """Return an error from the last router, about the request unless said otherwise."""
    packet = saying.aged(about or request.octets, cast.hops - 1)
    return _from(cast.last_hop, request) / error / saying.quote(packet, request.version)


def _unreachable(why: Why) -> Said:
    return lambda request, cast: _error(request, cast, saying.unreachable(request.version, why))


def _expired(request: Request, cast: Cast) -> Packet:
    loop = saying.aged(request.octets, max(0, request.ip.ttl - cast.hops))
    return _error(request, cast, saying.time_exceeded(request.version), loop)


SINGLE: dict[Answer, Said] = {
    Answer.REPLY: lambda request, _: _reply(request),
    Answer.BAD_CHECKSUM: _bad_checksum,
    Answer.FLIPPED_PAYLOAD: _flipped,
    Answer.ZEROED_PAYLOAD: lambda request, _: _reply(request, bytes(len(request.payload))),
    Answer.REPLAYED_PAYLOAD: lambda request, _: _reply(request, request.first_payload),
    Answer.TRUNCATED: lambda request, _: _reply(
        request, request.payload[: len(request.payload) // 2]
    ),
    Answer.CUT_OFF: _cut_off,
    Answer.OTHER_SOURCE: lambda request, cast: (
        _from(cast.stranger, request) / _echo(request) / request.payload
    ),
    Answer.OPTIONS: lambda request, _: (
        saying.with_options(saying.ip(request.ip.dst, request.ip.src, request.target.ttl))
        / _echo(request)
        / request.payload
    ),
    Answer.NEXT_SEQUENCE: lambda request, _: (
        _from(request.ip.dst, request) / _echo(request, sequence=1) / request.payload
    ),
    Answer.WRONG_IDENTIFIER: lambda request, _: (
        _from(request.ip.dst, request) / _echo(request, identifier=1) / request.payload
    ),
    Answer.HOST_UNREACHABLE: _unreachable(Why.HOST),
    Answer.PROHIBITED: _unreachable(Why.PROHIBITED),
    Answer.TOO_BIG: lambda request, cast: _error(
        request, cast, saying.too_big(request.version, request.target.mtu)
    ),
    Answer.EXPIRED: _expired,
    Answer.OTHERS_ERROR: _others_error,
}
