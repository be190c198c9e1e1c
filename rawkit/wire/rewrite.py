"""Packets with other addresses and ports: in every header, and in what ICMP errors quote.

Lengths stay. Checksums are carried over (:mod:`rawkit.wire.sums`). What protocols above UDP
and TCP say of addresses is not looked at.
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from rawkit.record import field, fields, record, replace
from rawkit.wire import ip_options, routing
from rawkit.wire.address import MAC, Address
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.sums import with_sums

WITH_PORTS = (IPProtocol.TCP, IPProtocol.UDP, IPProtocol.SCTP, IPProtocol.UDP_LITE)
PORT = 2
"""Octets of a port; both stand at the beginning of such headers."""


def same(address: Address) -> Address:
    """Return an address as it is."""
    return address


@record(kw_only=True)
class Rewriting:
    """What becomes of addresses and ports."""

    address: Callable[[Address], Address] = same
    """Returns an IP address of the same version."""
    macs: Mapping[bytes, MAC] = field(default_factory=dict)
    """Hardware addresses: what the keys become, wherever they stand."""
    src_mac: MAC | None = None
    """What each frame is from."""
    dst_mac: MAC | None = None
    """What each frame is for."""
    ports: Mapping[int, int] = field(default_factory=dict)
    """What ports of TCP, UDP and SCTP become, on either side."""

    def __bool__(self) -> bool:
        """Tell whether it changes anything."""
        changes = (self.macs, self.src_mac, self.dst_mac, self.ports)
        return any(changes) or self.address is not same


def rewritten(packet: Packet, rules: Rewriting) -> Packet:
    """Return a packet with other addresses and ports, and the checksums that go with them.

    Args:
        packet: as it was read: all its checksums and lengths are there.
        rules: what becomes of what.
    """
    headers = tuple(_header(header, rules) for header in packet.headers)
    if headers and isinstance(headers[0], Ethernet):
        headers = (_frame(headers[0], rules), *headers[1:])
    changed = Packet(headers, _payload(packet, rules), packet.error)
    return packet if changed == packet else with_sums(packet, changed)


def _header(header: Header, rules: Rewriting) -> Header:
    changes: dict[str, Any] = {}
    for one in fields(header):
        value = getattr(header, one.name)
        if (new := _value(value, rules)) is not value:
            changes[one.name] = new
    if rules.ports and header.IP_PROTOCOL in WITH_PORTS:
        for name in ("src_port", "dst_port"):
            port = getattr(header, name)
            if (number := rules.ports.get(port, port)) != port:
                changes[name] = number
    changes |= _buried(header, rules)
    return replace(header, **changes) if changes else header


def _value(value: Any, rules: Rewriting) -> Any:
    """Return what a value becomes; the very same, if nothing changes."""
    match value:
        case IPv4Address() | IPv6Address():
            new = rules.address(value)
            return value if new == value else new
        case MAC():
            return rules.macs.get(value, value)
        case tuple() if value:
            parts = tuple(_value(one, rules) for one in value)
            return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
        case _ if hasattr(value, "__record_fields__"):
            mapped = {one.name: _value(getattr(value, one.name), rules) for one in fields(value)}
            changes = {k: v for k, v in mapped.items() if v is not getattr(value, k)}
            return replace(value, **changes) if changes else value
    return value


def _buried(header: Header, rules: Rewriting) -> dict[str, Any]:
    """Return what changes of addresses in fields that are octets: routes and their records."""
    match header:
        case IPv4(options=options) if options:
            decoded = ip_options.decode(options)
            new = _value(decoded, rules)
            return {} if new is decoded else {"options": ip_options.encode(*new)}
        case Routing(segments_left=left):
            route = routing.decode(header)
            new = None if route is None else _value(route, rules)
            if new is None or new is route:
                return {}
            return {"data": routing.encode(new, left).data}
    return {}


def _frame(frame: Ethernet, rules: Rewriting) -> Ethernet:
    changes = {"src": rules.src_mac, "dst": rules.dst_mac}
    changes = {name: mac for name, mac in changes.items() if mac is not None}
    return replace(frame, **changes) if changes else frame


def _payload(packet: Packet, rules: Rewriting) -> bytes:
    """Return what becomes of a payload: the ports of a header that a quote has cut off."""
    payload, last = packet.payload, packet.headers[-1] if packet.headers else None
    carried = getattr(last, "protocol", getattr(last, "next_header", None))
    is_quoted = any(header.QUOTES is not None for header in packet.headers[:-1])
    is_later = bool(getattr(last, "fragment_offset", 0) or getattr(last, "offset", 0))
    if not (rules.ports and is_quoted and carried in WITH_PORTS) or is_later:
        return payload
    ports = [int.from_bytes(payload[at : at + PORT], "big") for at in (0, PORT)]
    if len(payload) < 2 * PORT:
        return payload
    new = b"".join(rules.ports.get(port, port).to_bytes(PORT, "big") for port in ports)
    return new + payload[2 * PORT :]
