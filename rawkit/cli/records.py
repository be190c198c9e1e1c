"""The one schema of every JSON line that a command prints about hosts.

Every object has ``schema`` (``"rawkit/1"``), ``command``, ``type``, ``host`` (as it was
given) and ``address``; the rest depends on the command and the type, as the ``SCHEMA`` of
``cli/COMMAND_json.py`` says. A name means the same wherever it stands: :data:`FIELDS` is
the table of them all, those of objects inside objects included. Durations are seconds,
moments are seconds since 1970. A field whose value is not known, or that nothing came for,
is ``null`` and never 0. New fields may come without a new number behind the schema's name;
none goes or changes.
"""

from collections.abc import Callable, Mapping, Sequence
from json import dumps
from typing import TYPE_CHECKING, NamedTuple, Protocol, Union

from rawkit.cli.capture_fields import CAPTURE_FIELDS
from rawkit.cli.demo_fields import DEMO_FIELDS
from rawkit.cli.load_fields import LOAD_FIELDS
from rawkit.cli.sending_fields import SENDING_FIELDS
from rawkit.cli.serve_fields import SERVE_FIELDS
from rawkit.cli.socket_fields import SOCKET_FIELDS
from rawkit.cli.tcp_fields import TCP_FIELDS
from rawkit.wire.address import Address

if TYPE_CHECKING:
    from rawkit.engine.rtt import RTT

NAME = "rawkit/1"
HEAD = ("schema", "command", "type", "host", "address")
"""What every object begins with."""

Value = Union[str, int, float, bool, None, "Mapping[str, Value]", "Sequence[Value]"]
Wall = Callable[[float], float]
"""Turns a monotonic time into seconds since 1970."""
Schema = dict[str, tuple[str, ...]]
"""The fields of each type of object, in their order, beside those of the head."""

NANOSECONDS, MICROSECONDS = 9, 6
"""Decimals: more than these are noise in a float of so many seconds."""


class Field(NamedTuple):
    """What a name means, and in which unit its value is."""

    meaning: str
    unit: str = ""


SECONDS, SINCE, OCTETS, PROBES, ANSWERS = (
    "seconds",
    "seconds since 1970",
    "octets",
    "probes",
    "answers",
)
MIDNIGHT = "milliseconds since midnight UT"

