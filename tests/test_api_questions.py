"""``rawkit.ping`` with another question than an echo: what it takes, and what it refuses."""

import ipaddress
from typing import Any

import pytest

import rawkit
from rawkit.api.ping_kinds import interface_of, ports_for
from rawkit.api.ping_node import asked_by
from rawkit.engine.ping_node import NodeAsked
from rawkit.engine.ping_settings import PingSettings
from rawkit.errors import BuildError, NameNotFound, UsageError
from rawkit.wire.extended_echo import InterfaceAddress, InterfaceIndex, InterfaceName
from rawkit.wire.node_information import Flags, QType

LO, LO6 = ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1")
DNS = ipaddress.IPv6Address("2001:db8::53")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tcp": 0}, "port is 0, not 1 to 65535"),
        ({"tcp": 70_000}, "port is 70000, not 1 to 65535"),
        ({"udp": -1}, "port is -1, not 1 to 65535"),
        ({"tcp": "80"}, "tcp is '80', which makes no sense"),
        ({"tcp": True}, "tcp is True, which makes no sense"),
        ({"udp": 53, "data": "text"}, "udp is 53, which makes no sense"),
        ({"tcp": 80, "udp": 53}, "one question at a time: tcp or udp"),
        ({"probe": 1, "icmp_timestamp": True}, "one question at a time: icmp_timestamp or probe"),
        ({"data": b""}, "data is what a datagram carries: it takes udp"),
        ({"tcp": 80, "data": b""}, "data is what a datagram carries: it takes udp"),
        ({"udp": 53, "data": bytes(65_528)}, "data is 65528 octets, not 0 to 65527"),
        ({"probe": ""}, "no name, index or address of an interface: ''"),
        ({"probe": "a b"}, "no name, index or address of an interface: 'a b'"),
        ({"node_info": 5}, "node_info is 5, not words such as 'ipv6-all'"),
        ({"icmp_timestamp": True, "version": 6}, "this question is asked over IPv4 only"),
        ({"node_info": "name", "version": 4}, "this question is asked over IPv6 only"),
        ({"node_info": "name"}, "127.0.0.1: only IPv6 has node information"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_with_what_would(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        rawkit.ping(LO, **options)

    assert str(refusal.value) == said


def test_an_index_that_no_packet_can_hold_is_refused() -> None:
    with pytest.raises(BuildError, match="PROBE"):
        rawkit.ping(LO, probe=2**32)


@pytest.mark.parametrize(
    ("host", "options", "said"),
    [
        ("127.0.0.1", {"node_info": "name"}, "127.0.0.1: is an IPv4 address, not IPv6"),
        ("::1", {"icmp_timestamp": True}, "::1: is an IPv6 address, not IPv4"),
    ],
)
def test_a_question_of_one_version_takes_addresses_of_that_version(
    host: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(NameNotFound, match=f"^{said}$"):
        rawkit.ping(host, **options)


@pytest.mark.parametrize(
    "options",
    [{"tcp": None}, {"udp": None, "data": None}, {"icmp_timestamp": False}, {"probe": None}],
    ids=str,
)
def test_what_is_not_asked_for_is_an_echo(options: dict[str, Any]) -> None:
    (target,) = rawkit.ping(LO, **options).targets

    assert target.address == LO


def test_of_many_hosts_each_has_its_source_address() -> None:
    session = rawkit.ping([LO, LO6], tcp=80)

    assert [target.src for target in session.targets] == [LO, LO6]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("eth0", InterfaceName("eth0")),
        ("3", InterfaceIndex(3)),
        (3, InterfaceIndex(3)),
        ("192.0.2.1", InterfaceAddress(ipaddress.IPv4Address("192.0.2.1"))),
        ("2001:db8::53", InterfaceAddress(DNS)),
        (DNS, InterfaceAddress(DNS)),
        ("ge-0/0/1", InterfaceName("ge-0/0/1")),
    ],
)
def test_an_interface_is_named_by_name_index_or_address(words: Any, expected: Any) -> None:
    assert interface_of(words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["name"], NodeAsked(QType.NAME)),
        (["ipv6"], NodeAsked(QType.ADDRESSES)),
        (["ipv6-all"], NodeAsked(QType.ADDRESSES, Flags.ALL)),
        (["ipv6-compatible"], NodeAsked(QType.ADDRESSES, Flags.COMPATIBLE)),
        (
            ["ipv6-global", "ipv6-linklocal"],
            NodeAsked(QType.ADDRESSES, Flags.GLOBAL | Flags.LINK_LOCAL),
        ),
        (["ipv6-sitelocal"], NodeAsked(QType.ADDRESSES, Flags.SITE_LOCAL)),
        (["ipv4"], NodeAsked(QType.IPV4_ADDRESSES)),
        (["ipv4-all"], NodeAsked(QType.IPV4_ADDRESSES, Flags.ALL)),
        (["name", "subject-ipv6=2001:db8::53"], NodeAsked(QType.NAME, subject=DNS)),
        (
            ["name", "subject-ipv4=192.0.2.1"],
            NodeAsked(QType.NAME, subject=ipaddress.IPv4Address("192.0.2.1")),
        ),
        # As ping(8) of iputils 20221126 sends them.
        (["ipv6", "subject-name=foo"], NodeAsked(QType.ADDRESSES, subject=b"\x03foo\0\0")),
        (
            ["ipv6", "subject-name=Foo.example"],
            NodeAsked(QType.ADDRESSES, subject=b"\x03foo\x07example\0"),
        ),
        (["ipv6", "subject-fqdn=foo"], NodeAsked(QType.ADDRESSES, subject=b"\x03foo\0")),
    ],
    ids=str,
)
def test_a_node_is_asked_in_the_words_of_ping(words: list[str], expected: NodeAsked) -> None:
    assert asked_by(words) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bogus"], "node information: 'bogus' is none of name, ipv6, "),
        (["subject-name"], "node information: 'subject-name' is none of name, ipv6, "),
        (["name", "ipv6"], "node information: name and ipv6 is one question too many"),
        (["subject-name=foo"], "node information: subject-name=foo asks for nothing"),
        (
            ["name", "subject-name=a", "subject-name=b"],
            "node information: one subject at a time",
        ),
        (["name", "subject-ipv6=192.0.2.1"], "node information: ipv6: no address: '192.0.2.1'"),
        (["name", "subject-ipv4=x"], "node information: ipv4: no address: 'x'"),
        (["name", "subject-name=a..b"], "node information: no name: 'a..b'"),
        (["name", f"subject-name={'x' * 64}"], f"node information: no name: '{'x' * 64}'"),
        (["name", "subject-name="], "node information: no name: ''"),
    ],
)
def test_other_words_for_a_node_are_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        asked_by(words)

    assert str(refusal.value).startswith(said)


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({"count": 1}, 1),
        ({"count": 4, "timeout": 1.0, "interval": 1.0}, 3),
        ({"count": None, "timeout": 10.0, "interval": 1.0}, 12),
        ({"count": None, "timeout": 10.0, "interval": 0.2}, 52),
        ({"count": None, "timeout": 10.0, "interval": 0.01}, 64),
        ({"count": None, "timeout": 1.0, "interval": 0.0}, 64),
        ({"count": None, "timeout": float("inf")}, 64),
        ({"count": 3, "deadline": 9.0, "timeout": 10.0}, 12),
        ({"count": 100, "preload": 20}, 22),
    ],
)
def test_there_is_a_source_port_for_each_request_under_way(
    settings: dict[str, Any], count: int
) -> None:
    assert ports_for(PingSettings(**settings)) == count
