"""Many requests in a row: what the kernel's sockets tell of a salvo."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.sockets.ladder import open_echo
from rawkit.sockets.packet_io import VolleyIO
from rawkit.sockets.settings import Settings
from rawkit.wire import icmp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import Opened, Salvo
from rawkit.wire.received import Clock, Received
from tests.sockets.echo_host import LO, ROUTER, Kind, say

pytestmark = pytest.mark.netns

IDENTIFIER = 4661
NOBODY = {4: "192.0.2.9", 6: "2001:db8::9"}


@pytest.fixture
def host() -> Iterator[Namespace]:
    with Namespace("host") as host:
        host.sysctl("net.ipv4.ping_group_range", "0 0")
        from rawkit.lab.ready import loopback_up

        host.run(loopback_up)
        yield host


def salvo(*addresses: str) -> Salvo:
    requests: list[tuple[IPv4 | IPv6, int, bytes]] = []
    for number, text in enumerate(addresses):
        address, payload = ip_address(text), bytes([number]) * 20
        match address:
            case IPv4Address():
                requests.append((IPv4(IPv4Address(0), address, 1, ttl=9), 70_000, payload))
            case IPv6Address():
                requests.append((IPv6(IPv6Address(0), address, 58, hop_limit=9), 70_000, payload))
    return Salvo(IDENTIFIER, tuple(requests))


def pipe(host: Namespace, version: int, kind: Kind) -> VolleyIO:
    settings = Settings(kind=kind)
    with host.here():
        io = open_echo(version, IDENTIFIER, settings)
    assert isinstance(io, VolleyIO)
    assert isinstance(io.receive(), Opened)
    return io


@pytest.mark.parametrize("kind", ["ping", "raw"])
@pytest.mark.parametrize("version", [4, 6])
def test_every_answer_is_told_with_its_request(host: Namespace, version: int, kind: Kind) -> None:
    addresses = [f"127.0.0.{last}" for last in range(1, 60)] if version == 4 else ["::1"]
    io = pipe(host, version, kind)

    fired = io.fire(salvo(*addresses))

    assert [hit.turn for hit in fired.hits] == list(range(len(addresses)))
    assert {(hit.ttl, hit.clock, hit.options) for hit in fired.hits} == {(64, Clock.KERNEL, b"")}
    for hit in fired.hits:
        assert -1e-4 < hit.time - fired.departures[hit.turn] < 0.1
    assert io.receive() is None
    io.close()


@pytest.mark.parametrize("kind", ["ping", "raw"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_refused_request_does_not_stop_the_rest(
    host: Namespace, version: int, kind: Kind
) -> None:
    here = "127.0.0.1" if version == 4 else "::1"
    io = pipe(host, version, kind)

    fired = io.fire(salvo(NOBODY[version], here))

    assert list(fired.failures) == [0]
    assert [hit.turn for hit in fired.hits] == [1]
    assert len(fired.departures) == 2
    io.close()


def test_an_error_about_one_target_is_not_held_against_the_next(host: Namespace) -> None:
    host.sysctl("net.ipv4.icmp_echo_ignore_all", 1)
    io = pipe(host, 4, "ping")
    kernels_identifier = io._socket.getsockname()[1]  # type: ignore[attr-defined]  # the kernel's
    first, second = salvo("127.0.0.7", "127.0.0.8").requests

    def requests() -> Iterator[tuple[IPv4 | IPv6, int, bytes]]:
        yield first
        ip, sequence, payload = first
        asked = IPv4(LO, ip.dst) / icmp.EchoRequest(kernels_identifier, sequence & 0xFFFF) / payload  # type: ignore[arg-type]  # IPv4 here
        say(host, IPv4(ROUTER, LO) / icmp.Unreachable(code=1) / asked)
        yield second

    fired = io.fire(Salvo(IDENTIFIER, requests()))  # type: ignore[arg-type]  # while it fires

    assert fired.failures == {}
    news = io.receive()
    assert isinstance(news, Received)
    assert isinstance(news.packet.headers[1], icmp.Unreachable)
    io.close()


def test_a_socket_that_fired_stamps_departures_again(host: Namespace) -> None:
    from tests.contract.packet_io import Subject, echo_requests, news_of

    io = pipe(host, 4, "ping")
    io.fire(salvo("127.0.0.1"))
    here = IPv4Address("127.0.0.1")
    request = echo_requests(here, here, IDENTIFIER)[0]
    io.send(request)

    left, came = news_of(Subject(io, (request,)), 2)

    assert (left.clock, came.clock) == (Clock.KERNEL, Clock.KERNEL)  # type: ignore[union-attr]  # a departure and an arrival
    io.close()
