"""Filters as callers have them."""

import time
from ipaddress import IPv4Address

import pytest

from rawkit.errors import FilterError, UsageError
from rawkit.filters.filter import Filter
from rawkit.filters.links import Link
from rawkit.wire.bpf import ALL, INSTRUCTION
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.bpf_check import check
from tests.filters import corpus
from tests.filters.tcpdump import compiled

SYN, ECHO = (
    corpus.framed(packet) for packet in (corpus.ipv4_packets()[0], corpus.ipv6_packets()[-9])
)


def test_a_filter_has_a_program_a_listing_and_verdicts() -> None:
    chosen = Filter.compile("tcp[syn] and ip")

    assert chosen.listing == (
        "(000) ldh      [12]\n"
        "(001) jeq      #0x800           jt 2\tjf 10\n"
        "(002) ldb      [23]\n"
        "(003) jeq      #0x6             jt 4\tjf 10\n"
        "(004) ldh      [20]\n"
        "(005) jset     #0x1fff          jt 10\tjf 6\n"
        "(006) ldxb     4*([14]&0xf)\n"
        "(007) ldb      [x + 27]\n"
        "(008) jset     #0x2             jt 9\tjf 10\n"
        "(009) ret      #4294967295\n"
        "(010) ret      #0"
    )
    assert chosen.matches(SYN)
    assert not chosen.matches(ECHO)
    assert repr(chosen) == "Filter('tcp[syn] and ip', 11 instructions)"
    assert len(chosen) * INSTRUCTION.size == len(chosen.program)


def test_an_empty_filter_lets_everything_pass() -> None:
    assert Filter.compile("").matches(b"")
    assert Filter.compile("").verdict is True


def test_a_filter_knows_what_it_always_says() -> None:
    assert Filter.compile("arp", Link.IPV4).verdict is False
    assert Filter.compile("ip", Link.IPV4).verdict is True
    assert Filter.compile("ip").verdict is None


def test_a_filter_tells_what_it_needs_to_know_besides() -> None:
    assert Filter.compile("tcp port 80").needs == frozenset()
    assert Filter.compile("inbound").needs == {Ancillary.PACKET_TYPE}
    assert Filter.compile("vlan 5", Link.COOKED).needs == {
        Ancillary.PROTOCOL, Ancillary.VLAN_TAG, Ancillary.VLAN_TAG_PRESENT,
    }  # fmt: skip


def test_the_length_is_that_before_a_packet_was_cut() -> None:
    chosen = Filter.compile("greater 1000")

    assert chosen.matches(SYN, 1500)
    assert not chosen.matches(SYN)


def test_so_many_octets_are_kept() -> None:
    *_, last, _ = INSTRUCTION.iter_unpack(Filter.compile("ip", keep=96).program)

    assert last == (6, 0, 0, 96)
    assert INSTRUCTION.unpack(Filter.compile("").program) == (6, 0, 0, ALL)


def test_a_broadcast_of_ip_takes_a_mask() -> None:
    with pytest.raises(FilterError, match="'ip broadcast' needs the mask of a network"):
        Filter.compile("ip broadcast")

    chosen = Filter.compile("ip broadcast", Link.IPV4, netmask=IPv4Address("255.255.255.0"))

    for last, passes in ((0, True), (255, True), (7, False)):
        assert chosen.matches(bytes([0x45, *bytes(15), 192, 0, 2, last])) is passes


@pytest.mark.parametrize(
    ("text", "link", "said"),
    [
        ("icmp and ether host 02:00:00:00:00:01", Link.COOKED, "there is no ether address"),
        ("ether src 02:00:00:00:00:01", Link.SLL2, "there are no ether addresses on Linux cooked"),
        ("ether[0] = 1", Link.COOKED, "there is no link header on a cooked packet socket"),
        ("vlan", Link.RAW, "there are no VLAN tags on raw IP"),
        ("ether proto 0x42", Link.SLL, "there is no 802.2 on Linux cooked capture"),
    ],
)
def test_what_a_link_does_not_have_is_said(text: str, link: Link, said: str) -> None:
    with pytest.raises(FilterError) as caught:
        Filter.compile(text, link)

    assert said in str(caught.value)
    assert caught.value.pointed().splitlines()[1].strip(" ^") == ""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("text", "most"),
    [
        (" or ".join(f"host 10.0.{number // 256}.{number % 256}" for number in range(900)), 4096),
        (" or ".join(f"port {number}" for number in range(900)), 4096),
        (
            " or ".join(
                f"(host 10.0.0.{number} and tcp or udp port {number})" for number in range(200)
            ),
            4096,
        ),
        ("tcp or udp or icmp or icmp6 or arp", 200),
    ],
    ids=["hosts", "ports", "chains", "protocols"],
)
def test_a_long_filter_stays_within_what_the_kernel_takes(text: str, most: int) -> None:
    began = time.perf_counter()
    chosen = Filter.compile(text)

    check(chosen.program)
    assert len(chosen) <= most
    assert time.perf_counter() - began < 10


@pytest.mark.thorough
@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"ip[{number}] = 1 and tcp[{number}] = 2" for number in range(1500)),
        " or ".join(f"host 10.{number // 256}.{number % 256}.1" for number in range(4000)),
        " and ".join(["vlan"] * 9000),
    ],
    ids=["comparisons", "hosts", "tags"],
)
def test_a_filter_that_is_too_long_is_refused_soon(text: str) -> None:
    began = time.perf_counter()

    with pytest.raises(FilterError, match=r"instructions, and the kernel takes 4096 \(column 1\)"):
        Filter.compile(text)

    assert time.perf_counter() - began < 20


@pytest.mark.parametrize(
    "expression",
    [
        "host 192.0.2.7",
        "ip and tcp port 80 and not host 192.0.2.7",
        "net 10.0.0.0/8 or net 192.0.2.0/24 or arp",
        "ether host 02:00:00:00:00:01 and ip",
        "vlan 5 and ip and udp port 53",
        "ip[2:2] = len and icmp",
    ],
)
def test_programs_are_no_longer_than_those_of_tcpdump(expression: str) -> None:
    # but for the chain of IPv6 headers, which those do not walk over
    walk = 160 if "port" in expression and "ip and" not in expression else 0

    assert len(Filter.compile(expression)) <= len(compiled(expression)) // INSTRUCTION.size + walk


@pytest.mark.thorough
@pytest.mark.parametrize("word", ["host 192.0.2.{}", "port {}"])
def test_lists_make_programs_little_longer_than_those_of_tcpdump(word: str) -> None:
    # which compares destinations of IPv4 and IPv6 or of IP and ARP by the same instructions
    expression = " or ".join(word.format(number) for number in range(1, 250))

    theirs = len(compiled(expression)) // INSTRUCTION.size
    assert len(Filter.compile(expression)) <= 4 / 3 * theirs + 160


def test_a_program_from_elsewhere_is_taken() -> None:
    chosen = Filter.from_bpf("4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0")

    assert chosen.matches(SYN[14:])
    assert chosen.link is None
    assert chosen.text == "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"
    with pytest.raises(UsageError, match="BPF program"):
        Filter.from_bpf("tcp port 80")
    with pytest.raises(UsageError, match="BPF program"):
        Filter(b"\0" * 8)


def test_a_sum_that_needs_much_memory_fits() -> None:
    balanced = "ip[0]"
    for _ in range(6):
        balanced = f"({balanced} + {balanced})"

    assert Filter.compile(f"{balanced} = 0x45 * 64").matches(
        corpus.framed(corpus.ipv4_packets()[2])
    )
