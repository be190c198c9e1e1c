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
    "size": Field("ICMP header and payload of the answer", OCTETS),
    "ttl": Field("TTL or hop limit of the answer on arrival"),
    "traffic_class": Field("TOS octet or traffic class of the answer on arrival"),
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
    "reached": Field("whether the host itself answered in the latest round"),
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
    "tcp_flags": Field("list of the flags of a TCP answer; `null`: it is none"),
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
    "method": Field('`"udp"`, `"icmp"` or `"tcp"`'),
    "port": Field("destination port, of UDP the first; `null`: ICMP has none"),
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
