"""Scapy builds the same octets, and reads the same fields from them."""

from ipaddress import IPv6Address, ip_address
from types import ModuleType

from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.wire import icmp, icmpv6, multipart, tcp_options
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from tests.properties.scapy_packets import built_by
from tests.properties.strategies import (
    echoes,
    echoes_ipv6,
    interfaces,
    ipv4_addresses,
    ipv4s_with,
    ipv6_addresses,
    ipv6s,
    labels,
    octets,
    payloads,
    redirects_ipv6,
    tcps,
    timestamps,
    u8,
    u16,
    u32,
    udps,
)

# Scapy reads options before it writes them, so they must be well-formed and of unknown kind.
ipv4s = ipv4s_with(
    st.sampled_from([0, 4, 8, 40]).flatmap(
        lambda size: (
            octets(size - 2).map(lambda body: bytes((0x9E, size)) + body) if size else st.just(b"")
        )
    )
)
# Scapy has no fields for reserved bits of ICMP errors; those stay zero here.
plain_errors: st.SearchStrategy[Header] = st.one_of(
    st.builds(icmp.Unreachable, code=st.sampled_from([0, 1, 2, 3, 13])),
    st.builds(icmp.Unreachable, code=st.just(4), mtu=u16),
    st.builds(icmp.TimeExceeded, code=u8),
    st.builds(icmp.ParameterProblem, code=u8, pointer=u8),
    st.builds(icmp.SourceQuench, code=u8),
    st.builds(icmp.Redirect, code=u8, gateway=ipv4_addresses),
)
plain_errors_ipv6: st.SearchStrategy[Header] = st.one_of(
    st.builds(icmpv6.Unreachable, code=u8),
    st.builds(icmpv6.TimeExceeded, code=u8),
    st.builds(icmpv6.PacketTooBig, mtu=u32, code=u8),
    st.builds(icmpv6.ParameterProblem, code=u8, pointer=u32),
)
option_bodies = st.sampled_from([4, 12, 28]).flatmap(
    lambda size: octets(size).map(lambda body: bytes((0x3E, size)) + body)
)
source_routes = st.builds(
    lambda addresses, left: Routing(0, left, bytes(4) + b"".join(a.packed for a in addresses)),
    st.lists(ipv6_addresses, min_size=1, max_size=3),
    st.integers(0, 1),
)
extensions: st.SearchStrategy[Header] = st.one_of(
    st.builds(HopByHop, options=option_bodies),
    st.builds(DestinationOptions, options=option_bodies),
    st.builds(Fragment, identification=u32, reserved=u8, reserved_bits=st.integers(0, 3)),
    source_routes,
)


# Scapy has the lowest reserved bit among the flags, and options as a list.
plain_tcps = tcps.filter(lambda tcp: not tcp.options and not tcp.reserved & 1)


@given(ipv4s, udps | plain_tcps | echoes | timestamps | plain_errors, payloads)
def test_scapy_builds_the_same_ipv4_packet(
    scapy: ModuleType, ip: IPv4, inner: Header, payload: bytes
) -> None:
    packet = ip / inner / payload

    assert built_by(scapy, packet) == bytes(packet)


@given(
    ipv6s,
    st.lists(extensions, max_size=2, unique_by=type),
    udps | plain_tcps | echoes_ipv6 | plain_errors_ipv6 | redirects_ipv6,
    payloads,
)
def test_scapy_builds_the_same_ipv6_packet(
    scapy: ModuleType, ip: IPv6, extensions: list[Header], inner: Header, payload: bytes
) -> None:
    packet = Packet((ip, *extensions, inner)) / payload

    assert built_by(scapy, packet) == bytes(packet)


@given(octets(6), octets(6), ipv4s, echoes)
def test_scapy_builds_the_same_frame(
    scapy: ModuleType, dst: bytes, src: bytes, ip: IPv4, echo: Header
) -> None:
    packet = Ethernet(dst, src) / ip / echo

    assert built_by(scapy, packet) == bytes(packet)


@given(ipv4s, ipv4s, udps, plain_errors)
def test_scapy_builds_the_same_error_around_the_same_quote(
    scapy: ModuleType, router: IPv4, ours: IPv4, udp: Header, error: Header
) -> None:
    packet = router / error / ours / udp / b"probe"

    assert built_by(scapy, packet) == bytes(packet)


