"""tshark reads from our octets what we wrote into them, and finds the checksums right."""

import shutil
import subprocess
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from rawkit.wire import ip_options, ipv6_options, routing, tcp_options
from rawkit.wire.authentication import AH
from rawkit.wire.esp import ESP, NullESP
from rawkit.wire.extensions import DestinationOptions, HopByHop, RoutingKind
from rawkit.wire.fragment import fragment
from rawkit.wire.integrity import Integrity, authenticated
from rawkit.wire.ip_security import BasicSecurity, DatagramSecurity, ExtendedSecurity, Level
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ipv6_option_values import (
    HomeAddress,
    JumboPayload,
    Kind,
    MinimumPathMtu,
    Nonce,
    Performance,
    RouterAlert,
    Rpl,
    TunnelLimit,
)
from rawkit.wire.packet import Header, Packet
from rawkit.wire.pcap import PcapWriter
from rawkit.wire.quick_start import QuickStart
from rawkit.wire.segment_objects import Hmac
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="there is no tshark")

A, B, C, D = (IPv4Address(f"192.0.2.{last}") for last in "1234")
A6, B6, C6, D6 = (IPv6Address(f"2001:db8::{last}") for last in "1234")
KEY = bytes(range(32))
FILL = UDP(1, 2) / b"hello"
GOOD = {"udp.checksum.status": "1"}
ESP_KEYS = ",".join(
    f'"{word}"'
    for word in ("IPv4", "*", "*", "*", "NULL", "", "HMAC-SHA-256-128 [RFC4868]", f"0x{KEY.hex()}")
)
PREFERENCES = [
    "ip.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "esp.enable_null_encryption_decode_heuristic:TRUE",
    "esp.enable_encryption_decode:TRUE",
    "esp.enable_authentication_check:TRUE",
    f"uat:esp_sa:{ESP_KEYS}",
]


def with_options(option: ip_options.Option) -> Packet:
    return IPv4(A, B, options=ip_options.encode(option)) / FILL


def with_hops(option: ipv6_options.Option) -> Packet:
    return IPv6(A6, B6) / HopByHop(ipv6_options.encode(option)) / FILL


def with_tcp(option: tcp_options.Option) -> Packet:
    return IPv4(A, B) / TCP(1, 2, options=tcp_options.encode(option))


def by_way_of(kind: int, *stations: IPv6Address) -> Packet:
    first, header = routing.through(*stations, destination=D6, kind=kind)
    return IPv6(A6, first) / header / FILL


def by_way_of4(strict: bool) -> Packet:
    first, option = ip_options.through(B, C, destination=D, strict=strict)
    return IPv4(A, first, options=ip_options.encode(option)) / FILL


