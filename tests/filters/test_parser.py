"""Reading filters: the grammar, and what is said of what is none."""

import time
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.errors import FilterError, UsageError
from rawkit.filters.parser import parse
from rawkit.filters.syntax import (
    Calculation,
    Carries,
    Chain,
    Everything,
    Expression,
    Hosts,
    Network,
    Not,
    Number,
    Part,
    Ports,
    Relation,
    Stations,
)
from rawkit.filters.words import ALL_WORDS, CONSTANTS, ELSEWHERE, PORTS
from tests.filters.expressions import expressions, primitives, tags

HERE = (0, 0)
TCP, UDP, ICMP = Carries(None, 6, HERE), Carries(None, 17, HERE), Carries("ip", 1, HERE)
HOST = Network(4, int(IPv4Address("192.0.2.7")), 0xFFFF_FFFF)


def port(*ranges: tuple[int, int], protocol: str | None = None, direction: str = "or") -> Ports:
    return Ports(protocol, direction, ranges, HERE)


def host(*networks: Network, protocol: str | None = None, direction: str = "or") -> Hosts:
    return Hosts(protocol, direction, networks, HERE)


READ: dict[str, Expression] = {
    "": Everything(),
    "  \n": Everything(),
    # and, or: alike, from left to right
    "icmp or udp and tcp": Chain(ICMP, (("or", UDP), ("and", TCP))),
    "icmp or (udp and tcp)": Chain(ICMP, (("or", Chain(UDP, (("and", TCP),))),)),
    "icmp||udp&&tcp": Chain(ICMP, (("or", UDP), ("and", TCP))),
    "not icmp or udp": Chain(Not(ICMP), (("or", UDP),)),
    "!(icmp or udp)": Not(Chain(ICMP, (("or", UDP),))),
    "((tcp))": TCP,
    # words that stay in force
    "port 80 or 443": Chain(port((80, 80)), (("or", port((443, 443))),)),
    "tcp src port (80 or 443)": Chain(
        port((80, 80), protocol="tcp", direction="src"),
        (("or", port((443, 443), protocol="tcp", direction="src")),),
    ),
    "dst host 192.0.2.7 and not 192.0.2.7": Chain(
        host(HOST, direction="dst"), (("and", Not(host(HOST, direction="dst"))),)
    ),
    "(port 80) or 192.0.2.7": Chain(port((80, 80)), (("or", host(HOST)),)),
    # addresses
    "192.0.2.7": host(HOST),
    "src or dst 192.0.2.7": host(HOST),
    "dst and src host 192.0.2.7": host(HOST, direction="and"),
    "src net 10": host(Network(4, 10 << 24, 0xFF00_0000), direction="src"),
    "net 172.16": host(Network(4, 0xAC10_0000, 0xFFFF_0000)),
    "net 10.0.0.0 mask 255.0.0.0": host(Network(4, 10 << 24, 0xFF00_0000)),
    "10.0.0.0/8": host(Network(4, 10 << 24, 0xFF00_0000)),
    "net ::/0": host(Network(6, 0, 0)),
    "ip6 host ::1": host(Network(6, 1, 2**128 - 1), protocol="ip6"),
    "02:00:0:0:00:01": Stations("or", b"\2\0\0\0\0\1", HERE),
    "ether src 0200.0000.0001": Stations("src", b"\2\0\0\0\0\1", HERE),
    "ether dst 020000000001": Stations("dst", b"\2\0\0\0\0\1", HERE),
    # numbers
    "port 0x50": port((80, 80)),
    "port 0120": port((80, 80)),
    "portrange 30-20": port((20, 30)),
    "portrange ftp-data-telnet": port((20, 23)),
    "ether proto \\ip6": Carries("ether", 0x86DD, HERE),
    # comparisons
    "5 < ip[0]": Relation(Number(5), "<", Part("ip", Number(0), 1, HERE), HERE),
    "tcp[tcpflags:1] == tcp-syn": Relation(Part("tcp", Number(13), 1, HERE), "=", Number(2), HERE),
    "tcp[syn]": Relation(
        Calculation("&", Part("tcp", Number(13), 1, HERE), Number(2), HERE), "!=", Number(0), HERE
    ),
    "(tcp[syn]) = 2": Relation(
        Calculation("&", Part("tcp", Number(13), 1, HERE), Number(2), HERE), "=", Number(2), HERE
    ),
    "1 + 2 * 3 = 2 << 1 | 3": Relation(Number(7), "=", Number(7), HERE),
    "-1 = 0xffffffff": Relation(Number(0xFFFF_FFFF), "=", Number(0xFFFF_FFFF), HERE),
}


