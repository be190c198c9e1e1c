"""What headers, options and their fields are called in the packet notation."""

import re
from functools import cache
from importlib import import_module
from typing import Any

from rawkit.record import fields
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Header

HEADERS = {
    "eth": "ethernet.Ethernet",
    "sll": "cooked.LinuxCooked",
    "sll2": "cooked.LinuxCooked2",
    "loopback": "cooked.Loopback",
    "dot3": "llc.IEEE8023",
    "llc": "llc.LLC",
    "snap": "llc.SNAP",
    "vlan": "vlan.VLANTag",
    "svlan": "vlan.ServiceTag",
    "arp": "arp.ARP",
    "ip": "ipv4.IPv4",
    "ip6": "ipv6.IPv6",
    "hbh": "extensions.HopByHop",
    "dstopts": "extensions.DestinationOptions",
    "route": "extensions.Routing",
    "frag": "extensions.Fragment",
    "ah": "authentication.AH",
    "esp": "esp.ESP",
    "esp.null": "esp.NullESP",
    "udp": "udp.UDP",
    "tcp": "tcp.TCP",
    "udplite": "udplite.UDPLite",
    "sctp": "sctp.SCTP",
    "gre": "gre.GRE",
    "vxlan": "vxlan.VXLAN",
    "icmp.echo": "icmp.EchoRequest",
    "icmp.reply": "icmp.EchoReply",
    "icmp.unreachable": "icmp.Unreachable",
    "icmp.exceeded": "icmp.TimeExceeded",
    "icmp.problem": "icmp.ParameterProblem",
    "icmp.quench": "icmp.SourceQuench",
    "icmp.redirect": "icmp.Redirect",
    "icmp.timestamp": "icmp_queries.TimestampRequest",
    "icmp.timestamp_reply": "icmp_queries.TimestampReply",
    "icmp.info": "icmp_queries.InformationRequest",
    "icmp.info_reply": "icmp_queries.InformationReply",
    "icmp.mask": "icmp_queries.AddressMaskRequest",
    "icmp.mask_reply": "icmp_queries.AddressMaskReply",
    "icmp.rs": "icmp_queries.RouterSolicitation",
    "icmp.ra": "icmp_queries.RouterAdvertisement",
    "icmp.probe": "extended_echo.ExtendedEchoRequest",
    "icmp.probe_reply": "extended_echo.ExtendedEchoReply",
    "icmp.other": "icmp.Other",
    "icmp6.echo": "icmpv6.EchoRequest",
    "icmp6.reply": "icmpv6.EchoReply",
    "icmp6.unreachable": "icmpv6.Unreachable",
    "icmp6.exceeded": "icmpv6.TimeExceeded",
    "icmp6.problem": "icmpv6.ParameterProblem",
    "icmp6.toobig": "icmpv6.PacketTooBig",
    "icmp6.redirect": "icmpv6.Redirect",
    "icmp6.rs": "ndp.RouterSolicitation",
    "icmp6.ra": "ndp.RouterAdvertisement",
    "icmp6.ns": "ndp.NeighborSolicitation",
    "icmp6.na": "ndp.NeighborAdvertisement",
    "icmp6.ni_query": "node_information.NodeQuery",
    "icmp6.ni_reply": "node_information.NodeReply",
    "icmp6.probe": "extended_echo_ipv6.ExtendedEchoRequest",
    "icmp6.probe_reply": "extended_echo_ipv6.ExtendedEchoReply",
    "icmp6.mld_query": "mld.ListenerQuery",
    "icmp6.mld_query2": "mld.ListenerQueryV2",
    "icmp6.mld_report": "mld.ListenerReport",
    "icmp6.mld_report2": "mld.ListenerReportV2",
    "icmp6.mld_done": "mld.ListenerDone",
    "icmp6.mra": "multicast_routers_ipv6.MulticastRouterAdvertisement",
    "icmp6.mrs": "multicast_routers_ipv6.MulticastRouterSolicitation",
    "icmp6.mrt": "multicast_routers_ipv6.MulticastRouterTermination",
    "icmp6.other": "icmpv6.Other",
    "igmp.query": "igmp.MembershipQuery",
    "igmp.query3": "igmp.MembershipQueryV3",
    "igmp.report1": "igmp.MembershipReportV1",
    "igmp.report2": "igmp.MembershipReportV2",
    "igmp.report3": "igmp.MembershipReportV3",
    "igmp.leave": "igmp.LeaveGroup",
    "igmp.mra": "multicast_routers.MulticastRouterAdvertisement",
    "igmp.mrs": "multicast_routers.MulticastRouterSolicitation",
    "igmp.mrt": "multicast_routers.MulticastRouterTermination",
    "igmp.other": "igmp.Other",
}
"""Name: module and class below ``rawkit.wire``."""

