"""Segments as packets of :mod:`rawkit.wire`, and back: for engines, lessons and tests."""

from ipaddress import IPv4Address, IPv6Address

from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import WRAP, Segment, flags_of
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP


def packet_of(flow: Flow, segment: Segment, *, ttl: int = 64, dscp: int = 0) -> Packet:
    """Return the packet that carries a segment of ours."""
    tcp = TCP(
        flow.local_port,
        flow.remote_port,
        segment.sequence & WRAP,
        segment.acknowledgment & WRAP,
        flags_of(segment.flags),
        segment.window,
        segment.urgent,
        segment.options,
    )
    ip: IPv4 | IPv6
    match flow.local, flow.remote:
        case IPv4Address() as src, IPv4Address() as dst:
            ip = IPv4(src, dst, ttl=ttl, dscp=dscp, ecn=segment.ecn)
        case IPv6Address() as source, IPv6Address() as target:
            ip = IPv6(source, target, hop_limit=ttl, dscp=dscp, ecn=segment.ecn)
    return ip / tcp / bytes(segment.payload)


def segment_of(packet: Packet) -> tuple[Flow, Segment] | None:
    """Return a segment that arrived and whose it is, seen from here; ``None`` if it is none."""
    ip = next((one for one in packet.headers if isinstance(one, IPv4 | IPv6)), None)
    tcp = packet.get(TCP)
    if ip is None or tcp is None or packet.headers[-1] is not tcp:
        return None
    flow = Flow(ip.dst, tcp.dst_port, ip.src, tcp.src_port)
    segment = Segment(
        int(tcp.flags),
        tcp.sequence,
        tcp.acknowledgment,
        tcp.window,
        tcp.options,
        packet.payload,
        tcp.urgent,
        ip.ecn,
    )
    return flow, segment
