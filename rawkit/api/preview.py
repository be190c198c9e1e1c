"""``preview``: what a packet will be once the kernel has had it, without sending it."""

import errno
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Unpack

from rawkit.api.common import check_keywords, inside
from rawkit.api.outgoing import (
    Outgoing,
    OutgoingOptions,
    Sendable,
    Ways,
    draft_of,
    first_of,
)
from rawkit.api.pieces import pieces
from rawkit.api.send_events import PieceOptions
from rawkit.host.links import HostLink
from rawkit.host.source import source_for
from rawkit.host.sysctl import find
from rawkit.record import record
from rawkit.sockets.kernel_rules import (
    Change,
    Sent,
    frame_refusal,
    icmpv6_as_sent,
    ipv4_as_sent,
    refusal,
)
from rawkit.sockets.refusals import explained
from rawkit.sockets.senders import SOCKETS
from rawkit.sockets.sending import Layer
from rawkit.wire.address import MAC, UNSPECIFIED, Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet

LOOPBACK_TYPE = 772  # linux/if_arp.h: ARPHRD_LOOPBACK


@record
class Preview:
    """What will become of a packet; nothing was sent to find it out."""

    packet: Packet
    """With everything filled in that was left out."""
    layer: Layer
    """Where it is handed to the kernel."""
    socket: str
    """By what kind of socket."""
    why: str
    """Why there."""
    pieces: tuple[Packet, ...]
    """What is handed to the kernel: the packet itself, or its fragments."""
    octets: bytes
    """As it will leave, or its first fragment: from the link's header on by ``frame``, else
    without one. Zeros where only the kernel knows."""
    changes: tuple[Change, ...]
    """What the kernel makes of that."""
    refusal: str | None
    """Why the kernel will not take it; ``None``: it will."""
    remarks: tuple[str, ...]
    """What is to be known besides."""
    interface: str | None
    mtu: int | None
    """Of the interface, in octets."""
    via: Address | None
    """The router or neighbour that it is sent to; ``None``: the destination itself."""
    neighbour: Address | MAC | None
    """The hardware address that the frame is for; or whom that will be asked of."""


def preview(packet: Sendable, **options: Unpack[PieceOptions]) -> Preview:
    """Say what the kernel will do with a packet: which socket, what it changes, what it refuses.

    Args:
        packet: a :class:`~rawkit.wire.packet.Packet`, or one in notation.
        **options: as for :func:`rawkit.send`.

    Raises:
        NotationError: the notation makes no sense.
        BuildError: a value does not fit the wire.
        NoRoute: nothing leads to its destination.
        UsageError: an option makes no sense.
    """
    check_keywords("preview", options, PieceOptions.__optional_keys__)
    draft = first_of(draft_of(packet, options), options.get("seed", 0))
    with inside(options.get("at")):
        return foreseen(Ways(options).of(draft), options)


def foreseen(out: Outgoing, options: PieceOptions) -> Preview:
    """Return what will become of a packet that is about to go out."""
    packet, layer = out.draft.packet, out.choice.layer
    handed = pieces(out, packet, options.get("fragment"))
    given = bytes(handed[0])
    sent = as_sent(out, handed[0], options)
    mtu = out.mtu
    number = _refusal(out, given)
    return Preview(
        packet,
        layer,
        SOCKETS[layer],
        out.choice.why,
        handed,
        sent.octets,
        sent.changes,
        None if number is None else explained(number, layer, len(given), mtu),
        (*_remarks(out, packet, handed), *_spoilt(packet, sent)),
        out.interface,
        mtu,
        out.via,
        out.neighbour,
    )


def as_sent(out: Outgoing, piece: Packet, options: OutgoingOptions) -> Sent:
    """Return what the kernel makes of a packet that takes some way, or of its fragment."""
    given = bytes(piece)
    match out.choice.layer:
        case Layer.IPV4:
            source = _source(out, options)
            return ipv4_as_sent(given, source if isinstance(source, IPv4Address) else None)
        case Layer.ICMPV6:
            source = _source(out, options)
            ours = source if isinstance(source, IPv6Address) else None
            return icmpv6_as_sent(piece, ours)
    return Sent(given)


def _source(out: Outgoing, options: OutgoingOptions) -> Address | None:
    """Return the address that the kernel puts in where there is none."""
    ip = out.draft.packet.headers[0]
    assert isinstance(ip, IPv4 | IPv6)
    if ip.src != UNSPECIFIED[ip.src.version]:
        return ip.src
    return source_for(out.via or ip.dst, options.get("interface"), options.get("mark"))


def _refusal(out: Outgoing, given: bytes) -> int | None:
    if out.link is None:
        return None
    match out.choice.layer:
        case Layer.IPV4:
            return refusal(given, 4, out.link.mtu)
        case Layer.IPV6:
            return refusal(given, 6, out.link.mtu)
        case Layer.ICMPV6:
            return None if _is_ours(out) else errno.EINVAL
        case Layer.FRAME:
            return frame_refusal(given, out.link.mtu, ethernet=True)
        case Layer.COOKED:
            return frame_refusal(given, out.link.mtu, ethernet=False)
    return None


def _is_ours(out: Outgoing) -> bool:
    """Whether the kernel may send from the source that a packet names, if it names one."""
    from rawkit.host.source import is_local

    ip = out.draft.packet.headers[0]
    assert isinstance(ip, IPv6)
    return ip.src == UNSPECIFIED[6] or is_local(ip.src)


def _remarks(out: Outgoing, packet: Packet, handed: tuple[Packet, ...]) -> Iterator[str]:
    link = out.link
    if len(handed) > 1:
        yield f"it is cut into {len(handed)} fragments"
    if out.choice.layer is Layer.ICMPV6 and link is not None and len(bytes(packet)) > link.mtu:
        yield f"the kernel cuts it into fragments, for an MTU of {link.mtu}"
    if link is not None and not link.is_up:
        yield f"{link.name} is down"
    if link is not None and IPv4 in packet and _is_martian(out, link):
        yield (
            f"an IPv4 frame on {link.name} is taken for a martian and dropped: "
            "send by layer ipv4, or in a lab"
        )
    if out.draft.varying:
        names = ", ".join(one.field or "payload" for one in out.draft.varying)
        yield f"this is the first packet; what differs in those that follow: {names}"


def _spoilt(packet: Packet, sent: Sent) -> Iterator[str]:
    """Yield what becomes wrong by what the kernel changes."""
    is_spoilt = any(
        header.COVERS_ADDRESSES and getattr(header, "checksum", None) is None
        for header in packet.headers[1:]
    )
    source = next((one for one in sent.changes if one.field == "source"), None)
    if is_spoilt and source is not None and isinstance(packet.headers[0], IPv4):
        yield (
            f"a checksum within was worked out for the source {source.given}, and will be wrong: "
            "give the source, or leave it out of the notation"
        )


def _is_martian(out: Outgoing, link: HostLink) -> bool:
    if not out.choice.layer.is_link or link.kind != LOOPBACK_TYPE:
        return False
    return find(f"net.ipv4.conf.{link.name}.route_localnet") != "1"
