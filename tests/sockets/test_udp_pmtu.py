"""Pipes for packets of any size keep what every pipe promises, and know the first link."""

import subprocess
from contextlib import closing
from ipaddress import IPv4Address
from typing import Literal

import pytest

from rawkit.errors import BuildError
from rawkit.lab.namespace import Namespace
from rawkit.sockets.settings import Settings
from rawkit.sockets.udp_pmtu import SizePipe, first_link_mtu, open_sizes
from rawkit.wire.news import Opened
from tests.contract.packet_io import CHECKS, Check, Subject, payload_of
from tests.sockets.echo_host import BOTH_VERSIONS, IDENTIFIER, LO6, TARGET
from tests.sockets.probe_host import PORT, TARGET6, local_probe
from tests.sockets.test_contract import ANSWERS

pytestmark = pytest.mark.netns

Method = Literal["udp", "icmp"]
Kind = Literal["socket", "raw"]
WAYS: list[tuple[Method, Kind, int]] = [
    *(("udp", kind, version) for kind in ("socket", "raw") for version in (4, 6)),
    *(("icmp", "raw", version) for version in (4, 6)),
    ("icmp", "socket", 4),
]


def open_on(host: Namespace, kind: Kind, version: int, *, echo: bool = True) -> SizePipe:
    target = TARGET if version == 4 else TARGET6
    with host.here():
        return open_sizes(target, PORT, Settings(), identifier=IDENTIFIER, kind=kind, echo=echo)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(("method", "kind", "version"), WAYS)
def test_size_pipe(check: Check, method: Method, kind: Kind, version: int, host: Namespace) -> None:
    probes = [
        local_probe(method, version, number=number, payload=bytes(16), dont_fragment=True)
        for number in range(5)
    ]
    expect, mark = ANSWERS[method]
    assert mark is payload_of
    with closing(open_on(host, kind, version)) as io:
        assert isinstance(io.receive(), Opened)
        check(Subject(io, tuple(probes), expect=expect, mark=mark))


def test_it_tells_of_both_sockets_once_and_first(host: Namespace) -> None:
    with closing(open_on(host, "socket", 4)) as io:
        assert io.receive() == Opened("UDP and ping sockets", "asked for")
        assert io.receive() is None


def test_over_ipv6_an_ordinary_pipe_is_deaf_and_sends_no_echo(host: Namespace) -> None:
    with closing(open_on(host, "socket", 6)) as io:
        assert io.deaf
        assert not io.sends_echo
        with pytest.raises(BuildError, match="sends UDP only"):
            io.send(local_probe("icmp", 6))


@pytest.mark.parametrize("kind", ["socket", "raw"])
def test_echo_requests_are_not_offered_where_they_are_not_wanted(
    kind: Kind, host: Namespace
) -> None:
    with closing(open_on(host, kind, 4, echo=False)) as io:
        assert not io.sends_echo


def test_closed_ping_sockets_leave_udp(closed_host: Namespace) -> None:
    with closing(open_on(closed_host, "socket", 4)) as io:
        news = io.receive()

    assert isinstance(news, Opened)
    assert news.via == "UDP sockets"
    # Seen by root; by anybody else, whose user namespace has not even those groups.
    ways = ("is 1 0", "holds no group of this user namespace")
    assert any(f"no ping sockets: net.ipv4.ping_group_range {way}" in news.why for way in ways)


@BOTH_VERSIONS
@pytest.mark.parametrize("mtu", [1280, 1500, 9000, 65_536])
def test_the_first_link(version: int, mtu: int, host: Namespace) -> None:
    with host.popen(["ip", "link", "set", "lo", "mtu", str(mtu)]) as setting:
        assert setting.wait() == 0

    with host.here():
        found = first_link_mtu(TARGET if version == 4 else LO6, Settings())

    assert found == (min(mtu, 65_535) if version == 4 else mtu)


def test_what_is_noted_of_a_route_is_no_matter_of_the_first_link(host: Namespace) -> None:
    route = ["ip", "route", "add", "198.51.100.7", "dev", "lo", "mtu", "lock", "700"]
    with host.popen(route, stderr=subprocess.STDOUT) as adding:
        assert adding.wait() == 0

    with host.here():
        assert first_link_mtu(IPv4Address("198.51.100.7"), Settings()) == 65_535