SRH = routing.SegmentRoute((D6, B6), 0, 9, (Hmac(7, bytes(range(32))),))
READ = [
    (
        with_options(ip_options.RecordRoute((A,), 1)),
        {"ip.opt.ptr": "8", "ip.rec_rt": "192.0.2.1", "ip.empty_rt": "0.0.0.0", **GOOD},
    ),
    (by_way_of4(strict=False), {"ip.opt.type": "131,0", "ip.dst": "192.0.2.4", **GOOD}),
    (by_way_of4(strict=True), {"ip.opt.type": "137,0", "ip.dst": "192.0.2.4", **GOOD}),
    (
        with_options(ip_options.Timestamp(0, (ip_options.Stamp(time=77),), 1, 3)),
        {"ip.opt.overflow": "3", "ip.opt.flag": "0x00", "ip.opt.time_stamp": "77,0", **GOOD},
    ),
    (with_options(ip_options.RouterAlert(1)), {"ip.opt.ra": "1", **GOOD}),
    (
        with_options(QuickStart(0, 5, 77, 0x1234567)),
        {"ip.opt.qs_rate": "5", "ip.opt.qs_ttl": "77", "ip.opt.qs_nonce": "0x01234567"},
    ),
    (
        with_options(BasicSecurity(Level.SECRET, b"\x80")),
        {"ip.opt.sec_cl": "0x5a", "ip.opt.sec_prot_auth_genser": "1"},
    ),
    (
        with_options(DatagramSecurity(0xD788, b"\0\1", b"AB", b"xyz")),
        {"ip.opt.sec_rfc791_sec": "0xd788", "ip.opt.sec_rfc791_comp": "1",
         "ip.opt.sec_rfc791_hr": "AB", "ip.opt.sec_rfc791_tcc": "xyz"},
    ),
    (with_options(ExtendedSecurity(9, b"ab")), {"ip.opt.ext_sec_add_sec_info_format_code": "0x09"}),
    (with_hops(RouterAlert(1)), {"ipv6.opt.router_alert": "1", **GOOD}),
    (with_hops(JumboPayload(70_000)), {"ipv6.opt.jumbo": "70000", **GOOD}),
    (with_hops(TunnelLimit(4)), {"ipv6.opt.tel": "4", **GOOD}),
    (
        with_hops(QuickStart(0, 5, 77, 9)),
        {"ipv6.opt.qs_rate": "5", "ipv6.opt.qs_ttl": "77", **GOOD},
    ),
    (
        with_hops(Rpl(30, 256, 0x80, kind=Kind.RPL_OLD)),
        {"ipv6.opt.rpl.flag.o": "1", "ipv6.opt.rpl.instance_id": "0x1e",
         "ipv6.opt.rpl.sender_rank": "0x0100", **GOOD},
    ),
    (
        with_hops(MinimumPathMtu(1500, 640, True)),
        {"ipv6.opt.pmtu.min": "1500", "ipv6.opt.pmtu.rtn": "1280", "ipv6.opt.pmtu.r_flag": "1"},
    ),
    (
        IPv6(A6, B6) / DestinationOptions(ipv6_options.encode(HomeAddress(C6))) / FILL,
        {"ipv6.opt.mipv6.home_address": "2001:db8::3"},
    ),
    (
        IPv6(A6, B6) / DestinationOptions(ipv6_options.encode(Nonce(b"abcd"))) / FILL,
        {"ipv6.opt.ilnp_nonce": "61626364", **GOOD},
    ),
    (
        with_hops(Performance(1, 2, 3, 4, 5, 6)),
        {"ipv6.opt.pdm.psn_this_pkt": "1", "ipv6.opt.pdm.psn_last_recv": "2",
         "ipv6.opt.pdm.delta_last_recv": "3", "ipv6.opt.pdm.delta_last_sent": "4",
         "ipv6.opt.pdm.scale_dtlr": "5", "ipv6.opt.pdm.scale_dtls": "6", **GOOD},
    ),
    (
        by_way_of(RoutingKind.SOURCE_ROUTE, B6, C6),
        {"ipv6.routing.src.addr": "2001:db8::3,2001:db8::4", **GOOD},
    ),
    (by_way_of(RoutingKind.MOBILE, B6), {"ipv6.routing.mipv6.home_address": "2001:db8::4", **GOOD}),
    (
        by_way_of(RoutingKind.RPL, B6, C6),
        {"ipv6.routing.rpl.full_address": "2001:db8::3,2001:db8::4",
         "ipv6.routing.rpl.addr_count": "2", **GOOD},
    ),
    (
        by_way_of(RoutingKind.SEGMENT, B6, C6),
        {"ipv6.routing.srh.addr": "2001:db8::4,2001:db8::3,2001:db8::2",
         "ipv6.routing.srh.last_entry": "2", **GOOD},
    ),
    (
        IPv6(A6, B6) / routing.encode(SRH) / FILL,
        {"ipv6.routing.srh.tag": "0009", "ipv6.routing.segleft": "1", **GOOD},
    ),
    (
        IPv4(A, B) / AH(256, 9, bytes(range(12))) / FILL,
        {"ah.spi": "0x00000100", "ah.sequence": "9", "ah.icv": "000102030405060708090a0b", **GOOD},
    ),
    (IPv6(A6, B6) / AH(256, 9, bytes(20)) / FILL, {"ah.length": "6", **GOOD}),
    (IPv6(A6, B6) / ESP(256, 9) / bytes(40), {"esp.spi": "0x00000100", "esp.sequence": "9"}),
    (
        authenticated(IPv4(A, B) / NullESP(256, 9) / FILL, KEY, Integrity.HMAC_SHA256_128),
        {"esp.icv_good": "1", "esp.icv_bad": "0", "esp.protocol": "0x11", **GOOD},
    ),
    (with_tcp(tcp_options.Md5(KEY[:16])), {"tcp.options.md5.digest": KEY[:16].hex()}),
    (
        with_tcp(tcp_options.Authentication(61, 84, b"0123")),
        {"tcp.options.ao.keyid": "61", "tcp.options.ao.rnextkeyid": "84",
         "tcp.options.ao.mac": "30313233"},
    ),
    (with_tcp(tcp_options.FastOpen(b"cookie")), {"tcp.options.tfo.cookie": b"cookie".hex()}),
    (with_tcp(tcp_options.FastOpen(b"cook", True)), {"tcp.options.tfo.cookie": b"cook".hex()}),
    (
        with_tcp(tcp_options.UserTimeout(5, True)),
        {"tcp.options.user_to_granularity": "1", "tcp.options.user_to_val": "5"},
    ),
    (
        with_tcp(tcp_options.Multipath(0, 1, b"\x81" + KEY[:8])),
        {"tcp.options.mptcp.subtype": "0", "tcp.options.mptcp.version": "1"},
    ),
]  # fmt: skip


def read_by_tshark(folder: Path, packets: list[Packet], fields: list[str]) -> list[dict[str, str]]:
    """Return what tshark finds in each packet."""
    path = folder / "packets.pcap"
    with path.open("wb") as file:
        writer = PcapWriter(file)
        for packet in packets:
            writer.write(bytes(packet), 0)
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=|"]
    for preference in PREFERENCES:
        command += ["-o", preference]
    for field in fields:
        command += ["-e", field]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [dict(zip(fields, row.split("|"), strict=True)) for row in ran.stdout.splitlines()]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    fields = sorted({field for _, expected in READ for field in expected})
    folder = tmp_path_factory.mktemp("tshark")
    return read_by_tshark(folder, [packet for packet, _ in READ], fields)


@pytest.mark.parametrize("number", range(len(READ)), ids=lambda n: " ".join(READ[n][1]))
def test_tshark_reads_what_we_wrote(told: list[dict[str, str]], number: int) -> None:
    expected = READ[number][1]

    assert {field: told[number][field] for field in expected} == expected


@pytest.mark.parametrize("ip", [IPv4(A, B, dont_fragment=False), IPv6(A6, B6)])
def test_tshark_puts_our_fragments_together(tmp_path: Path, ip: Header) -> None:
    cut = fragment(ip / UDP(1, 2) / bytes(3000), 1280, 7)

    fields = ["udp.length", "udp.checksum.status"]
    *waits, last = read_by_tshark(tmp_path, [*cut], fields)

    assert last == {"udp.length": "3008", "udp.checksum.status": "1"}
    assert all(one["udp.checksum.status"] == "" for one in waits)
