"""The packets of a trace: each with a mark of its own, and all of one flow alike to routers.

Routers that balance look at addresses, protocol and the first four octets behind the IP
header: the ports, or type, code and checksum of ICMP. Each method therefore puts its mark
elsewhere, within the first eight octets, for no router quotes fewer (RFC 792):

====== ======================== ==============================================
method same in one flow         the mark of a probe
====== ======================== ==============================================
UDP    both ports               the checksum, steered by two octets of payload
ICMP   checksum and identifier  the sequence number, made up for in the payload
TCP    both ports               the sequence number
====== ======================== ==============================================

The payload begins with serial number, keyed hash and those two octets (Augustin et al.,
"Avoiding traceroute anomalies with Paris traceroute", 2006, has the idea).
"""

import struct
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from rawkit.engine.family import family_of
from rawkit.engine.ping_events import Target
from rawkit.engine.syn import SYN_OPTIONS, WINDOW
from rawkit.engine.trace_events import Probe
from rawkit.engine.trace_settings import ACK, IP_HEADER, LENGTH, SHORTEST, TraceSettings
from rawkit.errors import UsageError
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.udp import UDP

if TYPE_CHECKING:
    from rawkit.wire.tcp import TCP

HEAD = struct.Struct("!IIH")
"""Serial number, keyed hash, and the two octets that make the sum right."""
MARK = struct.Struct("!II")
SIXTEEN, THIRTY_TWO = 0xFFFF, 0xFFFF_FFFF
LOWEST_FREE_PORT = 1024
PROTOCOL = {
    ("udp", 4): IPProtocol.UDP,
    ("udp", 6): IPProtocol.UDP,
    ("tcp", 4): IPProtocol.TCP,
    ("tcp", 6): IPProtocol.TCP,
    ("icmp", 4): IPProtocol.ICMP,
    ("icmp", 6): IPProtocol.ICMPV6,
}
FLOW_STEP = 0x0101
"""Between the ICMP checksums of two flows."""


