"""Scapy, the second opinion, on links, tunnels, multicast groups and SCTP."""

import warnings
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.wire import icmpv6, igmp, mld, multicast_routers, multicast_routers_ipv6, sctp_chunks
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import HopByHop
from rawkit.wire.gre import GRE
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.llc import IEEE8023, LLC, SNAP
from rawkit.wire.membership import GroupRecord, time_of
from rawkit.wire.packet import Header, Packet
from rawkit.wire.sctp import SCTP
from rawkit.wire.vlan import ServiceTag, VLANTag
from rawkit.wire.vxlan import VXLAN
from tests.properties.carriers import (
    datagrams_to_tunnels,
    datas,
    gres,
    groups,
    inits,
    links,
    listeners,
    llcs,
    sacks,
    snaps,
    tags,
    with_tags,
)
from tests.properties.scapy_packets import layer
from tests.properties.strategies import ipv4s_with, ipv6s, octets, payloads, u8, u16, u24, u32, udps

ipv4s = ipv4s_with(st.just(b""))
ROUTER_ALERT = HopByHop(options=bytes.fromhex("0502 0000 0100"))


@pytest.fixture(scope="session")
def more(scapy: ModuleType) -> ModuleType:
    """Scapy with more of its layers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in ("contrib.igmp", "contrib.igmpv3", "layers.sctp", "layers.vxlan"):
            import_module(f"scapy.{name}")
    return scapy


def built_by(more: ModuleType, packet: Packet) -> bytes:
    """Return the octets that scapy makes of the same headers and payload."""
    whole: Any = more.packet.Raw(packet.payload) if packet.payload else None
    for header in reversed(packet.headers):
        built = _layer(more, header)
        whole = built if whole is None else built / whole
    return bytes(whole)


def _layer(more: ModuleType, header: Header) -> Any:
    l2 = more.layers.l2
    match header:
        case IEEE8023(dst=dst, src=src):
            return l2.Dot3(dst=dst.hex(":"), src=src.hex(":"))
        case LLC(dsap=dsap, ssap=ssap, control=control):
            return l2.LLC(dsap=dsap, ssap=ssap, ctrl=control)
        case SNAP(oui=oui, ether_type=code):
            return l2.LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / l2.SNAP(
                OUI=int.from_bytes(oui), code=code
            )
        case VLANTag():
            kind = l2.Dot1AD if isinstance(header, ServiceTag) else l2.Dot1Q
            return kind(
                prio=header.priority, dei=header.drop_eligible, vlan=header.id,
                type=header.ether_type,
            )  # fmt: skip
        case GRE():
            return _gre(l2, header)
        case VXLAN(flags=flags, vni=vni, reserved1=reserved):
            return more.layers.vxlan.VXLAN(flags=flags, vni=vni, reserved2=reserved)
        case SCTP():
            return _sctp(more, header)
        case igmp.Message():
            return _igmp(more, header)
        case icmpv6.Message():
            return _listener(more.layers.inet6, header) or layer(more, header)
    return layer(more, header)


def _gre(l2: ModuleType, header: GRE) -> Any:
    reserved = header.reserved0
    return l2.GRE(
        proto=header.ether_type, chksum_present=header.checksum_present,
        offset=header.reserved1, key_present=header.key is not None, key=header.key or 0,
        seqnum_present=header.sequence is not None, sequence_number=header.sequence or 0,
        strict_route_source=reserved >> 8, recursion_control=reserved >> 5 & 7,
        flags=reserved & 0x1F,
    )  # fmt: skip


def _sctp(more: ModuleType, header: SCTP) -> Any:
    whole = more.layers.sctp.SCTP(
        sport=header.src_port, dport=header.dst_port, tag=header.verification_tag
    )
    for chunk in header.chunks:
        whole = whole / _chunk(more.layers.sctp, sctp_chunks.decode(chunk))
    return whole


def _chunk(sctp: ModuleType, content: object) -> Any:
    match content:
        case sctp_chunks.Data(flags=flags):
            return sctp.SCTPChunkData(
                delay_sack=flags >> 3 & 1, unordered=flags >> 2 & 1, beginning=flags >> 1 & 1,
                ending=flags & 1, tsn=content.tsn, stream_id=content.stream,
                stream_seq=content.sequence, proto_id=content.protocol, data=content.data,
            )  # fmt: skip
        case sctp_chunks.Init():
            kind = sctp.SCTPChunkInitAck if content.is_answer else sctp.SCTPChunkInit
            return kind(
                flags=content.flags, init_tag=content.tag, a_rwnd=content.window,
                n_out_streams=content.outbound, n_in_streams=content.inbound,
                init_tsn=content.tsn,
            )  # fmt: skip
        case sctp_chunks.Sack():
            return sctp.SCTPChunkSACK(
                flags=content.flags, cumul_tsn_ack=content.tsn, a_rwnd=content.window,
                gap_ack_list=[f"{first}:{last}" for first, last in content.blocks],
                dup_tsn_list=list(content.duplicates), len=len(content.chunk.value) + 4,
            )  # fmt: skip
    raise AssertionError(content)


def _igmp(more: ModuleType, message: igmp.Message) -> Any:
    old, new = more.contrib.igmp, more.contrib.igmpv3
    match message:
        case igmp.MembershipQuery(group=group, max_response_code=code):
            return old.IGMP(type=0x11, mrcode=code, gaddr=str(group))
        case igmp.Membership(group=group, reserved=code):
            return old.IGMP(type=message.TYPE, mrcode=code, gaddr=str(group))
        case igmp.MembershipQueryV3():
            return new.IGMPv3_MQ(
                mrcode=time_of(message.max_response_code, 8), gaddr=str(message.group),
                flags=message.reserved, s=message.suppress, qrv=message.robustness,
                qqic=message.interval_code, srcaddrs=[str(one) for one in message.sources],
            )  # fmt: skip
        case igmp.MembershipReportV3(records=records):
            told = [_group(new.IGMPv3_MR_Group, one, "maddr", "srcaddrs") for one in records]
            return new.IGMPv3_MR(flags=message.flags, reserved=message.reserved, records=told)
        case multicast_routers.MulticastRouterAdvertisement():
            return new.IGMPv3_MRA(
                advIntvl=message.interval, qryIntvl=message.query_interval,
                robust=message.robustness,
            )  # fmt: skip
    raise AssertionError(message)


def _listener(inet6: ModuleType, message: Header) -> Any:
    match message:
        case mld.ListenerQuery():
            return inet6.ICMPv6MLQuery(
                code=message.code, mrd=message.max_response_delay, reserved=message.reserved,
                mladdr=str(message.group),
            )  # fmt: skip
        case mld.Membership(reserved=reserved):
            report = isinstance(message, mld.ListenerReport)
            kind = inet6.ICMPv6MLReport if report else inet6.ICMPv6MLDone
            return kind(
                code=message.code, mrd=reserved >> 16, reserved=reserved & 0xFFFF,
                mladdr=str(message.group),
            )  # fmt: skip
        case mld.ListenerQueryV2():
            return inet6.ICMPv6MLQuery2(
                code=message.code, mrd=message.max_response_code, reserved=message.reserved,
                mladdr=str(message.group), Resv=message.reserved_bits, S=message.suppress,
                QRV=message.robustness, QQIC=message.interval_code,
                sources_number=len(message.sources), sources=[str(one) for one in message.sources],
            )  # fmt: skip
        case mld.ListenerReportV2(records=records):
            told = [_group(inet6.ICMPv6MLDMultAddrRec, one, "dst", "sources") for one in records]
            return inet6.ICMPv6MLReport2(
                res=message.code, reserved=message.flags, records_number=len(records), records=told
            )
        case multicast_routers_ipv6.MulticastRouterAdvertisement():
            return inet6.ICMPv6MRD_Advertisement(
                advinter=message.interval, queryint=message.query_interval,
                robustness=message.robustness,
            )  # fmt: skip
        case multicast_routers_ipv6.MulticastRouterSolicitation(reserved=reserved):
            return inet6.ICMPv6MRD_Solicitation(res=reserved)
        case multicast_routers_ipv6.MulticastRouterTermination(reserved=reserved):
            return inet6.ICMPv6MRD_Termination(res=reserved)
    return None


def _group(kind: Any, record: GroupRecord, group: str, sources: str) -> Any:
    fields = {group: str(record.group), sources: [str(one) for one in record.sources]}
    return kind(rtype=record.type, **fields)


def has_aux(message: Header) -> bool:
    return any(record.auxiliary for record in getattr(message, "records", ()))


# What scapy has no class or no field for: control fields of two octets, auxiliary data
# in IGMP, the bits of VXLAN before its number, other messages of IGMP, parameters of INIT.
short_llcs = llcs.filter(lambda llc: llc.control & 0b11 == 0b11)
known_groups = groups.filter(
    lambda message: (
        not has_aux(message) and not isinstance(message, igmp.Other | multicast_routers.Bare)
    )
)
known_listeners = listeners.filter(lambda message: not has_aux(message))
plain_vxlans = st.builds(VXLAN, vni=u24, reserved1=u8)
chunks = st.lists(
    (datas | sacks | inits.filter(lambda init: not init.parameters)).map(lambda one: one.chunk),
    min_size=1,
    max_size=3,
).map(tuple)
sctps = st.builds(SCTP, src_port=u16, dst_port=u16, verification_tag=u32, chunks=chunks)


@given(links, tags, short_llcs, payloads)
def test_scapy_builds_the_same_llc_frame(
    more: ModuleType, link: Ethernet, tags: list[Header], llc: LLC, payload: bytes
) -> None:
    frame = link / llc / payload

    assert built_by(more, frame) == bytes(frame)


@given(links, snaps, ipv4s, udps, payloads)
def test_scapy_builds_the_same_snap_frame(
    more: ModuleType, link: Ethernet, snap: SNAP, ip: IPv4, udp: Header, payload: bytes
) -> None:
    frame = link / snap / ip / udp / payload

    assert built_by(more, frame) == bytes(frame)


@given(links, tags, ipv4s, udps, payloads)
def test_scapy_builds_the_same_tags(
    more: ModuleType, link: Ethernet, tags: list[Any], ip: IPv4, udp: Header, payload: bytes
) -> None:
    frame = with_tags(link / ip / udp / payload, tags)

    assert built_by(more, frame) == bytes(frame)


@given(ipv4s | ipv6s, gres, links, ipv4s, udps, payloads, st.booleans())
def test_scapy_builds_the_same_gre_tunnel(
    more: ModuleType, outer: Header, gre: GRE, link: Ethernet, ip: IPv4, udp: Header,
    payload: bytes, bridged: bool,
) -> None:  # fmt: skip
    inside = ip / udp / payload
    packet = outer / gre / (link / inside if bridged else inside)

    assert built_by(more, packet) == bytes(packet)


@given(ipv4s | ipv6s, datagrams_to_tunnels, plain_vxlans, links, ipv4s, udps, payloads)
def test_scapy_builds_the_same_vxlan_tunnel(
    more: ModuleType, outer: Header, datagram: Header, vxlan: VXLAN, link: Ethernet, ip: IPv4,
    udp: Header, payload: bytes,
) -> None:  # fmt: skip
    packet = outer / datagram / vxlan / link / ip / udp / payload

    assert built_by(more, packet) == bytes(packet)


@given(ipv4s | ipv6s, ipv4s | ipv6s, udps, payloads)
def test_scapy_builds_the_same_ip_in_ip(
    more: ModuleType, outer: Header, inner: Header, udp: Header, payload: bytes
) -> None:
    packet = outer / inner / udp / payload

    assert built_by(more, packet) == bytes(packet)


@given(known_groups)
def test_scapy_builds_the_same_message_about_groups(
    more: ModuleType, message: igmp.Message
) -> None:
    assert bytes(_igmp(more, message)) == message.pack()


@given(ipv6s, known_listeners)
def test_scapy_builds_the_same_message_about_groups_of_ipv6(
    more: ModuleType, ip: IPv6, message: Header
) -> None:
    packet = ip / ROUTER_ALERT / message

    assert built_by(more, packet) == bytes(packet)


@settings(max_examples=50)
@given(ipv4s | ipv6s, sctps)
def test_scapy_builds_the_same_sctp_packet(more: ModuleType, ip: Header, sctp: SCTP) -> None:
    packet = ip / sctp / b""

    assert built_by(more, packet) == bytes(packet)


@given(plain_vxlans, octets(14))
def test_scapy_reads_the_same_vxlan_fields(more: ModuleType, vxlan: VXLAN, inside: bytes) -> None:
    read = more.layers.vxlan.VXLAN(vxlan.pack(inside))

    assert (int(read.flags), read.vni, read.reserved2) == (vxlan.flags, vxlan.vni, vxlan.reserved1)
