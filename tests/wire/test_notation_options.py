"""Options, routes, AH and ESP in the packet notation."""

import pytest

from rawkit.wire.dissect import dissect_ip
from rawkit.wire.notation import parse
from rawkit.wire.notation_text import write
from rawkit.wire.packet import Packet
from tests.wire.test_tshark_headers import READ

WRITTEN = [
    "ip(src=192.0.2.1,dst=192.0.2.3,options=[source_route(stations=[192.0.2.7],strict=true),eol])",
    "ip(src=192.0.2.1,dst=192.0.2.3,options=[quick_start(rate=5,ttl=77)])",
    "ip6(src=::1,dst=::2)/hbh(options=[router_alert(value=1),pad_n])",
    "ip6(src=::1,dst=::2)/dstopts(options=[pad_n(data=0x0000),home_address(address=2001:db8::3)])",
    "ip6(src=::1,dst=::2)/ah(spi=256,seq=9,icv=0x00*20)",
    "ip(src=192.0.2.1,dst=192.0.2.3)/esp.null(spi=256,seq=9)",
]


@pytest.mark.parametrize("words", WRITTEN)
def test_what_is_written_is_read_and_written_the_same(words: str) -> None:
    line = f"{words}/tcp(sport=1,dport=2,options=[md5,nop,nop])"

    assert write(parse(line).packet) == line


def test_options_of_ipv6_find_their_place_by_themselves() -> None:
    line = "ip6(src=::1,dst=::2)/hbh(options=[tunnel_limit(limit=4),jumbo_payload(length=70000)])"

    written = write(parse(f"{line}/udp(sport=1,dport=2)").packet)

    assert "[tunnel_limit(limit=4),pad1,jumbo_payload(length=70000),pad_n(data=0x0000)]" in written


@pytest.mark.parametrize("packet", [packet for packet, _ in READ])
def test_every_packet_comes_back_octet_for_octet(packet: Packet) -> None:
    for one in (packet, dissect_ip(bytes(packet))):
        assert bytes(parse(write(one)).packet) == bytes(one)