OTHERS = (
    *(SOCKET_FIELDS, TCP_FIELDS, CAPTURE_FIELDS, DEMO_FIELDS),
    *(SENDING_FIELDS, SERVE_FIELDS, LOAD_FIELDS),
)
"""Tables of the same form, by subject."""
FIELDS: dict[str, Field] = {
    # the head
    "schema": Field('form and version of all objects: `"rawkit/1"`'),
    "command": Field("the command that wrote it"),
    "type": Field("what the object is about"),
    "host": Field("the host as it was given; `null`: it is about no one host"),
    "address": Field("its address; `null`: it is about no one host"),
    # one happening
    "time": Field("when it happened; of an answer: when it arrived", SINCE),
    "sequence": Field("number of the probe (of a ping: of the request), from 1, never wrapped"),
    "source": Field("who sent the answer"),
    "name": Field("host name of `source`; `null`: none, or not known in time, or not asked for"),
    "rtt": Field("time from the probe to the answer", SECONDS),
    "size": Field("ICMP, UDP or TCP header and payload of the answer; `null`: not told", OCTETS),
    "ttl": Field("TTL or hop limit of the answer on arrival; `null`: not told"),
    "traffic_class": Field("TOS octet or traffic class of the answer on arrival; `null`: not told"),
    "sent_by": Field(
        'who stamped the departure: `"kernel"` or `"user"`; of several probes the worst;'
        " `null`: no answer"
    ),
    "received_by": Field(
        'who stamped the arrival: `"kernel"` or `"user"`; of several answers the worst;'
        " `null`: no answer"
    ),
    "icmp_type": Field("type octet of the ICMP message; `null`: it is none"),
    "icmp_code": Field("code octet of the ICMP message; `null`: it is none"),
    "message": Field("what the ICMP message or the errno says, in words; `null`: neither"),
    "mtu": Field("MTU of the next hop, as an ICMP error tells it; `null`: it does not", OCTETS),
    "final": Field("false for advice (redirect, source quench): the probe goes on all the same"),
    "errno": Field("error number of the kernel's refusal (errno(3))"),
    # a damaged reply
    "checksum": Field("whether the checksum of the answer is right"),
    "offset": Field(
        "place of the first wrong octet in the payload; `null`: only the checksum is wrong", OCTETS
    ),
    "expected": Field(
        "that octet as it was sent; `null`: the payload came back longer, or only the checksum"
        " is wrong"
    ),
    "found": Field(
        "that octet as it came; `null`: the payload came back shorter, or only the checksum"
        " is wrong"
    ),
    "payload": Field("the payload as it came, in hexadecimal"),
    # what an answer says
    "answer": Field(
        "object: what the host says, where more than an echo was asked for; in a summary the"
        " latest, and of a clock the one that came most quickly; `null`: nothing"
    ),
    "port_state": Field('`"open"` or `"closed"`'),
    "connect_time": Field(
        "time that connect(2) took, as the program saw it; `null`: there was none", SECONDS
    ),
    "resent": Field("how often the kernel sent the SYN again; `null`: it sent none"),
    "data": Field("payload of the datagram, in hexadecimal; `null`: there was none"),
    "originate": Field("when the request was made, by our clock", MIDNIGHT),
    "receive": Field("when it came, by the clock of the host", MIDNIGHT),
    "transmit": Field("when the answer left, by the clock of the host", MIDNIGHT),
    "clock_difference": Field(
        "how far the clock of the host is ahead of ours; `null`: it is no standard time", SECONDS
    ),
    "outcome": Field("what `icmp_code` means, such as `no error` or `refused`"),
    "interface_active": Field("whether the interface works"),
    "runs_ipv4": Field("whether IPv4 runs on the interface"),
    "runs_ipv6": Field("whether IPv6 runs on the interface"),
    "neighbour_state": Field(
        "state of the entry in the neighbour table, such as `reachable`; `null`: the interface"
        " is the host's own"
    ),
    "names": Field("list of the names of the node; whole ones end with a dot"),
    "addresses": Field("list of the addresses of the node"),
    "truncated": Field("whether there are more of them"),
    # the books
    "local": Field("source address of the probes; `null`: the kernel's choice for each"),
    "sent": Field("probes made, whether or not they left", PROBES),
    "replied": Field("with a first good reply of the host itself, in time", PROBES),
    "answered": Field("that somebody answered in time", PROBES),
    "late": Field("answered only after they had been given up", PROBES),
    "corrupted": Field("answered by damaged replies only", PROBES),
    "errors": Field("answered by an ICMP error", PROBES),
    "lost_here": Field("not sent, or whose answers were dropped, by this host", PROBES),
    "unanswered": Field("given up, and nothing was heard of them", PROBES),
    "not_sent": Field("refused by the kernel; part of `lost_here`", PROBES),
    "pending": Field("still under way at the end", PROBES),
    "duplicates": Field("beyond the first to a probe", ANSWERS),
    "wrong_source": Field("from other addresses than that of the host", ANSWERS),
    "strays": Field("to nothing that was sent", ANSWERS),
    "advice": Field("redirects and source quenches", ANSWERS),
    "loss": Field(
        "part of the probes that had no good answer in time; `null`: none was finished",
        "share, 0 to 1",
    ),
    "alive": Field("whether the host itself answered in time at least once"),
    "reached": Field("whether the host itself has answered"),
    "elapsed": Field("from the first probe to the latest event that counts", SECONDS),
    "rtts": Field("object: statistics of `rtt`; `null`: no answer"),
    "socket": Field("the kind of socket; `null`: none was opened"),
    "why": Field("why that kind; `null`: unknown"),
    # statistics of round trips
    "count": Field("how many the statistics are made of", ANSWERS),
    "min": Field("the least", SECONDS),
    "avg": Field("mean", SECONDS),
    "max": Field("the largest", SECONDS),
    "mdev": Field("standard deviation of the population", SECONDS),
    "median": Field("half of them took no longer", SECONDS),
    "p95": Field("95 % took no longer; interpolated", SECONDS),
    "p99": Field("99 % took no longer; interpolated", SECONDS),
    "jitter": Field("mean difference of successive ones; `null`: there was one only", SECONDS),
    "ewma": Field("moving average with weight 1/8, as ping(8) has it", SECONDS),
    "last": Field("the latest one", SECONDS),
    # a path
    "hop": Field("number of a hop: the TTL or hop limit that the probe left with"),
    "round": Field("number of the round, from 1"),
    "turn": Field("which of the probes of its hop in its round, from 0"),
    "flow": Field("number of the flow: what routers balance by is the same in all of one"),
    "waited": Field("how long the answer was waited for", SECONDS),
    "kind": Field(
        '`"expired"`: a router on the way; `"reached"`: the host itself; `"refused"`: an ICMP'
        ' error says there is no going on; `"advice"`: the probe goes on'
    ),
    "annotation": Field("traceroute(8)'s remark, such as `!H`; empty: none"),
    "annotations": Field("list of these, each once"),
    "tcp_flags": Field("list of the flags of a TCP answer; `null`: it is none, or not told"),
    "as_numbers": Field("list of the autonomous systems of `source`; `null`: not known in time"),
    "as_name": Field("name of the first of them; `null`: not known"),
    "labels": Field("list of objects: the MPLS label stack, outermost first (RFC 4950)"),
    "label": Field("MPLS label"),
    "label_class": Field("traffic class of the label"),
    "label_bottom": Field("whether the label is the last of its stack"),
    "label_ttl": Field("TTL of the label"),
    "interfaces": Field("list of objects: interfaces that the router tells of (RFC 5837)"),
    "role": Field("what the interface had to do with the probe, such as `incoming`"),
    "interface_index": Field("`ifIndex` of the interface; `null`: not told"),
    "interface_address": Field("its address; `null`: not told"),
    "interface_name": Field("its name; `null`: not told"),
    "interface_mtu": Field("its MTU; `null`: not told", OCTETS),
    "quoted_ttl": Field("TTL in the quoted probe; `null`: not told"),
    "rewritten": Field("list of fields of the quoted probe that were changed on the way"),
    "revised": Field("whether it replaces an object of this hop and round, told before"),
    "end": Field("whether the path ends at this hop"),
    "method": Field(
        'what is sent: `"udp"`, `"icmp"` (echo) or `"tcp"`; of a ping also `"icmp_timestamp"`,'
        ' `"probe"` and `"node_info"`'
    ),
    "port": Field("destination port, of a trace by UDP the first; `null`: ICMP has none"),
    "flow_mode": Field('how flows are kept: `"classic"`, `"paris"` or `"dublin"`'),
    "length": Field("a whole probe, IP header included", OCTETS),
    "first_hop": Field("number of the first hop asked"),
    "max_hops": Field("number of the last hop that would have been asked"),
    "rounds": Field("how many were finished"),
    "hops": Field("list of objects, one a hop"),
    "sources": Field("list of objects: who answered at this hop, in the order of first hearing"),
    "answers": Field("how many came from this source", ANSWERS),
    "back_hops": Field(
        "hops that the answers came back over, as their TTL lets guess; `null`: none"
    ),
    "asymmetry": Field(
        "by how many hops the way back is longer than the way there; `null`: no answer"
    ),
    "remarks": Field("list of what is concluded, such as `rate limited`"),
    # a graph of paths
    "nodes": Field("list of objects: who is where, by the distance; the first is this host"),
    "edges": Field("list of objects: which node comes right after which"),
    "diamonds": Field("list of objects: where ways part and meet again"),
    "node": Field("number of a node: its place in `nodes`"),
    "next": Field("list of the numbers of the nodes that come next"),
    "flows": Field("list of the numbers of the flows that pass there"),
    "target": Field("whether it is the host itself"),
    "balancing": Field(
        'how several next hops are shared: `"per flow"`, `"per packet"`, `"unclear"`; `"none"`:'
        " there is one at most"
    ),
    "tried": Field("flows by which the next hops of a node were looked for"),
    "confidence": Field(
        "chance that these would have shown one next hop more, if there were one",
        "share, 0 to 1",
    ),
    "settled": Field("whether that is as sure as it was to be"),
    "before": Field("number of the node that comes first"),
    "after": Field("number of the node that comes right after it"),
    "certain": Field("false where packets of one flow part, so that it need not be one way"),
    "begin": Field("number of the node before the ways part"),
    "meets": Field("number of the node where they meet; `null`: they do not"),
    "span": Field("hops from the one to the other, or to the last that is known"),
    "width": Field("most nodes at one distance"),
    "paths": Field("how many ways lead through the graph"),
    "wanted_confidence": Field("what `confidence` was to be for each node", "share, 0 to 1"),
    "complete": Field("whether all nodes are settled, and nothing was given up"),
    "flow_count": Field("how many flows were used"),
    "limited": Field("list of the hops that answer only so many times a second"),
    # a path MTU
    "path_mtu": Field(
        "the largest packet that passes, IP header included; `null`: not known", OCTETS
    ),
    "local_mtu": Field("what the first link carries, or the largest packet to be tried", OCTETS),
    "carried": Field("the largest packet that is known to have come to this hop", OCTETS),
    "next_hop": Field("number of the first hop known to be behind this place; `null`: not known"),
    "announced": Field(
        "whether a router says that larger packets are too big; `null`: it cannot be heard"
    ),
    "distance": Field("number of hops to the host; `null`: not known"),
    "lies": Field("that contradict themselves, of routers that say too big", ANSWERS),
    # a link
    "mac": Field("hardware address of `address`, as is claimed; `null`: nobody claims it"),
    "macs": Field("list of the hardware addresses that were claimed, each once"),
    "mac_before": Field("hardware address that it had until now; `null`: no other"),
    "frame_mac": Field("hardware address that the frame itself came from"),
    "local_mac": Field("our own hardware address"),
    "operation": Field(
        '`"request"`, `"reply"`, `"probe"` (somebody wants the address), `"announcement"`'
        ' (nobody asked for it) or `"router"`'
    ),
    "to_all": Field("whether the frame went to everybody, or to a group"),
    "speaks_to": Field("the address that the message is for, or asks about"),
    "is_router": Field("whether it says that it is a router"),
    "override": Field("false where a better claim would stand: of a proxy, or of one of many"),
    "interface": Field("name of the interface"),
    "vlan": Field("number of the VLAN; `null`: the frame had no tag"),
    "purpose": Field('what was sent for: `"ask"`, `"probe"`, `"announce"` or `"answer"`'),
    "in_conflict": Field("whether two hosts claim the address, or anybody what is ours or free"),
    "to_everybody": Field("broadcasts and multicasts among `sent`", PROBES),
    "received": Field("messages that were believed"),
    "requests": Field("those of `received` that ask"),
    "received_by_all": Field("those of `received` that went to everybody, or to a group"),
    "conflicts": Field("those of `received` that contradict another one, or us"),
    "invalid": Field("messages not believed: from afar, damaged, or against the rules"),
    "dropped": Field("frames that this host dropped unread, whatever they were"),
    "forgotten": Field("messages of hosts that there was no room to remember"),
    "change": Field('`"new"`, `"changed"` or `"same"`: compared with what was said before'),
    "changes": Field("how often an address moved to another hardware address"),
    "probes_heard": Field("how often somebody asked for an address to have it himself"),
    "first_heard": Field("when the address was first heard of", SINCE),
    "last_heard": Field("when it was last heard of", SINCE),
    "found_routers": Field("list of the addresses of the routers that were heard"),
    "default_routers": Field("list of objects: the addresses to send to"),
    "router": Field("address of a router"),
    "preference": Field("the higher the better; of IPv6 -1, 0 or 1"),
    "lifetime": Field("for how long it holds; `null`: for ever", SECONDS),
    "hop_limit": Field("hop limit that hosts are to send with; `null`: not told"),
    "managed": Field("whether addresses are to be had by DHCPv6; `null`: not IPv6"),
    "other_settings": Field("whether other settings are to be had by DHCPv6; `null`: not IPv6"),
    "link_mtu": Field("MTU of the link, as a router tells it; `null`: it does not", OCTETS),
    "prefixes": Field("list of objects: the prefixes of the link"),
    "prefix": Field("a network, such as `2001:db8::/64`"),
    "on_link": Field("whether its addresses are on this link"),
    "autonomous": Field("whether hosts may make addresses of it"),
    "valid": Field("for how long such addresses are valid; `null`: for ever", SECONDS),
    "preferred": Field("for how long they are preferred; `null`: for ever", SECONDS),
    "routes": Field("list of objects: networks that the router is a way to"),
    "name_servers": Field("list of objects: recursive name servers"),
    "servers": Field("list of their addresses"),
    "search_domains": Field("list of objects: domains to look up short names in"),
    "domains": Field("list of their names"),
    # a packet that was heard
    "number": Field("place of the packet among all that were heard, from 1"),
    "nanoseconds": Field("the part of a second in `time`, in full", "nanoseconds"),
    "direction": Field(
        '`"in"`, `"out"`, `"broadcast"`, `"multicast"` or `"other host"`; `null`: not known'
    ),
    "frame_length": Field("the frame as it was on the link", OCTETS),
    "captured_length": Field("those of it that were kept", OCTETS),
    "checksum_verdict": Field(
        '`"valid"`, `"bad"`, or `"unfinished"`: left to the hardware by the sender\'s kernel;'
        " `null`: nobody has looked"
    ),
    "super_packet": Field("whether offload made one of several: no wire has carried it so"),
    "text": Field("the packet in a line, as without `--json`"),
    "headers": Field("list of objects: the headers, outermost first"),
    "header": Field("its class in the library"),
    "fields": Field(
        "object: its fields under their names in [the library](wire.md#headers), octets in"
        " hexadecimal; a field that is empty is `null`"
    ),
    "problem": Field("why reading stopped before the end; `null`: it did not"),
    "octets": Field("the whole frame in hexadecimal; `null`: not asked for (`-x`)"),
    # what was heard in all
    "filter": Field("what chose the packets, in words; empty: all of them"),
    "captured": Field("that were told or written", "packets"),
    "passed": Field("that passed the filter, those dropped or left unread included", "packets"),
    "captured_octets": Field("of those captured, as they were on the link", OCTETS),
    "interfaces_heard": Field("list of objects: on which interfaces"),
    "packets": Field("how many of them were captured there"),
    "bad_checksums": Field("captured, with a wrong checksum", "packets"),
    "unfinished_checksums": Field("captured, with a checksum left to the hardware", "packets"),
    "super_packets": Field("captured that no wire has carried so (offload)", "packets"),
    "cut_packets": Field("captured, but not with all their octets", "packets"),
    "listened": Field("how long", SECONDS),
    **{name: Field(*told) for fields in OTHERS for name, told in fields.items()},
}
"""Every name that an object may have, in no object with another meaning. Append yours."""

