"""What ``rawkit send --json`` prints: one object a line, as :mod:`rawkit.cli.records` has it."""

import time
from typing import TYPE_CHECKING

from rawkit.cli.packet_fields import headers_of
from rawkit.cli.records import MICROSECONDS, Schema, Value, duration, line
from rawkit.errnos.table import said
from rawkit.wire.address import MAC, Address
from rawkit.wire.dissect import dissect
from rawkit.wire.packet import Packet

if TYPE_CHECKING:
    from rawkit.api.preview import Preview
    from rawkit.api.send_events import SendEvent, SendReport
    from rawkit.sockets.kernel_rules import Change

SHOWN = ("headers", "payload", "octets")
SCHEMA: Schema = {
    "preview": (
        *("notation", "send_layer", "socket", "why", "interface", "interface_mtu", "via"),
        *("neighbour_mac", "packet_length", "fragments", "kernel_changes", "refusal", "remarks"),
        *SHOWN,
    ),
    "sent": ("time", "sequence", "notation", "send_layer", "interface", "packet_length", *SHOWN),
    "refused": (
        *("time", "sequence", "notation", "send_layer", "interface", "packet_length"),
        *("errno", "message"),
    ),
    "summary": (
        *("notation", "send_layer", "why", "interface", "packets_sent", "packets_refused"),
        *("octets_sent", "elapsed", "refusals", "message"),
    ),
}
"""The fields of each type, beside those of the head."""
PARTS: Schema = {
    "kernel_changes": ("changed_field", "given_value", "sent_value", "filled_in"),
    "refusals": ("errno", "message", "times"),
}


class Destination:
    """Whom a packet is for, by its address alone."""

    def __init__(self, address: Address) -> None:
        self.name = str(address)
        self.address = address


def preview_line(command: str, foreseen: "Preview", *, verbose: bool, dump: bool) -> str:
    """Return a preview as a line of JSON."""
    mac = foreseen.neighbour
    values: dict[str, Value] = {
        "notation": str(foreseen.packet),
        "send_layer": foreseen.layer.value,
        "socket": foreseen.socket,
        "why": foreseen.why,
        "interface": foreseen.interface,
        "interface_mtu": foreseen.mtu,
        "via": str(foreseen.via) if foreseen.via else None,
        "neighbour_mac": str(mac) if isinstance(mac, MAC) and foreseen.layer.is_link else None,
        "packet_length": sum(len(bytes(piece)) for piece in foreseen.pieces),
        "fragments": len(foreseen.pieces),
        "kernel_changes": [_change(change) for change in foreseen.changes],
        "refusal": foreseen.refusal,
        "remarks": list(foreseen.remarks),
        **_shown(foreseen.pieces[0], foreseen.octets, verbose=verbose, dump=dump),
    }
    return line(command, "preview", target_of(foreseen.packet), values)


def event_line(event: "SendEvent", *, verbose: bool, dump: bool) -> str:
    """Return a packet that was sent, or refused, as a line of JSON."""
    from rawkit.api.send_events import PacketSent

    values: dict[str, Value] = {
        "time": round(time.time(), MICROSECONDS),
        "sequence": event.number,
        "notation": str(event.packet),
        "send_layer": event.layer.value,
        "interface": event.interface,
        "packet_length": len(bytes(event.packet)),
    }
    target = target_of(event.packet)
    if isinstance(event, PacketSent):
        shown = _shown(event.packet, event.octets, verbose=verbose, dump=dump)
        return line("send", "sent", target, {**values, **shown})
    told: dict[str, Value] = {"errno": event.error.errno, "message": str(event.error)}
    return line("send", "refused", target, {**values, **told})


def summary_line(report: "SendReport") -> str:
    """Return the outcome as a line of JSON."""
    values: dict[str, Value] = {
        "notation": str(report.packet) if report.packet else None,
        "send_layer": report.layer.value if report.layer else None,
        "why": report.why or None,
        "interface": report.interface,
        "packets_sent": report.sent,
        "packets_refused": report.refused,
        "octets_sent": report.octets,
        "elapsed": duration(report.elapsed),
        "refusals": [
            {"errno": number, "message": said(number), "times": times}
            for number, times in report.errors.items()
        ],
        "message": report.first_error,
    }
    return line("send", "summary", target_of(report.packet) if report.packet else None, values)


def target_of(packet: Packet) -> Destination | None:
    """Return whom a packet is for, if it has an IP header."""
    from rawkit.api.filling import destination

    address = destination(packet)
    return None if address is None else Destination(address)


def _shown(packet: Packet, octets: bytes, *, verbose: bool, dump: bool) -> dict[str, Value]:
    """Return what is told of the octets as they leave, ``null`` where it is not asked for."""
    read = dissect(octets, type(packet.headers[0]).parse)
    return {
        "headers": headers_of(read) if verbose else None,
        "payload": read.payload.hex() if verbose else None,
        "octets": octets.hex() if dump else None,
    }


def _change(change: "Change") -> dict[str, Value]:
    return {
        "changed_field": change.field,
        "given_value": change.given,
        "sent_value": change.sent,
        "filled_in": change.fills_in,
    }