@pytest.mark.parametrize(("text", "meant"), READ.items(), ids=READ)
def test_a_filter_is_read(text: str, meant: Expression) -> None:
    assert parse(text) == meant


WRONG = {
    "imcp": ("'imcp' is no word of filters; did you mean 'icmp'?", 0, 4),
    "tcp and portt 80": ("'portt' is no word of filters; did you mean 'port'?", 8, 13),
    "mpls 5": (
        "'mpls' is a word of tcpdump's that rawkit does not know"
        " (a program from tcpdump -ddd can be given instead)", 0, 4,
    ),
    "tcp port 80 host x": ("'and' or 'or' is missing before 'host'", 12, 16),
    "tcp 192.0.2.7": ("between 'tcp' and '192.0.2.7' stands what it is: host, port, …", 4, 13),
    "tcp and": ("something to look for is missing before the end", 7, 8),
    "and tcp": ("something to look for is missing before 'and'", 0, 3),
    "(tcp or udp": ("')' is missing before the end", 11, 12),
    "tcp)": ("'and' or 'or' is missing before ')'", 3, 4),
    "tcp ; udp": ("';' means nothing here", 4, 5),
    "host": ("an address is missing before the end", 4, 5),
    "host example.org": ("'example.org' is no address, and names are not looked up here", 5, 16),
    "host 192.0.2": ("'192.0.2' is no address but a network: say 'net'", 5, 12),
    "host 10.0.0.0/8": ("'host' takes one address, and 'net' a network", 5, 13),
    "net 10.1.2.3/8": ("the address has bits beyond its prefix", 4, 14),
    "net 10.0.0.0/33": ("'33' is no length of a prefix: 0 to 32 are", 13, 15),
    "net 300": ("'300' is no network", 4, 7),
    "ip host ::1": ("'ip' does not go with IPv6 addresses", 8, 11),
    "tcp host 192.0.2.7": ("'tcp' has no addresses: say 'host', or 'ip host'", 9, 18),
    "ether host 192.0.2.7": (
        "'192.0.2.7' is no hardware address, as 02:00:00:00:00:01 is", 11, 20
    ),
    "ether": ("behind 'ether' stands host, src, dst, proto, broadcast or multicast", 0, 5),
    "port htpt": ("'htpt' is no port; did you mean 'http'?", 5, 9),
    "port 70000": ("port 70000 is above 65535", 5, 10),
    "icmp port 5": ("'icmp' has no ports; sctp, tcp, udp have", 10, 11),
    "tcp or 443": ("'port' or the like is missing before '443'", 7, 10),
    "443": ("'port' or the like is missing before '443'", 0, 3),
    "ip proto 256": ("protocol 256 is above 255", 9, 12),
    "tcp proto 5": ("'proto' goes with ether, ip and ip6, not with 'tcp'", 10, 11),
    "ip protochain 5": ("'protochain' goes with ip6 only", 3, 13),
    "ip6 broadcast": ("there is no broadcast of 'ip6'", 0, 3),
    "vlan 4096": ("VLAN 4096 is above 4095", 5, 9),
    "less": ("the number of octets behind 'less' is missing before the end", 4, 5),
    "ifname eth0": ("no interface 'eth0' here (none is known)", 7, 11),
    "tcp[sny]": ("'sny' is no place in tcp; did you mean 'syn'?", 4, 7),
    "tpc[0] = 1": ("'tpc' is no protocol; did you mean 'tcp'?", 0, 3),
    "tcp[0:3] = 1": ("'3' is no size: 1, 2 or 4 octets are", 6, 7),
    "tcp[0 = 1": ("']' is missing after the place", 6, 7),
    "tcp[-1] = 1": ("a place before the beginning", 4, 5),
    "tcp[0]": ("a comparison is missing: = != > < >= <=", 6, 7),
    "tcp[0] = icmp-ecko": ("'icmp-ecko' is no number; did you mean 'icmp-echo'?", 9, 18),
    "len-5 > 3": ("'len-5' is one word: put spaces around a minus", 0, 5),
    "ip[0] / 0 = 1": ("a division by zero", 6, 7),
    "ip[0] << 32 = 1": ("a shift by 32 bits: 0 to 31 make sense", 6, 8),
    "1 << ip[0] = 1": ("bits are shifted by a number only, 0 to 31", 2, 4),
    "ip[0] = 0x100000000": ("0x100000000 needs more than 32 bits", 8, 19),
    "ip[0] = 08": ("'08' is no number", 8, 10),
    "((ip[0] & 1) + 2": ("')' is missing after the sum", 16, 17),
    "((tcp or udpp) and port 3)": ("'udpp' is no word of filters; did you mean 'udp'?", 9, 13),
    "(" * 60 + "tcp": ("more than 50 levels within each other", 50, 51),
    "not " * 60 + "tcp": ("more than 50 levels within each other", 200, 203),
    "len" + " + 1 + len" * 60 + " = 1": ("more than 100 operators in a row", 504, 505),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=lambda item: str(item)[:30])
