"""Our packets as scapy's, field by field, with every computed field left to scapy."""

from types import ModuleType
from typing import Any

from rawkit.wire import icmp, icmpv6
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.icmp_queries import Timestamp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP


def built_by(scapy: ModuleType, packet: Packet) -> bytes:
    """Return the octets that scapy makes of the same headers and payload."""
    whole: Any = scapy.packet.Raw(packet.payload)
    for header in reversed(packet.headers):
        whole = layer(scapy, header) / whole
    return bytes(whole)


def layer(scapy: ModuleType, header: Header) -> Any:
    """Return the scapy layer for one of our headers."""
    inet, inet6 = scapy.layers.inet, scapy.layers.inet6
    match header:
        case Ethernet(dst=dst, src=src, ether_type=ether_type):
            return scapy.layers.l2.Ether(dst=dst.hex(":"), src=src.hex(":"), type=ether_type)
        case IPv4():
            return _ipv4(inet, header)
        case IPv6():
            return inet6.IPv6(
                src=str(header.src), dst=str(header.dst), nh=header.next_header,
                hlim=header.hop_limit, tc=header.traffic_class, fl=header.flow_label,
            )  # fmt: skip
        case UDP(src_port=src_port, dst_port=dst_port):
            return inet.UDP(sport=src_port, dport=dst_port)
        case TCP():
            return inet.TCP(
                sport=header.src_port, dport=header.dst_port, seq=header.sequence,
                ack=header.acknowledgment, flags=int(header.flags), window=header.window,
                urgptr=header.urgent, reserved=header.reserved >> 1,
            )  # fmt: skip
        case icmp.Message():
            return _icmp(inet, header)
        case icmpv6.Message():
            return _icmpv6(inet6, header)
        case _:
            return _extension(scapy, header)


def _ipv4(inet: ModuleType, header: IPv4) -> Any:
    flags = header.reserved << 2 | header.dont_fragment << 1 | header.more_fragments
    options = [inet.IPOption(header.options)] if header.options else []
    return inet.IP(
        src=str(header.src), dst=str(header.dst), proto=header.protocol, ttl=header.ttl,
        tos=header.traffic_class, id=header.identification, flags=flags,
        frag=header.fragment_offset, options=options, ihl=5 + len(header.options) // 4,
    )  # fmt: skip


def _icmp(inet: ModuleType, header: icmp.Message) -> Any:
    match header:
        case icmp.Echo(identifier=identifier, sequence=sequence, code=code):
            return inet.ICMP(type=header.TYPE, code=code, id=identifier, seq=sequence)
        case Timestamp():
            return inet.ICMP(
                type=header.TYPE, code=header.code, id=header.identifier, seq=header.sequence,
                ts_ori=header.originate, ts_rx=header.receive, ts_tx=header.transmit,
            )  # fmt: skip
        case icmp.Unreachable(code=code, mtu=mtu):
            return inet.ICMP(type=3, code=code, nexthopmtu=mtu)
        case icmp.TimeExceeded(code=code):
            return inet.ICMP(type=11, code=code)
        case icmp.ParameterProblem(code=code, pointer=pointer):
            return inet.ICMP(type=12, code=code, ptr=pointer)
        case icmp.SourceQuench(code=code):
            return inet.ICMP(type=4, code=code)
        case icmp.Redirect(code=code, gateway=gateway):
            return inet.ICMP(type=5, code=code, gw=str(gateway))
    raise AssertionError(header)


def _icmpv6(inet6: ModuleType, header: icmpv6.Message) -> Any:
    match header:
        case icmpv6.EchoRequest(identifier=identifier, sequence=sequence, code=code):
            return inet6.ICMPv6EchoRequest(code=code, id=identifier, seq=sequence)
        case icmpv6.EchoReply(identifier=identifier, sequence=sequence, code=code):
            return inet6.ICMPv6EchoReply(code=code, id=identifier, seq=sequence)
        case icmpv6.Unreachable(code=code):
            return inet6.ICMPv6DestUnreach(code=code)
        case icmpv6.TimeExceeded(code=code):
            return inet6.ICMPv6TimeExceeded(code=code)
        case icmpv6.PacketTooBig(mtu=mtu, code=code):
            return inet6.ICMPv6PacketTooBig(code=code, mtu=mtu)
        case icmpv6.ParameterProblem(code=code, pointer=pointer):
            return inet6.ICMPv6ParamProblem(code=code, ptr=pointer)
        case icmpv6.Redirect(target=target, destination=destination, code=code, reserved=reserved):
            return inet6.ICMPv6ND_Redirect(
                code=code, res=reserved, tgt=str(target), dst=str(destination)
            )
    raise AssertionError(header)


def _extension(scapy: ModuleType, header: Header) -> Any:
    inet6 = scapy.layers.inet6
    match header:
        case HopByHop(options=options, next_header=next_header):
            return inet6.IPv6ExtHdrHopByHop(nh=next_header, options=_raw(inet6, options))
        case DestinationOptions(options=options, next_header=next_header):
            return inet6.IPv6ExtHdrDestOpt(nh=next_header, options=_raw(inet6, options))
        case Routing(kind=0, segments_left=left, data=data, next_header=next_header):
            addresses = [data[start : start + 16] for start in range(4, len(data), 16)]
            text = [str(scapy.utils6.in6_ptop(_text(address))) for address in addresses]
            return inet6.IPv6ExtHdrRouting(
                nh=next_header, segleft=left, addresses=text, reserved=int.from_bytes(data[:4])
            )
        case Fragment():
            return inet6.IPv6ExtHdrFragment(
                nh=header.next_header, res1=header.reserved, offset=header.offset,
                res2=header.reserved_bits, m=header.more, id=header.identification,
            )  # fmt: skip
    raise AssertionError(header)


def _raw(inet6: ModuleType, options: bytes) -> list[Any]:
    """Wrap options as one of unknown type, so that scapy leaves them alone."""
    return [inet6.HBHOptUnknown(otype=options[0], optlen=options[1], optdata=options[2:])]


def _text(address: bytes) -> str:
    return ":".join(address[start : start + 2].hex() for start in range(0, 16, 2))
