"""Links, tunnels, multicast groups and rarer transports, for hypothesis to choose from."""

from hypothesis import strategies as st

from rawkit.wire import igmp, mld, multicast_routers, multicast_routers_ipv6
from rawkit.wire.address import Address
from rawkit.wire.carrier import Carrier
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.gre import GRE
from rawkit.wire.icmp_queries import (
    AddressMaskReply,
    AddressMaskRequest,
    InformationReply,
    InformationRequest,
)
from rawkit.wire.llc import LLC, SNAP
from rawkit.wire.membership import GroupRecord
from rawkit.wire.packet import Header, Packet
from rawkit.wire.sctp import SCTP, Chunk
from rawkit.wire.sctp_chunks import Data, Init, Sack
from rawkit.wire.udp import UDP
from rawkit.wire.udplite import UDPLite
from rawkit.wire.vlan import ServiceTag, VLANTag
from rawkit.wire.vxlan import PORT, VXLAN
from tests.properties.strategies import (
    echoes,
    echoes_ipv6,
    ipv4_addresses,
    ipv4s,
    ipv6_addresses,
    ipv6s,
    octets,
    payloads,
    quoting_ipv4,
    simple_ipv4,
    simple_ipv6,
    tcps,
    u4,
    u8,
    u16,
    u24,
    u32,
    udps,
)

u3, u9 = st.integers(0, 7), st.integers(0, 511)
u12 = st.integers(0, 4095)
inner = simple_ipv4 | simple_ipv6 | quoting_ipv4
links = st.builds(Ethernet, dst=octets(6), src=octets(6))
llcs = st.builds(
    LLC, dsap=u8.filter(lambda sap: sap not in (0x06, 0xAA)), ssap=u8,
    control=u8.map(lambda octet: octet | 0b11) | u16.filter(lambda both: both & 0b11 != 0b11),
)  # fmt: skip
snaps = st.builds(SNAP)
foreign_snaps = st.builds(
    SNAP, oui=octets(3).filter(lambda oui: oui not in (b"\0\0\0", b"\0\0\xf8")), ether_type=u16
)
tags = st.lists(
    st.builds(VLANTag, id=u12, priority=u3, drop_eligible=st.booleans())
    | st.builds(ServiceTag, id=u12, priority=u3, drop_eligible=st.booleans()),
    max_size=4,
)
gres = st.builds(
    lambda checked, reserved1, rest: GRE(
        checksum_present=checked, reserved1=reserved1 if checked else 0, **rest
    ),
    st.booleans(),
    u16,
    st.fixed_dictionaries(
        {"key": st.none() | u32, "sequence": st.none() | u32, "reserved0": u9}
    ),
)  # fmt: skip
vxlans = st.builds(
    VXLAN, vni=u24, flags=u8.map(lambda flags: flags | 0x08), reserved0=u24, reserved1=u8
)

framed: st.SearchStrategy[Packet] = st.one_of(
    st.builds(lambda link, llc, data: link / llc / data, links, llcs, payloads),
    st.builds(lambda link, snap, data: link / snap / data, links, foreign_snaps, payloads),
    st.builds(lambda link, snap, ip: link / snap / ip, links, snaps, inner),
    st.builds(lambda link, ip: link / ip, links, inner),
)
"""Frames of every kind, without tags."""


def with_tags(frame: Packet, tags: list[Carrier]) -> Packet:
    """Put tags into a frame, whatever it carries."""
    link = frame.headers[0]
    assert isinstance(link, Ethernet)
    head: tuple[Header, ...] = (Ethernet(link.dst, link.src), *tags)
    return Packet((*head, *frame.headers[1:]), frame.payload) if tags else frame


tagged_frames = st.builds(with_tags, framed, tags)
datagrams_to_tunnels = st.builds(UDP, src_port=u16, dst_port=st.just(PORT))
ips = ipv4s | ipv6s
tunnels: st.SearchStrategy[Packet] = st.one_of(
    st.builds(lambda ip, gre, inside: ip / gre / inside, ips, gres, inner | tagged_frames),
    st.builds(
        lambda ip, udp, vxlan, frame: ip / udp / vxlan / frame,
        ips, datagrams_to_tunnels, vxlans, tagged_frames,
    ),
    st.builds(lambda ip, inside: ip / inside, ips, inner),
)  # fmt: skip


def records(addresses: st.SearchStrategy[Address]) -> st.SearchStrategy[tuple[GroupRecord, ...]]:
    """Group records of one family."""
    one = st.builds(
        GroupRecord, type=u8, group=addresses,
        sources=st.lists(addresses, max_size=3).map(tuple),
        auxiliary=st.integers(0, 2).flatmap(lambda count: octets(count * 4)),
    )  # fmt: skip
    return st.lists(one, max_size=3).map(tuple)


