"""The memory network keeps the contract of every pipe, and its weather is as forecast."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.sockets.packet_io import PacketIO
from rawkit.testing.clock import VirtualClock
from rawkit.testing.network import MemoryNetwork, Weather, echo_host
from rawkit.testing.wrappers import FaultInjector, Tracer
from rawkit.wire.news import Transmitted
from rawkit.wire.received import Received
from tests.contract.packet_io import CHECKS, Check, Subject, echo_requests

A4, B4 = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")


def network(**weather: float) -> MemoryNetwork:
    return MemoryNetwork(echo_host(str(B4), str(B6)), VirtualClock(), Weather(**weather))


def wrapped(io: PacketIO, wrapper: str) -> PacketIO:
    match wrapper:
        case "tracer":
            return Tracer(io, lambda way, packet: None)
        case "injector":
            return FaultInjector(io)
        case _:
            return io


@pytest.mark.parametrize("wrapper", ["bare", "tracer", "injector"])
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_contract(check: Check, version: int, wrapper: str) -> None:
    net = network(delay=0.001)
    requests = echo_requests(A4, B4, 7) if version == 4 else echo_requests(A6, B6, 7)

    check(Subject(wrapped(net, wrapper), requests, net.clock))


def test_a_closed_network_takes_no_packets() -> None:
    net = network()
    net.close()

    with pytest.raises(OSError, match="closed"):
        net.send(echo_requests(A4, B4, 7)[0])


def arrivals(net: MemoryNetwork, count: int) -> list[float]:
    """Send some requests; return when the answers came, in order of arrival."""
    request = echo_requests(A4, B4, 7)[0]
    for _ in range(count):
        net.send(request)
    net.clock.advance(60)
    news = iter(net.receive, None)
    return [item.time - 1000.0 for item in news if isinstance(item, Received)]


def test_fair_weather_only_delays() -> None:
    assert arrivals(network(delay=0.5), 3) == [1.0, 1.0, 1.0]


def test_loss_takes_its_share_each_way() -> None:
    assert len(arrivals(network(loss=0.5), 4000)) == pytest.approx(1000, abs=100)


def test_duplicates_come_twice_each_way() -> None:
    assert len(arrivals(network(duplicate=1.0), 10)) == 40


def test_reordered_packets_skip_the_delay() -> None:
    assert arrivals(network(delay=0.5, reorder=1.0), 2) == [0.0, 0.0]


def test_the_same_seed_makes_the_same_trouble() -> None:
    weather = {"delay": 0.1, "jitter": 0.1, "loss": 0.3, "duplicate": 0.3}

    assert arrivals(network(**weather), 50) == arrivals(network(**weather), 50)


def test_an_injector_loses_and_refuses_as_told() -> None:
    net = network()
    request = echo_requests(A4, B4, 7)[0]
    FaultInjector(net, drop_sent=1.0).send(request)
    assert net.sent == []

    with pytest.raises(OSError, match="No buffer space"):
        FaultInjector(net, refuse=1.0).send(request)

    deaf = FaultInjector(net, drop_received=1.0)
    deaf.send(request)
    assert isinstance(deaf.receive(), Transmitted)
    assert deaf.receive() is None