SHORT = {
    "src_port": "sport",
    "dst_port": "dport",
    "sequence": "seq",
    "acknowledgment": "ack",
    "window": "win",
    "identification": "id",
    "identifier": "id",
    "dont_fragment": "df",
    "more_fragments": "mf",
    "fragment_offset": "offset",
    "protocol": "proto",
    "ether_type": "type",
    "total_length": "len",
    "payload_length": "len",
    "hop_limit": "hlim",
    "next_header": "next",
    "flow_label": "flow",
    "sender_mac": "sha",
    "sender_ip": "spa",
    "target_mac": "tha",
    "target_ip": "tpa",
    "operation": "op",
}
"""Names of fields that are written shorter, unless the header has a field of that name."""

WITHIN = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Between the words in the name of a class."""

OPTION_NAMES = {
    "MaximumSegmentSize": "mss",
    "NoOperation": "nop",
    "WindowScale": "wscale",
    "SackPermitted": "sack_ok",
    "Timestamps": "ts",
    "End": "eol",
    "RecordRoute": "rr",
}
"""The others are called as their class is, in small letters with underscores."""

NUMBERS: dict[str, type[EtherType] | type[IPProtocol]] = {
    "protocol": IPProtocol,
    "next_header": IPProtocol,
    "ether_type": EtherType,
    "protocol_type": EtherType,
}
"""Fields that hold a number with a name."""

LEFT_OUT = {
    "IPv4": ("src",),
    "IPv6": ("src",),
    "Ethernet": ("dst", "src"),
    "ARP": ("operation", "sender_mac", "sender_ip", "target_mac"),
    "UDP": ("src_port",),
    "TCP": ("src_port",),
    "IEEE8023": ("dst", "src"),
    "EchoRequest": ("identifier", "sequence"),
    "TimestampRequest": ("identifier", "sequence"),
    "InformationRequest": ("identifier", "sequence"),
    "AddressMaskRequest": ("identifier", "sequence"),
    "ExtendedEchoRequest": ("identifier", "sequence"),
}
"""Fields that have no default and need not be given: who sends the packet knows them."""


@cache
def header_called(name: str) -> type[Header] | None:
    """Return the header of that name."""
    if (place := HEADERS.get(name)) is None:
        return None
    module, _, kind = place.rpartition(".")
    found: type[Header] = getattr(import_module(f"rawkit.wire.{module}"), kind)
    return found


def name_of(kind: type[Header]) -> str | None:
    """Return what a header is called."""
    return _names().get(f"{kind.__module__}.{kind.__name__}")


@cache
def _names() -> dict[str, str]:
    return {f"rawkit.wire.{place}": name for name, place in HEADERS.items()}


def field_names(kind: type[Any]) -> dict[str, str]:
    """Return what every field of a record is called, by its name, in order."""
    names = [field.name for field in fields(kind) if field.init]
    return {name: name if (short := SHORT.get(name, name)) in names else short for name in names}


def option_name(kind: type[Any]) -> str:
    """Return what an option is called."""
    name = kind.__name__
    return OPTION_NAMES.get(name) or WITHIN.sub("_", name).lower()