old_groups = st.one_of(
    st.builds(igmp.MembershipQuery, group=ipv4_addresses, max_response_code=u8),
    *(
        st.builds(kind, group=ipv4_addresses, reserved=u8)
        for kind in (igmp.MembershipReportV1, igmp.MembershipReportV2, igmp.LeaveGroup)
    ),
)
groups: st.SearchStrategy[Header] = st.one_of(
    old_groups,
    st.builds(
        igmp.MembershipQueryV3, group=ipv4_addresses, max_response_code=u8, interval_code=u8,
        sources=st.lists(ipv4_addresses, max_size=3).map(tuple), suppress=st.booleans(),
        robustness=u3, reserved=u4,
    ),
    st.builds(igmp.MembershipReportV3, records=records(ipv4_addresses), flags=u16, reserved=u8),
    st.builds(igmp.Other, type=st.integers(0x33, 0xFF), code=u8),
    st.builds(
        multicast_routers.MulticastRouterAdvertisement, interval=u8, query_interval=u16,
        robustness=u16,
    ),
    st.builds(multicast_routers.MulticastRouterSolicitation, reserved=u8),
    st.builds(multicast_routers.MulticastRouterTermination, reserved=u8),
)  # fmt: skip
listeners: st.SearchStrategy[Header] = st.one_of(
    st.builds(
        mld.ListenerQuery, group=ipv6_addresses, max_response_delay=u16, code=u8, reserved=u16
    ),
    st.builds(
        mld.ListenerQueryV2, group=ipv6_addresses, max_response_code=u16, interval_code=u8,
        sources=st.lists(ipv6_addresses, max_size=3).map(tuple), suppress=st.booleans(),
        robustness=u3, code=u8, reserved=u16, reserved_bits=u4,
    ),
    st.builds(mld.ListenerReport, group=ipv6_addresses, code=u8, reserved=u32),
    st.builds(mld.ListenerDone, group=ipv6_addresses, code=u8, reserved=u32),
    st.builds(mld.ListenerReportV2, records=records(ipv6_addresses), flags=u16, code=u8),
    st.builds(
        multicast_routers_ipv6.MulticastRouterAdvertisement, interval=u8, query_interval=u16,
        robustness=u16,
    ),
    st.builds(multicast_routers_ipv6.MulticastRouterSolicitation, reserved=u8),
    st.builds(multicast_routers_ipv6.MulticastRouterTermination, reserved=u8),
)  # fmt: skip
masks: st.SearchStrategy[Header] = st.one_of(
    *(
        st.builds(kind, identifier=u16, sequence=u16, mask=ipv4_addresses, code=u8)
        for kind in (AddressMaskRequest, AddressMaskReply)
    ),
    *(
        st.builds(kind, identifier=u16, sequence=u16, code=u8)
        for kind in (InformationRequest, InformationReply)
    ),
)

datas = st.builds(
    Data, tsn=u32, stream=u16, sequence=u16, data=payloads, protocol=u32, flags=st.integers(0, 15)
)
inits = st.builds(
    Init, tag=u32, window=u32, outbound=u16, inbound=u16, tsn=u32, parameters=payloads, flags=u8,
    is_answer=st.booleans(),
)  # fmt: skip
sacks = st.builds(
    Sack, tsn=u32, window=u32, blocks=st.lists(st.tuples(u16, u16), max_size=3).map(tuple),
    duplicates=st.lists(u32, max_size=3).map(tuple), flags=u8,
)  # fmt: skip
chunks = st.one_of(
    st.builds(Chunk, type=u8, value=st.binary(max_size=30), flags=u8),
    (datas | inits | sacks).map(lambda content: content.chunk),
)
sctps = st.builds(
    SCTP, src_port=u16, dst_port=u16, verification_tag=u32,
    chunks=st.lists(chunks, max_size=4).map(tuple),
)  # fmt: skip
udplites = st.builds(UDPLite, src_port=u16, dst_port=u16, coverage=st.sampled_from([0, 8]) | u8)
lone: st.SearchStrategy[Packet] = st.one_of(
    st.builds(lambda ip, message: ip / message, ipv4s, groups | masks),
    st.builds(lambda ip, message: ip / message, ipv6s, listeners),
    st.builds(lambda ip, sctp: ip / sctp, ips, sctps),
    st.builds(lambda ip, datagram, data: ip / datagram / data, ips, udplites, payloads),
)
"""Packets that end with what this module is about."""

packets = lone | tunnels
frames = tagged_frames | st.builds(
    lambda link, tags, packet: with_tags(link / packet, tags), links, tags, packets
)

transports = udps | tcps | echoes
transports_ipv6 = udps | tcps | echoes_ipv6
