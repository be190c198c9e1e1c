"""AH and ESP around anything, read from anything."""

from functools import partial
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

from rawkit.wire.authentication import AH
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.esp import ESP, NullESP, null_icv_length, opened
from rawkit.wire.integrity import Integrity, authenticated, is_authentic
from rawkit.wire.packet import Header, Packet
from rawkit.wire.text import line, tree
from tests.properties.strategies import (
    echoes,
    ipv4s,
    ipv6s,
    octets,
    payloads,
    simple_ipv4,
    simple_ipv6,
    tcps,
    u8,
    u16,
    u32,
    udps,
)

icvs = st.sampled_from([0, 12, 16, 24, 32]).flatmap(octets)
ahs = st.builds(AH, spi=u32, sequence=u32, icv=icvs, reserved=u16)
esps = st.builds(NullESP, spi=u32, sequence=u32, icv=icvs)
insides: st.SearchStrategy[Packet] = st.one_of(
    st.builds(lambda header, data: header / data, udps | tcps, payloads), simple_ipv4, simple_ipv6
)
outsides: st.SearchStrategy[Header] = st.one_of(ipv4s, ipv6s)


@given(outsides, ahs, insides | st.builds(lambda echo, data: echo / data, echoes, payloads))
def test_what_is_authenticated_reads_back(ip: Header, ah: AH, inside: Packet) -> None:
    packet = ip / ah / inside

    assert dissect_ip(bytes(packet)) == packet


@given(outsides, esps, insides)
def test_what_is_not_encrypted_reads_back_if_one_says_so(
    ip: Header, esp: NullESP, inside: Packet
) -> None:
    packet = ip / esp / inside
    read = dissect_ip(bytes(packet))

    assert bytes(read) == bytes(packet)
    assert opened(read, len(esp.icv)) == packet
    assert null_icv_length(read) in (len(esp.icv), None)
    assert line(opened(read, len(esp.icv)))
    assert tree(opened(read, len(esp.icv)))


@given(outsides, u32, u32, st.binary(max_size=120))
def test_what_is_encrypted_is_never_taken_for_something_else(
    ip: Header, spi: int, sequence: int, secret: bytes
) -> None:
    packet = dissect_ip(bytes(ip / ESP(spi, sequence) / secret))

    assert packet.headers[-1] == ESP(spi, sequence)
    assert null_icv_length(packet) is None


@given(st.binary(max_size=120), st.sampled_from([0, 4, 12, 16]))
def test_no_octets_make_the_readers_raise(data: bytes, icv: int) -> None:
    for parser in (AH.parse, ESP.parse, partial(NullESP.parse, icv_length=icv)):
        assert bytes(dissect(data, parser)) == data


@given(
    outsides, ahs | esps, insides, st.sampled_from(Integrity), st.binary(min_size=1, max_size=64)
)
def test_what_was_signed_is_authentic_and_nothing_else(
    ip: Header, head: AH | NullESP, inside: Packet, integrity: Integrity, key: bytes
) -> None:
    signed = authenticated(ip / head / inside, key, integrity)
    kind = type(head)

    read = dissect_ip(bytes(signed))

    assert is_authentic(signed, key, integrity)
    assert is_authentic(read, key, integrity)
    assert not is_authentic(signed.replace(kind, sequence=head.sequence ^ 1), key, integrity)
    assert not is_authentic(signed, key + b"!", integrity)


@given(ahs, u8)
def test_scapy_reads_the_same_authentication_header(scapy: ModuleType, ah: AH, number: int) -> None:
    from scapy.layers.ipsec import AH as THEIRS

    header = AH(ah.spi, ah.sequence, ah.icv, ah.reserved, next_header=number)

    read = THEIRS(header.pack())

    assert (read.nh, read.reserved, read.spi, read.seq) == (
        number,
        ah.reserved,
        ah.spi,
        ah.sequence,
    )
    assert (read.payloadlen + 2) * 4 == len(header.pack())
