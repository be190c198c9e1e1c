"""Headers and packets of every kind, for hypothesis to choose from."""

from ipaddress import IPv4Address, IPv6Address

from hypothesis import strategies as st

from rawkit.wire import (
    extended_echo,
    extended_echo_ipv6,
    icmp,
    icmp_queries,
    icmpv6,
    multipart,
    node_information,
)
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from rawkit.wire.vxlan import PORT as VXLAN_PORT

u2, u4, u8, u13 = (st.integers(0, 2**bits - 1) for bits in (2, 4, 8, 13))
u16, u20, u24, u32 = (st.integers(0, 2**bits - 1) for bits in (16, 20, 24, 32))
ipv4_addresses = st.builds(IPv4Address, u32)
ipv6_addresses = st.builds(IPv6Address, st.integers(0, 2**128 - 1))
payloads = st.binary(max_size=99)


def octets(count: int) -> st.SearchStrategy[bytes]:
    """As many octets as ``count``."""
    return st.binary(min_size=count, max_size=count)


def in_units(unit: int, less: int, most: int) -> st.SearchStrategy[bytes]:
    """Octets that make up whole units together with ``less`` others."""
    return st.integers(1, most).flatmap(lambda count: octets(count * unit - less))


def ipv4s_with(options: st.SearchStrategy[bytes]) -> st.SearchStrategy[IPv4]:
    """IPv4 headers with such options."""
    return st.builds(
        IPv4, src=ipv4_addresses, dst=ipv4_addresses, ttl=u8, dscp=st.integers(0, 63), ecn=u2,
        identification=u16, dont_fragment=st.booleans(), reserved=st.booleans(), options=options,
    )  # fmt: skip


ipv4s = ipv4s_with(st.just(b"") | in_units(4, 0, 10))
ipv6s = st.builds(
    IPv6, src=ipv6_addresses, dst=ipv6_addresses, hop_limit=u8, dscp=st.integers(0, 63), ecn=u2,
    flow_label=u20,
)  # fmt: skip
routings = st.builds(
    Routing, kind=u8 | st.sampled_from([0, 2, 3, 4]), segments_left=u8, data=in_units(8, 4, 6)
)
extension_headers: st.SearchStrategy[Header] = st.one_of(
    st.builds(HopByHop, options=in_units(8, 2, 4)),
    st.builds(DestinationOptions, options=in_units(8, 2, 4)),
    routings,
    st.builds(Fragment, identification=u32, more=st.booleans(), reserved=u8, reserved_bits=u2),
)
plain_ports = u16.filter(lambda port: port != VXLAN_PORT)
"""Ports of datagrams whose payload is nothing that we read."""
udps = st.builds(UDP, src_port=u16, dst_port=plain_ports)
tcps = st.builds(
    TCP, src_port=u16, dst_port=u16, sequence=u32, acknowledgment=u32, flags=u8.map(Flags),
    window=u16, urgent=u16, options=st.just(b"") | in_units(4, 0, 10), reserved=st.integers(0, 15),
)  # fmt: skip
echoes = st.builds(icmp.EchoRequest, identifier=u16, sequence=u16, code=u8) | st.builds(
    icmp.EchoReply, identifier=u16, sequence=u16, code=u8
)
echoes_ipv6 = st.builds(icmpv6.EchoRequest, identifier=u16, sequence=u16, code=u8) | st.builds(
    icmpv6.EchoReply, identifier=u16, sequence=u16, code=u8
)
errors: st.SearchStrategy[Header] = st.one_of(
    st.builds(icmp.Unreachable, code=u8, mtu=u16, unused=u8),
    st.builds(icmp.TimeExceeded, code=u8, unused=u24),
    st.builds(icmp.ParameterProblem, code=u8, pointer=u8, unused=u16),
    st.builds(icmp.SourceQuench, code=u8, unused=u32),
    st.builds(icmp.Redirect, code=u8, gateway=ipv4_addresses),
)
errors_ipv6: st.SearchStrategy[Header] = st.one_of(
    st.builds(icmpv6.Unreachable, code=u8, unused=u24),
    st.builds(icmpv6.TimeExceeded, code=u8, unused=u24),
    st.builds(icmpv6.PacketTooBig, mtu=u32, code=u8),
    st.builds(icmpv6.ParameterProblem, code=u8, pointer=u32),
)
others = st.builds(icmp.Other, type=st.integers(44, 255), code=u8, rest=octets(4))
others_ipv6 = st.builds(icmpv6.Other, type=st.integers(162, 255), code=u8, rest=octets(4))
timestamps: st.SearchStrategy[Header] = st.one_of(
    *(
        st.builds(
            kind, identifier=u16, sequence=u16, originate=u32, receive=u32, transmit=u32, code=u8
        )
        for kind in (icmp_queries.TimestampRequest, icmp_queries.TimestampReply)
    )
)
advertisements = st.builds(
    icmp_queries.RouterAdvertisement,
    lifetime=u16,
    routers=st.lists(st.tuples(ipv4_addresses, st.integers(-(2**31), 2**31 - 1)), max_size=3).map(
        tuple
    ),
    code=u8,
)
solicitations = st.builds(icmp_queries.RouterSolicitation, code=u8, reserved=u32)
named_interfaces: st.SearchStrategy[extended_echo.Interface] = st.one_of(
    st.builds(extended_echo.InterfaceName, st.from_regex(r"[a-z0-9/.:-]{0,63}", fullmatch=True)),
    st.builds(extended_echo.InterfaceIndex, u32),
    st.builds(extended_echo.InterfaceAddress, ipv4_addresses | ipv6_addresses),
)


