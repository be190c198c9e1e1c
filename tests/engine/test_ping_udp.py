"""Ping by UDP, in virtual time and without a socket."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.engine.ping_answers import PortState, UDPAnswer
from rawkit.engine.ping_events import ErrorReply, Verdict
from rawkit.engine.ping_report import Ledger
from rawkit.engine.ping_udp import ask_by_udp
from rawkit.errors import UsageError
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.udp import UDP
from tests.engine.ping_asking import (
    A6,
    PORT_UNREACHABLE,
    PORTS,
    ROUTER,
    START,
    STRANGER,
    UNREACHABLE,
    A,
    B,
    about,
    arrived,
    asking,
    back,
    only,
    sent,
    source_ports,
    told,
)

BOTH = pytest.mark.parametrize("address", [A, A6], ids=["v4", "v6"])
GROUP = IPv4Address("224.0.0.1")


def ping(*addresses: Any, data: bytes | None = None, **settings: Any) -> Any:
    return asking(ask_by_udp(53, source_ports(), data), *addresses, **settings)


def answer(request: Packet, payload: bytes = b"an answer", source: Any = None) -> Packet:
    """Return a datagram as a service answers with."""
    asked = request[UDP]
    return back(request, UDP(asked.dst_port, asked.src_port), payload=payload, source=source)


@BOTH
def test_it_sends_a_datagram_with_a_mark_and_the_pattern(address: Any) -> None:
    packet = sent(ping(address, size=16, pattern=b"\xab"))

    udp = packet[UDP]
    assert (udp.dst_port, udp.src_port in PORTS) == (53, True)
    assert packet.payload[12:] == b"\xab" * 4
    assert bytes(packet)[9 if address.version == 4 else 6] == 17


def test_it_sends_the_data_that_it_is_given_and_nothing_else() -> None:
    assert sent(ping(data=b"a query")).payload == b"a query"


@BOTH
@pytest.mark.parametrize("data", [None, b"a query"])
def test_whatever_a_service_answers_is_an_answer(address: Any, data: bytes | None) -> None:
    engine = ping(address, data=data)
    request = sent(engine)

    reply = only(told(engine, START + 0.5, arrived(answer(request))))

    assert (reply.verdict, reply.rtt, reply.ttl, reply.size) == (Verdict.IN_TIME, 0.25, 60, 17)
    assert reply.answer == UDPAnswer(PortState.OPEN, b"an answer")
    assert engine.report()[0].ledger == Ledger(sent=1, replied=1)


@BOTH
def test_the_hosts_own_port_unreachable_is_an_answer(address: Any) -> None:
    engine = ping(address)
    request = sent(engine)
    said = about(request, PORT_UNREACHABLE[address.version], source=address)

    reply = only(told(engine, START + 0.5, arrived(said)))

    assert (reply.verdict, reply.rtt, reply.source) == (Verdict.IN_TIME, 0.25, address)
    assert (reply.answer.state, reply.size) == (PortState.CLOSED, 0)
    assert type(reply.answer.message) is type(PORT_UNREACHABLE[address.version])
    assert engine.report()[0].ledger == Ledger(sent=1, replied=1)


@BOTH
def test_port_unreachable_from_somebody_else_is_an_error(address: Any) -> None:
    engine = ping(address)
    request = sent(engine)

    event = only(
        told(engine, START + 0.25, arrived(about(request, PORT_UNREACHABLE[address.version])))
    )

    assert isinstance(event, ErrorReply)


@BOTH
def test_another_error_from_the_host_itself_is_an_error(address: Any) -> None:
    engine = ping(address)
    request = sent(engine)
    prohibited: Any = icmp.Unreachable(13) if address.version == 4 else icmpv6.Unreachable(1)

    event = only(told(engine, START + 0.25, arrived(about(request, prohibited, source=address))))

    assert isinstance(event, ErrorReply)
    assert engine.report()[0].ledger == Ledger(sent=1, errors=1)


@BOTH
@pytest.mark.parametrize("octets", [None, 8])
def test_an_error_finds_its_request_even_if_only_the_header_is_quoted(
    address: Any, octets: Any
) -> None:
    engine = ping(address, count=2, interval=0.1)
    sent(engine)
    second = sent(engine, START + 0.1)

    event = only(
        told(
            engine,
            START + 0.25,
            arrived(about(second, UNREACHABLE[address.version], octets)),
        )
    )

    assert event.sequence == 2


def test_a_quote_with_another_mark_is_of_another_datagram() -> None:
    engine = ping()
    request = sent(engine)
    forged = Packet(request.headers, b"another." + request.payload[8:])

    step = told(engine, START + 0.25, arrived(about(forged, icmp.Unreachable())))

    assert step.events == ()
    assert engine.report()[0].ledger.strays == 1


@pytest.mark.parametrize("changed", [{"dst": B}, {"dst": ROUTER}], ids=["other", "router"])
def test_an_error_about_a_datagram_to_somebody_else_is_nothing_to_us(changed: Any) -> None:
    engine = ping()
    request = sent(engine)

    step = told(
        engine, START + 0.25, arrived(about(request.replace(IPv4, **changed), icmp.Unreachable()))
    )

    assert step.events == ()


def test_an_answer_belongs_to_the_request_from_the_port_that_it_comes_to() -> None:
    engine = ping(count=3, interval=0.1)
    first, second = sent(engine), sent(engine, START + 0.1)

    late = only(told(engine, START + 0.15, arrived(answer(second), START + 0.15)))
    early = only(told(engine, START + 0.2, arrived(answer(first), START + 0.16)))

    assert (late.sequence, round(late.rtt, 6)) == (2, 0.05)
    assert (early.sequence, round(early.rtt, 6)) == (1, 0.16)


def test_from_one_port_the_latest_request_is_meant() -> None:
    engine = ping(count=5, interval=0.01, preload=5, timeout=9.0)
    requests = engine.step(START).send
    assert requests[0][UDP].src_port == requests[4][UDP].src_port

    reply = only(told(engine, START + 0.25, arrived(answer(requests[4]))))
    twice = only(told(engine, START + 0.3, arrived(answer(requests[0]), START + 0.3)))

    assert (reply.sequence, reply.verdict) == (5, Verdict.IN_TIME)
    assert (twice.sequence, twice.verdict) == (5, Verdict.DUPLICATE)


def test_a_payload_that_comes_back_tells_exactly() -> None:
    engine = ping(count=5, interval=0.01, preload=5, timeout=9.0)
    requests = engine.step(START).send

    echo = answer(requests[0], requests[0].payload)
    reply = only(told(engine, START + 0.25, arrived(echo)))

    assert reply.sequence == 1


def test_an_answer_to_a_port_that_nothing_left_from_is_a_stray() -> None:
    engine = ping()
    request = sent(engine)
    elsewhere = answer(request).replace(UDP, dst_port=39_999)

    step = told(engine, START + 0.25, arrived(elsewhere))

    assert step.events == ()
    assert engine.report()[0].ledger.strays == 1


def test_what_a_stranger_sends_is_no_answer() -> None:
    engine = ping()
    request = sent(engine)

    step = told(engine, START + 0.2, arrived(answer(request, source=STRANGER)))
    echoed = answer(request, request.payload, source=STRANGER)
    reply = only(told(engine, START + 0.25, arrived(echoed)))

    assert step.events == ()
    assert reply.verdict is Verdict.WRONG_SOURCE
    assert engine.report()[0].ledger.replied == 0


def test_a_link_may_be_named_or_numbered() -> None:
    engine = ping(IPv6Address("fe80::2%2"))
    request = sent(engine)
    named = IPv6Address("fe80::2%eth0")

    reply = only(told(engine, START + 0.2, arrived(answer(request, source=named))))
    twice = about(request, icmpv6.Unreachable(4), source=named)

    assert reply.verdict is Verdict.IN_TIME
    assert only(told(engine, START + 0.25, arrived(twice))).verdict is Verdict.DUPLICATE


def test_everybody_in_a_group_answers_for_it() -> None:
    engine = ping(GROUP, count=2, interval=1.0)
    request = sent(engine)

    first = only(told(engine, START + 0.2, arrived(answer(request, source=A))))
    second = only(told(engine, START + 0.2, arrived(answer(request, source=B))))

    assert (first.verdict, second.verdict) == (Verdict.IN_TIME, Verdict.DUPLICATE)


def test_a_closed_port_that_answers_twice_has_a_duplicate() -> None:
    engine = ping(count=2, interval=1.0)
    said = about(sent(engine), icmp.Unreachable(3), source=A)

    told(engine, START + 0.2, arrived(said))
    twice = only(told(engine, START + 0.3, arrived(said)))

    assert twice.verdict is Verdict.DUPLICATE


def test_a_redirect_is_advice() -> None:
    engine = ping()
    request = sent(engine)

    advice = only(told(engine, START + 0.1, arrived(about(request, icmp.Redirect(1, ROUTER)))))

    assert advice.final is False


def test_a_quoted_tunnel_is_known_by_its_ports() -> None:
    engine = asking(ask_by_udp(4789, source_ports()))
    request = sent(engine)

    event = only(told(engine, START + 0.25, arrived(about(request, icmp.Unreachable(1)))))

    assert event.sequence == 1


def test_data_longer_than_any_datagram_is_refused() -> None:
    with pytest.raises(UsageError, match="data is 65528 octets, not 0 to 65527"):
        ask_by_udp(53, source_ports(), bytes(65_528))
    with pytest.raises(UsageError, match="port is 0, not 1 to 65535"):
        ask_by_udp(0, source_ports())