class ProbePackets:
    """Makes the packets of one trace."""

    def __init__(
        self,
        target: Target,
        settings: TraceSettings,
        source_ports: range,
        identifier: int,
        key: bytes,
    ) -> None:
        """Prepare packets.

        Args:
            target: where they go.
            settings: what they are.
            source_ports: of UDP and TCP; where flows have their own, they take turns.
            identifier: of ICMP.
            key: secret octets for the marks.

        Raises:
            UsageError: the headers alone are longer than the probe is to be.
        """
        self.target = target
        self.settings = settings
        self.source_ports = source_ports
        self.identifier = identifier
        self._key = key
        self._base = hash(key) & THIRTY_TWO
        self._version = target.address.version
        self._protocol = PROTOCOL[settings.method, self._version]
        headers = IP_HEADER[self._version] + len(settings.options) + SHORTEST[settings.method]
        room = (settings.length or LENGTH[self._version]) - headers
        if room < 0 and settings.length is not None:
            raise UsageError(f"length is {settings.length}, not {headers} or more")
        self._room = max(0, room)
        self._filler = bytes(0x40 + number % 64 for number in range(self._room))[HEAD.size :]
        self.has_mark = self._room >= HEAD.size and settings.method != "tcp"
        """Whether the payload has room for a mark."""
        self._sums: dict[int, int] = {}

    @property
    def length(self) -> int:
        """Octets of a probe, IP header included."""
        return len(bytes(self.packet(Probe(1, 1))))

    def packet(self, probe: Probe) -> Packet:
        """Return the packet of a probe."""
        outer = self._outer(probe)
        match self.settings.method:
            case "udp":
                src, dst = self.ports(probe.flow)
                return Packet((outer, UDP(src, dst)), self._udp_payload(probe.serial))
            case "icmp":
                echo = family_of(self.target.address).echo_request(
                    self.identifier, probe.serial & SIXTEEN
                )
                return Packet((outer, echo), self._echo_payload(probe))
            case _:
                return Packet((outer, self._tcp(probe)))

    def ports(self, flow: int) -> tuple[int, int]:
        """Return source and destination port of a flow."""
        settings = self.settings
        port = settings.port_for()
        if settings.method == "udp" and not settings.fixed_port:
            return self.source_ports[0], _wrapped(port, flow)
        return self.source_ports[flow % len(self.source_ports)], port

    def sequence(self, serial: int) -> int:
        """Return the TCP sequence number that marks a probe."""
        return self._base + serial & THIRTY_TWO

    def serial_at(self, sequence: int) -> int:
        """Return the serial number, modulo 2**32, that a TCP sequence number stands for."""
        return sequence - self._base & THIRTY_TWO

    def mark(self, serial: int) -> bytes:
        """Return the first eight octets of a payload."""
        digest = hash(self._key + serial.to_bytes(8, "big")) & THIRTY_TWO
        return MARK.pack(serial & THIRTY_TWO, digest)

    def udp_checksum(self, serial: int, flow: int) -> int:
        """Return the UDP checksum of a probe as it leaves."""
        if flow not in self._sums:
            octets = bytes(self.packet(Probe(0, 1, flow=flow)))
            place = len(octets) - self._room - 2
            self._sums[flow] = SIXTEEN - int.from_bytes(octets[place : place + 2], "big")
        return SIXTEEN - (self._sums[flow] + self._steered(serial)) % SIXTEEN

    def _steered(self, serial: int) -> int:
        """Return what a serial number adds to the sum of a UDP payload."""
        return serial % SIXTEEN if self._room >= 2 else 0

    def _udp_payload(self, serial: int) -> bytes:
        if not self.has_mark:
            return (serial % SIXTEEN).to_bytes(2, "big").ljust(self._room, b"\0")[: self._room]
        return self._balanced(self.mark(serial), serial)

    def _echo_payload(self, probe: Probe) -> bytes:
        wanted = (probe.flow + 1) * FLOW_STEP - (probe.serial & SIXTEEN)
        if not self.has_mark:
            return (wanted % SIXTEEN).to_bytes(2, "big").ljust(self._room, b"\0")[: self._room]
        return self._balanced(self.mark(probe.serial), wanted)

    def _balanced(self, mark: bytes, wanted: int) -> bytes:
        """Return a payload whose 16-bit words add up to ``wanted``, modulo 0xffff."""
        present = int.from_bytes(mark, "big") + self._filler_sum
        return mark + ((wanted - present) % SIXTEEN).to_bytes(2, "big") + self._filler

    @property
    def _filler_sum(self) -> int:
        return _sum_of(self._filler)

    def _tcp(self, probe: Probe) -> "TCP":
        tcp = _tcp_kind()
        src, dst = self.ports(probe.flow)
        number, flags = self.sequence(probe.serial), self.settings.flags
        acknowledgment = number if flags & ACK else 0
        options = b"" if flags & ACK else SYN_OPTIONS
        return tcp(src, dst, number, acknowledgment, flags, WINDOW, options=options)

    def _outer(self, probe: Probe) -> Header:
        settings, target = self.settings, self.target
        dscp, ecn = settings.traffic_class >> 2, settings.traffic_class & 0b11
        match target.src, target.address:
            case IPv4Address() as src, IPv4Address() as dst:
                return IPv4(
                    src,
                    dst,
                    self._protocol,
                    ttl=probe.ttl,
                    dscp=dscp,
                    ecn=ecn,
                    identification=probe.serial % SIXTEEN + 1,
                    dont_fragment=settings.dont_fragment,
                    options=settings.options,
                )
            case IPv6Address() as src, IPv6Address() as dst:
                return IPv6(
                    src,
                    dst,
                    self._protocol,
                    hop_limit=probe.ttl,
                    dscp=dscp,
                    ecn=ecn,
                    flow_label=settings.flow_label,
                )
        raise ValueError(f"{target.src} and {target.address} are not of one family")


def _wrapped(first: int, flow: int) -> int:
    """Return the port of a flow: past the last port, it goes on with the first free one."""
    port = first + flow
    if port <= SIXTEEN:
        return port
    return LOWEST_FREE_PORT + (port - SIXTEEN - 1) % (SIXTEEN + 1 - LOWEST_FREE_PORT)


@cache
def _sum_of(octets: bytes) -> int:
    """Return the sum of 16-bit words, as the Internet checksum reads them (RFC 1071)."""
    even = octets + b"\0" if len(octets) & 1 else octets
    return int.from_bytes(even, "big") % SIXTEEN


@cache
def _tcp_kind() -> "Callable[..., TCP]":
    from rawkit.wire.tcp import TCP

    return TCP