def extended_echoes(
    request: type[extended_echo.Request], reply: type[extended_echo.Reply]
) -> st.SearchStrategy[Header]:
    """PROBE messages of one version."""
    return st.one_of(
        st.builds(
            request, identifier=u16, sequence=u8, local=st.booleans(), object=named_interfaces,
            code=u8, reserved=st.integers(0, 127),
        ),
        st.builds(
            reply, identifier=u16, sequence=u8, code=u8, state=st.integers(0, 7),
            active=st.booleans(), ipv4=st.booleans(), ipv6=st.booleans(), reserved=u2,
        ),
    )  # fmt: skip


queries = st.one_of(
    timestamps,
    advertisements,
    solicitations,
    extended_echoes(extended_echo.ExtendedEchoRequest, extended_echo.ExtendedEchoReply),
)
queries_ipv6 = extended_echoes(
    extended_echo_ipv6.ExtendedEchoRequest, extended_echo_ipv6.ExtendedEchoReply
)
node_queries = st.builds(
    node_information.NodeQuery,
    nonce=octets(8),
    qtype=u16,
    flags=u16,
    code=u8,
    subject=st.binary(max_size=40).filter(lambda data: len(data) not in (4, 16)),
)
node_replies = st.builds(
    node_information.NodeReply,
    nonce=octets(8),
    qtype=st.integers(0, 5) | u16,
    flags=u16,
    code=st.integers(0, 2) | u8,
    data=st.binary(max_size=80),
)
redirects_ipv6 = st.builds(
    icmpv6.Redirect, target=ipv6_addresses, destination=ipv6_addresses, code=u8, reserved=u32
)


def datagrams_ipv4(inner: st.SearchStrategy[Header]) -> st.SearchStrategy[Packet]:
    """IPv4 packets around such a header."""
    return st.builds(lambda ip, header, data: ip / header / data, ipv4s, inner, payloads)


def datagrams_ipv6(inner: st.SearchStrategy[Header]) -> st.SearchStrategy[Packet]:
    """IPv6 packets around up to three extension headers and such a header."""
    return st.builds(
        lambda ip, extensions, header, data: Packet((ip, *extensions, header)) / data,
        ipv6s,
        st.lists(extension_headers, max_size=3),
        inner,
        payloads,
    )


simple_ipv4 = datagrams_ipv4(st.one_of(udps, tcps, echoes, others, queries))
node_packets = st.builds(lambda ip, message: ip / message, ipv6s, node_queries | node_replies)
simple_ipv6 = (
    datagrams_ipv6(st.one_of(udps, tcps, echoes_ipv6, others_ipv6, redirects_ipv6, queries_ipv6))
    | node_packets
)
quoting_ipv4 = st.builds(lambda ip, error, ours: ip / error / ours, ipv4s, errors, simple_ipv4)
quoting_ipv6 = st.builds(lambda ip, error, ours: ip / error / ours, ipv6s, errors_ipv6, simple_ipv6)
packets = st.one_of(simple_ipv4, simple_ipv6, quoting_ipv4, quoting_ipv6)

frames = st.builds(
    lambda dst, src, packet: Ethernet(dst, src) / packet, octets(6), octets(6), packets
)

roles = st.sampled_from(list(multipart.Role))
labels = st.builds(
    multipart.Label, label=u20, traffic_class=st.integers(0, 7), bottom=st.booleans(), ttl=u8
)
interfaces = st.builds(
    multipart.InterfaceInfo,
    role=roles,
    index=st.none() | u32,
    address=st.none() | ipv4_addresses | ipv6_addresses,
    name=st.none() | st.from_regex(r"[a-z0-9/.:-]{0,63}", fullmatch=True),
    mtu=st.none() | u32,
)
extension_objects = st.one_of(
    st.lists(labels, min_size=1, max_size=5).map(lambda stack: multipart.mpls(*stack)),
    interfaces.map(multipart.interface),
    st.builds(multipart.ExtensionObject, u8, u8, st.binary(max_size=40)),
)
structures = st.lists(extension_objects, max_size=4).map(multipart.build)