def test_what_is_wrong_is_said_and_pointed_at(text: str, said: tuple[str, int, int]) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)

    error = caught.value
    assert (error.problem, error.column, error.end) == said
    assert str(error) == f"filter: {said[0]} (column {said[1] + 1})"


def test_carets_stand_below_the_place_and_nothing_else_moves_them() -> None:
    with pytest.raises(UsageError) as caught:
        parse("tcp\tand prot 80")

    assert isinstance(caught.value, FilterError)
    assert caught.value.pointed() == "tcp and prot 80\n        ^^^^"


def test_names_are_looked_up_where_somebody_does() -> None:
    def resolve(name: str) -> list[IPv4Address]:
        if name != "example.org":
            raise LookupError(f"nobody knows {name}")
        return [IPv4Address("192.0.2.7"), IPv4Address("192.0.2.8")]

    found = parse("host example.org", resolve)

    assert found == host(HOST, Network(4, HOST.address + 1, HOST.mask))
    with pytest.raises(FilterError, match=r"^filter: nobody knows example.net \(column 6\)$"):
        parse("host example.net", resolve)


def test_interfaces_have_names_where_somebody_knows_them() -> None:
    with pytest.raises(FilterError) as caught:
        parse("on ehT0", interfaces={"eth0": 2, "wlan0": 3})

    assert caught.value.problem == ("no interface 'ehT0' here (eth0, wlan0); did you mean 'eth0'?")


def test_no_word_has_two_meanings() -> None:
    assert not ALL_WORDS & ELSEWHERE
    assert not ALL_WORDS & CONSTANTS.keys()
    assert not PORTS.keys() & ALL_WORDS


@given(st.text(max_size=80))
def test_no_text_upsets_the_reader(text: str) -> None:
    try:
        parse(text)
    except FilterError as error:
        assert 0 <= error.column < error.end <= len(text) + 1  # noqa: PT017


WORDS = st.sampled_from([*sorted(ALL_WORDS), *"()[]:/&|!<>=-+", "80", "tcp", "192.0.2.7", "0x10"])


@given(st.lists(WORDS, max_size=25).map(" ".join))
def test_no_heap_of_words_upsets_the_reader(text: str) -> None:
    try:
        parse(text)
    except FilterError as error:
        assert 0 <= error.column < error.end <= len(text) + 1  # noqa: PT017


@given(expressions(primitives | tags), st.data())
def test_a_filter_cut_anywhere_is_read_or_refused(text: str, data: st.DataObject) -> None:
    cut = text[: data.draw(st.integers(0, len(text)))]
    try:
        parse(cut)
    except FilterError as error:
        assert error.end <= len(cut) + 1  # noqa: PT017


@pytest.mark.parametrize(
    "text",
    [
        "(" * 49 + "tcp" + ")" * 49,
        "(" * 49 + "tcp",
        " or ".join(["(tcp[0] = 1)"] * 5000),
        "ip[" * 49 + "0" + "]" * 49 + " = 1",
        "port 80 " * 9000,
        "(" * 50_000,
        "x" * 100_001,
    ],
    ids=lambda text: text[:12],
)
def test_reading_takes_time_in_proportion(text: str) -> None:
    began = time.perf_counter()

    try:
        parse(text)
    except FilterError:
        pass
    finally:
        assert time.perf_counter() - began < 5
