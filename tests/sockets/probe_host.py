"""What the tests of probe pipes share: probes, pipes for them, and errors about them."""

from ipaddress import IPv4Address, IPv6Address
from typing import Literal

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.probes import Kind, Method, open_probes
from rawkit.sockets.settings import Settings
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import Opened
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from tests.sockets.echo_host import IDENTIFIER, LO, LO6, TARGET

PORT = 40_000
"""Our source port."""
CLOSED = 33_434
"""A port of the target that nobody listens at."""
PAYLOAD = bytes(range(0x40, 0x50))
TARGET6 = IPv6Address("::1")
METHODS: tuple[Method, ...] = ("udp", "icmp", "tcp")
WAYS: list[tuple[Method, Kind]] = [
    *((method, "raw") for method in METHODS),
    ("udp", "socket"),
    ("icmp", "socket"),
]
EACH_WAY = pytest.mark.parametrize(("method", "kind"), WAYS, ids=["-".join(way) for way in WAYS])
UNPRIVILEGED_AND_RAW = pytest.mark.parametrize("kind", ["socket", "raw"])
PROTOCOL = {"udp": IPProtocol.UDP, "tcp": IPProtocol.TCP}

Source = IPv4Address | IPv6Address


def probe(
    method: str,
    src: Source = LO,
    dst: Source = TARGET,
    *,
    number: int = 0,
    ttl: int = 64,
    payload: bytes = PAYLOAD,
    dont_fragment: bool = False,
    src_port: int = PORT,
    dst_port: int = CLOSED,
) -> Packet:
    """Return a probe; those of other numbers differ in what marks them."""
    outer: IPv4 | IPv6
    match src, dst:
        case IPv4Address(), IPv4Address():
            outer = IPv4(src, dst, ttl=ttl, identification=7, dont_fragment=dont_fragment)
        case IPv6Address(), IPv6Address():
            outer = IPv6(src, dst, hop_limit=ttl)
        case _:
            raise ValueError(f"{src} and {dst} are not of one family")
    match method:
        case "udp":
            return outer / UDP(src_port, dst_port) / (bytes([number]) + payload)
        case "icmp":
            kind = icmp.EchoRequest if isinstance(outer, IPv4) else icmpv6.EchoRequest
            return outer / kind(IDENTIFIER, number) / (bytes([number]) + payload)
    return outer / TCP(src_port, dst_port, 1000 + number) / payload


def local_probe(method: str, version: int, **wanted: object) -> Packet:
    """Return a probe from loopback to loopback."""
    ends: tuple[Source, Source] = (LO, TARGET) if version == 4 else (LO6, TARGET6)
    return probe(method, *ends, **wanted)  # type: ignore[arg-type]  # the tests' own words


def open_on(
    host: Namespace,
    method: Method,
    kind: Kind,
    version: int = 4,
    settings: Settings = Settings(),  # noqa: B008  # frozen
    *,
    ports: range = range(PORT, PORT + 1),
    target: Source | None = None,
) -> PacketIO:
    """Open a pipe on a host; its first news is taken."""
    with host.here():
        io = open_probes(
            version,
            method,
            ports[0],
            settings,
            identifier=IDENTIFIER,
            kind=kind,
            source_ports=ports,
            target=target,
        )
    assert isinstance(io.receive(), Opened)
    return io


def about(sent: Packet, error: Header, source: Source, octets: int | None = None) -> Packet:
    """Return an ICMP error from a router, quoting so many octets behind the IP header."""
    ip = sent.headers[0]
    quote = bytes(sent)
    if octets is not None:
        quote = quote[: (20 if isinstance(ip, IPv4) else 40) + octets]
    match ip, source:
        case IPv4(), IPv4Address():
            return IPv4(source, ip.src) / error / quote
        case IPv6(), IPv6Address():
            return IPv6(source, ip.src) / error / quote
    raise ValueError(f"{source} is not of the version of {ip}")


Version = Literal[4, 6]
