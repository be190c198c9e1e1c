"""From the options of ``rawkit trace`` to a session, and to what is known of addresses."""

from collections.abc import Callable
from typing import BinaryIO

from rawkit.api import trace as api
from rawkit.cli.trace_lookup import Lookup, Systems
from rawkit.cli.trace_wanted import TraceOptions, least_length
from rawkit.engine.trace_settings import Method
from rawkit.host.names import resolve
from rawkit.sockets.packet_io import PacketIO

Wrap = Callable[[PacketIO], PacketIO]
"""Puts a pipe around another one."""


def open_session(
    options: TraceOptions, wrap: Wrap | None = None, method: Method | None = None
) -> api.TraceSession:
    """Return the session.

    Args:
        options: what was asked for.
        wrap: puts a pipe around the socket, if that is wanted.
        method: another one than was asked for.

    Raises:
        NameNotFound: the host has no address.
        NoRoute: it cannot be reached.
        UsageError: the options make no sense.
    """
    keywords = settings(options, method or options.method)
    keywords["wrap"] = wrap
    return api.trace(options.host, **keywords)


def settings(options: TraceOptions, method: Method) -> api.TraceOptions:
    """Return what the options mean for :func:`rawkit.trace`."""
    length = options.length
    if length is not None:  # traceroute(8) takes what is too short for the shortest
        address = resolve(options.host, options.version)[0]
        length = max(length, least_length(method, address.version))
    same = method == options.method
    return {
        "method": method,
        "port": options.first_port if same else None,
        "fixed_port": options.fixed_port and same,
        "flags": options.flags,
        "flow": options.flow,
        "first_ttl": options.first_ttl,
        "max_ttl": options.max_ttl,
        "queries": options.queries_a_round,
        "parallel": options.probes_at_once,
        "rounds": options.rounds,
        "interval": options.interval,
        "wait": options.wait,
        "here": options.here,
        "near": options.near,
        "spacing": options.spacing,
        "length": length,
        "traffic_class": options.traffic_class,
        "flow_label": options.flow_label,
        "dont_fragment": options.dont_fragment,
        "announce": True,
        "keep_rows": False,
        "interface": options.interface,
        "source": options.source,
        "source_port": options.source_port,
        "mark": options.mark,
        "dont_route": options.dont_route,
        "version": options.version,
    }


def open_lookup(options: TraceOptions) -> Lookup:
    """Return what tells names and autonomous systems.

    Raises:
        UsageError: the table cannot be read.
        RawkitError: there is no asking by DNS here.
    """
    names = None
    if not options.numeric:
        from rawkit.host.names import ReverseNames

        names = ReverseNames()
    return Lookup(names, _systems(options))


def _systems(options: TraceOptions) -> Systems | None:
    if not options.systems:
        return None
    if options.as_table is not None:
        from rawkit.host.asn import read_table

        return read_table(options.as_table)
    from rawkit.host.asn_dns import systems_by_dns

    return systems_by_dns(options.as_zone)


def wrapper(file: BinaryIO) -> Wrap:
    """Return what puts a pipe around a socket that keeps the packets, of all sessions alike."""
    from rawkit.sockets.tee import PcapTee
    from rawkit.wire.pcap import PcapWriter

    writer = PcapWriter(file)
    return lambda io: PcapTee(io, file, writer=writer)
