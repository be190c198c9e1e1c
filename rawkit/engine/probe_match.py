"""Which probe does this packet answer?

By what is quoted of it, or by what a direct answer repeats; whatever does not point to one
probe alone points to none. A mark in the payload settles it. Where a router quotes only
eight octets, the header has to do: see :mod:`rawkit.engine.probe_packets`.
"""

from typing import TYPE_CHECKING

from rawkit.engine.family import family_of
from rawkit.engine.probe_packets import MARK, SIXTEEN, THIRTY_TWO, ProbePackets
from rawkit.engine.trace_events import Kind, Probe
from rawkit.engine.trace_settings import ACK
from rawkit.record import record
from rawkit.wire import icmp
from rawkit.wire.address import Address, same_address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.quote import quoted
from rawkit.wire.received import Checksum
from rawkit.wire.udp import UDP

if TYPE_CHECKING:
    from rawkit.wire.multipart import ExtensionObject

REMEMBERED = 1 << 15
"""Probes that an answer may still belong to."""
PORT_UNREACHABLE = {4: 3, 6: 4}
PROTOCOL_UNREACHABLE = 2
PORTS = 4
"""Octets of the source and destination port."""


@record
class Found:
    """What a packet says about our probes."""

    ip: IPv4 | IPv6
    """The packet's own IP header."""
    kind: Kind
    candidates: tuple[Probe, ...]
    """The probe that it answers; several: it could be any of these."""
    message: Header | None = None
    """The ICMP message or TCP header that it is; ``None``: a datagram."""
    extensions: "tuple[ExtensionObject, ...]" = ()
    quoted_ttl: int | None = None
    rewritten: tuple[str, ...] = ()