RTT_FIELDS = ("count", "min", "avg", "max", "mdev", "median", "p95", "p99", "jitter", "ewma")


class Host(Protocol):
    """Whom an object is about: a target of an engine."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> Address: ...


def line(command: str, kind: str, target: Host | None, values: Mapping[str, Value]) -> str:
    """Return an object as a line of JSON.

    Args:
        command: the command that writes it.
        kind: its type.
        target: whom it is about; ``None``: no one host.
        values: its other fields, whose names are in :data:`FIELDS`.
    """
    head: dict[str, Value] = {
        "schema": NAME,
        "command": command,
        "type": kind,
        "host": target.name if target else None,
        "address": str(target.address) if target else None,
    }
    return dumps({**head, **values}, allow_nan=False) + "\n"


def duration(seconds: float | None) -> float | None:
    """Return a duration without digits that mean nothing."""
    return None if seconds is None else round(seconds, NANOSECONDS)


def moment(wall: Wall, time: float) -> float:
    """Return a monotonic time as seconds since 1970, without digits that mean nothing."""
    return round(wall(time), MICROSECONDS)


def statistics(rtt: "RTT | None") -> dict[str, Value] | None:
    """Return the object behind ``rtts``."""
    if rtt is None:
        return None
    return {name: duration(getattr(rtt, name)) for name in RTT_FIELDS}
