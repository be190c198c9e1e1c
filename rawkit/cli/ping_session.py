"""From the options of ``rawkit ping`` to a session: who is asked, and how."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address

from rawkit.api import ping as api
from rawkit.cli.errors import complain
from rawkit.cli.ping_options import PingOptions
from rawkit.engine.ping_report import PingReport
from rawkit.errors import NameNotFound, UsageError
from rawkit.host.names import numeric, resolve
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.address import Address

Host = str | Address
AnySession = api.PingSession[PingReport] | api.PingSession[tuple[PingReport, ...]]

SPACING = 0.001
"""Seconds between two of several hosts: answers to a burst to all at once would be lost here."""
ROUTE_SLOTS = 9
ADDRESS_AND_TIME_SLOTS = 4
MOST_HOPS = 4


def open_session(
    options: PingOptions, wrap: Callable[[PacketIO], PacketIO]
) -> tuple[AnySession, int]:
    """Return the session, and how many of several hosts are left out of it as unknown.

    Raises:
        NameNotFound: no host has an address.
        NoRoute: the only host cannot be reached.
        UsageError: the options make no sense.
    """
    hosts = wanted_hosts(options)
    keywords = settings(options, hosts)
    keywords["wrap"] = wrap
    if len(hosts) == 1:
        return api.ping(hosts[0], **keywords), 0
    try:
        return api.ping(hosts, **keywords), 0
    except NameNotFound:
        known = [host for host in hosts if _is_known(host, options)]
    if not known:
        raise UsageError("none of the hosts is known")
    return api.ping(known, **keywords), len(hosts) - len(known)


def wanted_hosts(options: PingOptions) -> list[Host]:
    """Return who is to be asked; a word that stands for many is taken apart."""
    words = options.hosts
    if options.timestamp == "tsprespec":
        return list(words[-1:])  # the others are hops
    if not any(stands_for_many(word) for word in words):
        return list(words)
    from rawkit.host.targets import expand

    hosts = list(expand(words))
    if not hosts:
        raise UsageError(f"no host in {' '.join(words)}")
    return hosts


def stands_for_many(word: str) -> bool:
    """Whether a word is a network, a range, a pattern or a file, and no host."""
    if word.startswith("@") or "/" in word:
        return True
    if "*" in word or "," in word or "-" in word:
        return not word.strip("0123456789.*,-") or numeric(word.partition("-")[0]) is not None
    return False


def settings(options: PingOptions, hosts: Sequence[Host]) -> api.PingOptions:
    """Return what the options mean for :func:`rawkit.ping`."""
    spaced = len(hosts) > 1 and not options.is_unpaced
    wanted: api.PingOptions = {
        "count": options.count,
        "interval": options.pace,
        "spacing": min(SPACING, options.pace / len(hosts)) if spaced else 0.0,
        "timeout": options.timeout,
        "deadline": options.deadline,
        "hurry": True,
        "preload": options.preload,
        "adaptive": options.adaptive or options.is_unpaced,
        "volleys": not options.is_told_one_by_one,
        "size": options.size,
        "pattern": options.pattern,
        "ttl": options.ttl,
        "traffic_class": options.traffic_class,
        "flow_label": options.flow_label,
        "announce": True,
        "keep_replies": False,
        "interface": options.interface,
        "source": _source(options, hosts),
        "mark": options.mark,
        "dont_route": options.dont_route,
        "broadcast": options.broadcast,
        "pmtu": options.pmtu or "want",
        "send_buffer": options.send_buffer,
        "multicast_loop": not options.no_loop,
        "transmit_stamps": not options.user_times,
        "version": options.version,
        "identifier": options.spare_identifier,
    }
    if options.record_route or options.timestamp:
        wanted["options"] = ip_options(options)
        wanted["kind"] = "raw"  # a ping socket does not show the options of a reply
    if options.identifier is not None:
        wanted["identifier"] = options.identifier
        wanted["kind"] = "raw"  # a ping socket has its own
    if options.questions:
        add_question(options, wanted)
    return wanted


def add_question(options: PingOptions, wanted: api.PingOptions) -> None:
    """Ask for something else than an echo."""
    wanted["tcp"] = options.tcp
    wanted["udp"] = options.udp
    wanted["data"] = options.data
    wanted["icmp_timestamp"] = options.icmp_timestamp
    wanted["probe"] = options.probe
    wanted["node_info"] = options.node_info or None
    if options.tcp is not None and options.connect:
        wanted["kind"] = "socket"
    elif options.tcp is not None and options.pcap is not None:
        wanted["kind"] = "raw"  # the kernel shows no segment of its own connections


def ip_options(options: PingOptions) -> bytes:
    """Return the IPv4 options that ``-R`` and ``-T`` ask for.

    Raises:
        UsageError: too many hops.
        NameNotFound: a hop has no IPv4 address.
    """
    from rawkit.wire import ip_options as ip

    match options.timestamp:
        case "tsonly":
            return ip.encode(ip.Timestamp(free=ROUTE_SLOTS))
        case "tsandaddr":
            stamping = ip.Stamping.ADDRESSES_AND_TIMES
            return ip.encode(ip.Timestamp(stamping, free=ADDRESS_AND_TIME_SLOTS))
        case "tsprespec":
            hops = [resolve(word, 4)[0] for word in options.hosts[:-1]]
            if len(hops) > MOST_HOPS:
                raise UsageError(f"{len(hops)} hops, and {MOST_HOPS} fit")
            stamps = tuple(ip.Stamp(hop) for hop in hops if isinstance(hop, IPv4Address))
            return ip.encode(ip.Timestamp(ip.Stamping.ASKED_ROUTERS, stamps))
        case _:
            return ip.encode(ip.NoOperation(), ip.RecordRoute(free=ROUTE_SLOTS))


def _source(options: PingOptions, hosts: Sequence[Host]) -> Address | None:
    """Return the source address to hold on to, if one is to be."""
    if options.source is not None or not options.sticky or len(hosts) > 1:
        return options.source
    from rawkit.host.source import source_for

    host = hosts[0]
    address = resolve(host, options.version)[0] if isinstance(host, str) else host
    return source_for(address, options.interface, options.mark)


def _is_known(host: Host, options: PingOptions) -> bool:
    try:
        return not isinstance(host, str) or bool(resolve(host, options.version))
    except NameNotFound as error:
        complain("ping", error)
        return False