class ProbeMatcher:
    """Knows the probes that were sent, and finds the one that a packet is about."""

    def __init__(self, packets: ProbePackets) -> None:
        self._packets = packets
        self._method = packets.settings.method
        self._probes: dict[int, Probe] = {}
        self._flows: dict[tuple[int, int], dict[int, Probe]] = {}
        """By source and destination port."""
        self.sees_headers = True
        """Whether quoted IP and UDP headers are those that were quoted, and not put together
        by the pipe from what the kernel tells."""

    def sent(self, probe: Probe) -> None:
        """Remember a probe."""
        self._probes[probe.serial] = probe
        ports = self._packets.ports(probe.flow)
        self._flows.setdefault(ports, {})[probe.serial] = probe
        if len(self._probes) > REMEMBERED:
            oldest = self._probes.pop(next(iter(self._probes)))
            ports = self._packets.ports(oldest.flow)
            self._flows[ports].pop(oldest.serial)
            if not self._flows[ports]:
                del self._flows[ports]

    def find(self, packet: Packet) -> Found | None:
        """Return what a packet says about our probes; ``None``: nothing."""
        match packet.headers:
            case (IPv4() | IPv6() as ip, message, *rest):
                if isinstance(message, icmp.Quoting) or message.QUOTES is not None:
                    return self._find_quoted(ip, message, packet)
                if self._method == "icmp" and not rest:
                    return self._find_echo(ip, message, packet.payload)
                if self._method == "udp" and isinstance(message, UDP):
                    return self._find_datagram(ip, message, packet.payload)
                if self._method == "tcp":
                    return self._find_segment(ip, message)
        return None

    # Answers of the target itself

    def _find_echo(self, ip: IPv4 | IPv6, reply: Header, payload: bytes) -> Found | None:
        family = family_of(ip.src)
        if not isinstance(reply, family.echo_reply) or not self._is_target(ip.src):
            return None
        if reply.identifier != self._packets.identifier:
            return None
        probes = self._by_low_serial(reply.sequence)
        same = [p for p in probes if self._packets.packet(p).payload == payload]
        return Found(ip, Kind.REACHED, tuple(same), reply) if same else None

    def _find_datagram(self, ip: IPv4 | IPv6, udp: UDP, payload: bytes) -> Found | None:
        if not self._is_target(ip.src):
            return None
        probes = self._of_ports(udp.dst_port, udp.src_port)
        marked = self._marked(probes, payload)
        found = marked or tuple(probes.values())
        return Found(ip, Kind.REACHED, found) if found else None

    def _find_segment(self, ip: IPv4 | IPv6, segment: Header) -> Found | None:
        from rawkit.wire.tcp import TCP, Flags

        if not isinstance(segment, TCP) or not self._is_target(ip.src):
            return None
        if self._packets.settings.flags & ACK:
            number = segment.sequence if segment.flags & Flags.RST else None
        else:
            number = segment.acknowledgment - 1 if segment.flags & Flags.ACK else None
        if number is None:
            return None
        probe = self._of_ports(segment.dst_port, segment.src_port).get(self._serial_at(number))
        return None if probe is None else Found(ip, Kind.REACHED, (probe,), segment)

    # ICMP errors

    def _find_quoted(self, ip: IPv4 | IPv6, message: Header, packet: Packet) -> Found | None:
        quote = quoted(packet)
        if quote is None or not quote.headers:
            return None
        ours = quote.headers[0]
        if not isinstance(ours, IPv4 | IPv6) or not self._is_target(ours.dst):
            return None
        transport = quote.headers[-1] if len(quote.headers) > 1 else None
        probes, rewritten = self._quoted_probes(ours, transport, quote.payload)
        if not probes:
            return None
        ttl = ours.ttl
        return Found(
            ip,
            self._kind_of(ip.src, message),
            probes,
            message,
            _objects_in(getattr(message, "extensions", b"")),
            ttl if self.sees_headers or ttl else None,
            rewritten,
        )

    def _quoted_probes(
        self, ours: IPv4 | IPv6, transport: Header | None, payload: bytes
    ) -> tuple[tuple[Probe, ...], tuple[str, ...]]:
        """Return which probes a quote may be of, and what was changed on the way."""
        match self._method:
            case "icmp":
                probes = self._quoted_echo(transport, payload)
                return probes, self._changed(ours) if probes else ()
            case "tcp":
                return self._quoted_segment(ours, transport, payload)
            case _ if isinstance(transport, UDP):
                return self._quoted_datagram(ours, transport, payload)
        return (), ()

    def _quoted_echo(self, echo: Header | None, payload: bytes) -> tuple[Probe, ...]:
        family = family_of(self._packets.target.address)
        if not isinstance(echo, family.echo_request):
            return ()
        if echo.identifier != self._packets.identifier:
            return ()
        probes = self._by_low_serial(echo.sequence)
        return tuple(p for p in probes if self._begins_with(p, payload))

    def _quoted_segment(
        self, ours: IPv4 | IPv6, transport: Header | None, payload: bytes
    ) -> tuple[tuple[Probe, ...], tuple[str, ...]]:
        from rawkit.wire.tcp import TCP, quoted_ports

        if isinstance(transport, TCP):
            src, dst, number = transport.src_port, transport.dst_port, transport.sequence
        elif (found := quoted_ports(payload)) is not None and transport is None:
            src, dst, number = found
        else:
            return (), ()
        serial = self._serial_at(number)
        probe = self._of_ports(src, dst).get(serial)
        if probe is not None:
            return (probe,), self._changed(ours)
        probe = self._probes.get(serial)  # an address translator may have changed the ports
        return ((probe,), self._changed(ours, "source port")) if probe else ((), ())

    def _quoted_datagram(
        self, ours: IPv4 | IPv6, udp: UDP, payload: bytes
    ) -> tuple[tuple[Probe, ...], tuple[str, ...]]:
        probes, changes = self._of_ports(udp.src_port, udp.dst_port), list[str]()
        if not probes:
            probes = self._of_destination_port(udp.dst_port)
            changes.append("source port")
        found = self._marked(probes, payload)
        if not found and (len(payload) < MARK.size or not self._packets.has_mark):
            found = self._by_header(probes, ours, udp)
            if "source port" in changes and len(found) != 1:
                return (), ()  # a mere port number is not enough to be ours
        if len(found) == 1 and self.sees_headers:
            sent = self._packets.udp_checksum(found[0].serial, found[0].flow)
            if udp.checksum not in (sent, None, 0):
                changes.append("checksum")
        return found, self._changed(ours, *changes)

    def _by_header(
        self, probes: dict[int, Probe], ours: IPv4 | IPv6, udp: UDP
    ) -> tuple[Probe, ...]:
        """Return the probes that a quote without payload may be of."""
        if len(probes) <= 1 or not self.sees_headers:
            return tuple(probes.values())
        checksum_of = self._packets.udp_checksum
        same = [p for p in probes.values() if checksum_of(p.serial, p.flow) == udp.checksum]
        if not same and isinstance(ours, IPv4):
            same = [p for p in probes.values() if p.serial % SIXTEEN + 1 == ours.identification]
        return tuple(same or probes.values())

    def _marked(self, probes: dict[int, Probe], payload: bytes) -> tuple[Probe, ...]:
        """Return the probe whose mark the octets begin with; none if they hold none."""
        if not self._packets.has_mark or len(payload) < MARK.size:
            return ()
        serial, _ = MARK.unpack_from(payload)
        probe = probes.get(serial)
        if probe is None or self._packets.mark(serial) != payload[: MARK.size]:
            return ()
        return (probe,)

    def _begins_with(self, probe: Probe, payload: bytes) -> bool:
        """Tell whether quoted octets are the beginning of what the probe carried."""
        sent = self._packets.packet(probe).payload
        return sent.startswith(payload[: len(sent)])

    def _changed(self, ours: IPv4 | IPv6, *others: str) -> tuple[str, ...]:
        """Return which fields of our packet are not as they were sent."""
        src = self._packets.target.src
        if not self.sees_headers:
            return ()
        moved = not src.is_unspecified and not same_address(ours.src, src)
        return ("source address", *others) if moved else others

    # Who is who

    def _kind_of(self, source: Address, message: Header) -> Kind:
        match message:
            case icmp.TimeExceeded(code=0):
                return Kind.EXPIRED
            case icmp.Unreachable(code=code):
                closed = code in (PORT_UNREACHABLE[4], PROTOCOL_UNREACHABLE)
                return self._refusal(source, closed=closed)
            case icmp.Message():
                return (
                    Kind.ADVICE if isinstance(message, family_of(source).advice) else Kind.REFUSED
                )
        return self._kind_of_ipv6(source, message)

    def _kind_of_ipv6(self, source: Address, message: Header) -> Kind:
        from rawkit.wire import icmpv6

        match message:
            case icmpv6.TimeExceeded(code=0):
                return Kind.EXPIRED
            case icmpv6.Unreachable(code=code):
                return self._refusal(source, closed=code == PORT_UNREACHABLE[6])
            case icmpv6.ParameterProblem(code=1) if self._is_target(source):
                return Kind.REACHED  # it does not know our protocol, and says so itself
            case icmpv6.Redirect():
                return Kind.ADVICE
        return Kind.REFUSED

    def _refusal(self, source: Address, *, closed: bool) -> Kind:
        return Kind.REACHED if closed and self._is_target(source) else Kind.REFUSED

    def _is_target(self, address: Address) -> bool:
        return same_address(address, self._packets.target.address)

    def _serial_at(self, sequence: int) -> int:
        return self._packets.serial_at(sequence & THIRTY_TWO)

    def _by_low_serial(self, low: int) -> list[Probe]:
        """Return the probes whose serial number ends in these 16 bits, newest first."""
        if not self._probes:
            return []
        newest = next(reversed(self._probes))
        first = newest - (newest - low & SIXTEEN)
        serials = range(first, newest - REMEMBERED, -(SIXTEEN + 1))
        return [self._probes[serial] for serial in serials if serial in self._probes]

    def _of_ports(self, src: int, dst: int) -> dict[int, Probe]:
        """Return the probes with these ports, by their serial numbers."""
        return self._flows.get((src, dst), {})

    def _of_destination_port(self, dst: int) -> dict[int, Probe]:
        if self._packets.settings.fixed_port:
            return {}
        return self._of_ports(self._packets.source_ports[0], dst)


def _objects_in(extensions: bytes) -> "tuple[ExtensionObject, ...]":
    if not extensions:
        return ()
    from rawkit.wire.multipart import read, verdict

    return () if verdict(extensions) is Checksum.BAD else read(extensions)
