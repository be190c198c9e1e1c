"""Packets to scapy and back."""

import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given

from rawkit.errors import UsageError
from rawkit.interop import from_scapy, is_scapy, to_scapy
from rawkit.wire import icmp
from rawkit.wire.arp import ARP, Operation
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from tests.properties.strategies import frames, packets

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
MAC1, MAC2 = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"


def test_fields_have_their_values_on_the_other_side() -> None:
    there = to_scapy(IPv4(A, B, ttl=9) / TCP(1, 2, 3, flags=Flags.SYN) / b"x")

    assert [layer.__name__ for layer in there.layers()] == ["IP", "TCP", "Raw"]
    assert (there.src, there.ttl, there.sport, there.seq) == ("192.0.2.1", 9, 1, 3)
    assert str(there["TCP"].flags) == "S"


def test_what_is_wrong_on_purpose_stays_wrong() -> None:
    packet = IPv4(A, B, checksum=1) / UDP(1, 2, length=99, checksum=3) / b"x"

    assert bytes(from_scapy(to_scapy(packet))) == bytes(packet)


def test_a_scapy_packet_is_read_with_what_scapy_works_out() -> None:
    from scapy.layers.inet import ICMP, IP

    packet = from_scapy(IP(src=str(A), dst=str(B), id=7, flags="DF") / ICMP(id=5, seq=6) / b"hello")

    assert packet == IPv4(A, B, identification=7) / icmp.EchoRequest(5, 6) / b"hello"


def test_dns_that_rawkit_does_not_know_is_payload_here_and_fields_there() -> None:
    question = bytes.fromhex("0007 0100 0001 0000 0000 0000 0161 0000 0100 01")
    there = to_scapy(IPv4(A, B) / UDP(40000, 53) / question, deep=True)

    assert there["DNS"].id == 7
    assert from_scapy(there).payload == question


@pytest.mark.parametrize(
    "packet",
    [
        Ethernet(MAC2, MAC1) / IPv6(IPv6Address(1), IPv6Address(2)) / UDP(1, 2) / b"x",
        Packet((ARP(Operation.REQUEST, MAC1, A, bytes(6), B),)),
        UDP(1, 2) / b"x",
        TCP(1, 2) / b"",
        Packet((), b"octets"),
    ],
    ids=lambda packet: packet.headers and type(packet.headers[0]).__name__,
)
def test_every_beginning_goes_both_ways(packet: Packet) -> None:
    there = to_scapy(packet)

    assert is_scapy(there)
    assert bytes(from_scapy(there)) == bytes(packet)


@given(packets | frames)
def test_the_octets_are_the_same_on_both_sides(packet: Packet) -> None:
    there = to_scapy(packet)

    assert there.original == bytes(packet)


def test_what_is_no_packet_is_refused() -> None:
    with pytest.raises(UsageError, match="int is no scapy packet"):
        from_scapy(3)
    with pytest.raises(UsageError, match="not EchoRequest"):
        to_scapy(icmp.EchoRequest(1, 2) / b"")


def test_a_layer_without_a_header_here_is_refused() -> None:
    from scapy.layers.dns import DNS

    with pytest.raises(UsageError, match="not DNS"):
        from_scapy(DNS())


def test_scapy_is_loaded_by_nobody_else() -> None:
    script = "import sys, rawkit.interop; print([m for m in sys.modules if 'scapy' in m])"
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert told.stdout == "[]\n"


def test_without_scapy_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "scapy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scapy", None)

    with pytest.raises(UsageError, match=r"pip install 'rawkit\[scapy\]'"):
        to_scapy(IPv4(A, B) / UDP(1, 2) / b"")