@given(ipv4s)
def test_scapy_reads_the_same_ipv4_fields(scapy: ModuleType, ip: IPv4) -> None:
    octets = bytes(ip / icmp.EchoRequest(1, 2))

    read, ours = scapy.layers.inet.IP(octets), IPv4.parse(memoryview(octets))[0]

    assert (read.src, read.dst, read.proto) == (str(ours.src), str(ours.dst), ours.protocol)
    assert (read.ttl, read.tos, read.id) == (ours.ttl, ours.traffic_class, ours.identification)
    assert (read.len, read.chksum) == (ours.total_length, ours.checksum)
    assert (int(read.flags) >> 2, read.frag) == (ours.reserved, ours.fragment_offset)
    assert int(read.flags) & 0b11 == ours.dont_fragment << 1 | ours.more_fragments


@given(ipv6s)
def test_scapy_reads_the_same_ipv6_fields(scapy: ModuleType, ip: IPv6) -> None:
    octets = bytes(ip / icmpv6.EchoRequest(1, 2))

    read, ours = scapy.layers.inet6.IPv6(octets), IPv6.parse(memoryview(octets))[0]

    assert (IPv6Address(read.src), IPv6Address(read.dst)) == (ours.src, ours.dst)
    assert (read.nh, read.plen) == (ours.next_header, ours.payload_length)
    assert (read.hlim, read.tc, read.fl) == (ours.hop_limit, ours.traffic_class, ours.flow_label)


# Scapy's length of an interface name does not count itself, unlike RFC 5837 §4.3.
@settings(max_examples=50)
@given(interfaces.filter(lambda info: info.name is None))
def test_scapy_reads_the_same_interface(scapy: ModuleType, info: multipart.InterfaceInfo) -> None:
    structure = multipart.build([multipart.interface(info)])

    read = scapy.layers.inet.ICMPExtension_InterfaceInformation(structure[4:])

    assert (read.classnum, read.classtype) == (multipart.ObjectClass.INTERFACE, info.role)
    assert read.len == len(structure) - 4
    assert (read.ifindex if read.has_ifindex else None) == info.index
    assert (read.mtu if read.has_mtu else None) == info.mtu
    address = {None: None, 1: read.ip4, 2: read.ip6}[read.afi if read.has_ipaddr else None]
    assert (ip_address(address) if address else None) == info.address


@settings(max_examples=50)
@given(st.lists(labels, min_size=1, max_size=1))
def test_scapy_reads_the_same_label(scapy: ModuleType, stack: list[multipart.Label]) -> None:
    read = scapy.contrib.mpls.MPLS(multipart.mpls(*stack).payload)

    assert (read.label, read.cos, read.s, read.ttl) == (
        stack[0].label,
        stack[0].traffic_class,
        stack[0].bottom,
        stack[0].ttl,
    )


@settings(max_examples=50)
@given(u16, u8, u32, u32, st.lists(st.tuples(u32, u32), min_size=1, max_size=2), octets(16))
def test_scapy_writes_the_same_tcp_options(
    scapy: ModuleType,
    size: int,
    shift: int,
    value: int,
    echo: int,
    blocks: list[tuple[int, int]],
    digest: bytes,
) -> None:
    edges = tuple(edge for block in blocks for edge in block)
    pairs: list[tuple[tcp_options.Option, object]] = [
        (tcp_options.MaximumSegmentSize(size), ("MSS", size)),
        (tcp_options.WindowScale(shift), ("WScale", shift)),
        (tcp_options.NoOperation(), ("NOP", None)),
        (tcp_options.SackPermitted(), ("SAckOK", b"")),
        (tcp_options.Sack(tuple(blocks)), ("SAck", edges)),
        (tcp_options.Timestamps(value, echo), ("Timestamp", (value, echo))),
        (tcp_options.Md5(digest), ("MD5", digest)),
        (tcp_options.UserTimeout(size & 0x7FFF, bool(size >> 15)), ("UTO", size)),
    ]
    for ours, theirs in pairs:
        expected = bytes(scapy.layers.inet.TCP(options=[theirs]))[20:]
        assert TCP(1, 2, options=tcp_options.encode(ours)).pack()[20:] == expected
