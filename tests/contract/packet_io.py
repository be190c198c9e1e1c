"""What every packet pipe promises, as checks that run on any of them.

A test module says how to make its pipes and runs each check on each::

    @pytest.mark.parametrize("check", CHECKS)
    def test_memory(check: Check) -> None:
        check(Subject(io, requests, clock))
"""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.record import record
from rawkit.session import REAL_TIME, Timekeeper
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News, Opened, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received

PATIENCE = 2.0
"""Seconds to wait for something that is sure to come."""
SLACK = 200e-6
"""Seconds by which the kernel's clock and ours may seem to differ."""


def payload_of(packet: Packet) -> bytes:
    """Return what an echo request and its reply have in common."""
    return packet.payload


def echo_reply(request: Packet, answer: Packet) -> None:
    """Assert that a packet is the reply to an echo request."""
    _, asked = request.headers
    _, echo = answer.headers
    assert isinstance(echo, icmp.EchoReply | icmpv6.EchoReply)
    assert isinstance(asked, icmp.EchoRequest | icmpv6.EchoRequest)
    assert (echo.identifier, echo.sequence) == (asked.identifier, asked.sequence)
    assert answer.payload == request.payload


@record
class Subject:
    """A freshly opened pipe, and packets that will be answered."""

    io: PacketIO
    requests: tuple[Packet, ...]
    """Echo requests or others, some, all different, each to a host that answers at once."""
    time: Timekeeper = REAL_TIME
    expect: Callable[[Packet, Packet], None] = echo_reply
    """Asserts that the second packet is the whole answer to the first."""
    mark: Callable[[Packet], object] = payload_of
    """What a request and its answer have in common, and no two requests."""


Check = Callable[[Subject], None]


def echo_requests(
    src: IPv4Address | IPv6Address, dst: IPv4Address | IPv6Address, identifier: int
) -> tuple[Packet, ...]:
    """Return requests for a :class:`Subject`."""
    match src, dst:
        case IPv4Address(), IPv4Address():
            return tuple(
                IPv4(src, dst) / icmp.EchoRequest(identifier, number) / bytes([number] * 16)
                for number in range(5)
            )
        case IPv6Address(), IPv6Address():
            return tuple(
                IPv6(src, dst) / icmpv6.EchoRequest(identifier, number) / bytes([number] * 16)
                for number in range(5)
            )
    raise ValueError(f"{src} and {dst} are not of one family")


def news_of(subject: Subject, count: int) -> Iterator[News]:
    """Yield the next news, waiting as long as it takes; the opening is not counted."""
    end = subject.time.now() + PATIENCE
    while count:
        news = subject.io.receive()
        if news is None:
            left = end - subject.time.now()
            assert left > 0, f"{count} news are missing"
            subject.time.wait(subject.io.fileno(), left)
        elif not isinstance(news, Opened):
            yield news
            count -= 1


def nothing_is_received_before_anything_is_sent(subject: Subject) -> None:
    while (first := subject.io.receive()) is not None:
        assert isinstance(first, Opened)

    assert subject.io.receive() is None


def the_departure_is_told_and_then_the_answer(subject: Subject) -> None:
    request = subject.requests[0]
    before = subject.time.now()

    subject.io.send(request)
    departure, answer = news_of(subject, 2)

    assert isinstance(departure, Transmitted)
    assert departure.packet is request
    assert isinstance(answer, Received)
    now = subject.time.now()
    assert before - SLACK <= departure.time <= answer.time + SLACK <= now + 2 * SLACK


def the_answer_is_a_whole_packet(subject: Subject) -> None:
    request = subject.requests[0]

    subject.io.send(request)
    _, answer = news_of(subject, 2)

    assert isinstance(answer, Received)
    asked_ip, ip = request.headers[0], answer.packet.headers[0]
    assert isinstance(ip, IPv4 | IPv6)
    assert isinstance(asked_ip, IPv4 | IPv6)
    assert (ip.src, ip.dst) == (asked_ip.dst, asked_ip.src)
    assert ip.ttl > 0
    assert answer.packet.error is None
    subject.expect(request, answer.packet)


def every_departure_is_told_before_its_answer(subject: Subject) -> None:
    for request in subject.requests:
        subject.io.send(request)
    news = list(news_of(subject, 2 * len(subject.requests)))

    left = [one.packet for one in news if isinstance(one, Transmitted)]
    assert [id(packet) for packet in left] == [id(packet) for packet in subject.requests]
    mark, told = subject.mark, set[object]()
    for one in news:
        match one:
            case Transmitted(packet=packet):
                told.add(mark(packet))
            case Received(packet=packet):
                assert mark(packet) in told
    assert {mark(one.packet) for one in news if isinstance(one, Received)} == told


def each_answer_comes_once(subject: Subject) -> None:
    subject.io.send(subject.requests[0])
    list(news_of(subject, 2))

    assert subject.io.receive() is None


def the_descriptor_stays_the_same(subject: Subject) -> None:
    before = subject.io.fileno()
    subject.io.send(subject.requests[0])
    list(news_of(subject, 2))

    assert subject.io.fileno() == before >= 0


def closing_twice_is_harmless(subject: Subject) -> None:
    subject.io.close()
    subject.io.close()


def nothing_is_sent_by_a_closed_pipe(subject: Subject) -> None:
    subject.io.close()

    with pytest.raises(OSError):  # noqa: PT011  # which one is the pipe's own affair
        subject.io.send(subject.requests[0])


CHECKS: tuple[Check, ...] = (
    nothing_is_received_before_anything_is_sent,
    the_departure_is_told_and_then_the_answer,
    the_answer_is_a_whole_packet,
    every_departure_is_told_before_its_answer,
    each_answer_comes_once,
    the_descriptor_stays_the_same,
    closing_twice_is_harmless,
    nothing_is_sent_by_a_closed_pipe,
)
"""All of them."""
