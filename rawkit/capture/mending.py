"""Packets of a capture made fit to be sent: put right, changed, cut, or left out with a reason."""

from collections import Counter, OrderedDict
from typing import NamedTuple

from rawkit.capture.blocks import Captured
from rawkit.capture.mending_settings import USUAL_MTU, MendingSettings, Remark, Skip
from rawkit.errors import BuildError
from rawkit.wire import cooked
from rawkit.wire.address import Address
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import SIZE, Ethernet
from rawkit.wire.fragment import fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link_types import RAW_TYPES, LinkType, dissect_on
from rawkit.wire.numbers import EtherType
from rawkit.wire.offload import data_in, room_for_data, tcp_segments, udp_datagrams, with_length
from rawkit.wire.packet import Packet
from rawkit.wire.partial import finished
from rawkit.wire.plain_frames import is_settled
from rawkit.wire.rewrite import rewritten
from rawkit.wire.segment import segment_of
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.tcp_options import MaximumSegmentSize, decode
from rawkit.wire.udp import UDP
from rawkit.wire.vlan import TAG_TYPES, VLANTag, tagged, untagged

IP_TYPES = frozenset((*RAW_TYPES, LinkType.IPV4, LinkType.IPV6))
HEADED_TYPES = frozenset(map(LinkType, cooked.PARSERS))
"""Links whose header exists in captures only."""
MOST_HANDSHAKES = 16_384
TAG = 4
FREE_TAG = b"\x81\x00"
"""A customer's tag does not count as a part of the MTU, as the kernel has it; others do."""
LEAST_HEADERS = 40
"""Octets of IPv4 and TCP without options."""

Ends = tuple[Address, int, Address, int]


class Mended(NamedTuple):
    """What is to be sent in the place of a packet of a capture."""

    pieces: tuple[bytes, ...] = ()
    is_frame: bool = True
    """Whether they begin with an Ethernet header; else with that of IP."""
    skip: Skip | None = None
    """Why there are none."""


class Mender:
    """Makes packets fit to be sent, one after the other, and counts what it did."""

    def __init__(self, settings: MendingSettings) -> None:
        self.settings = settings
        self.remarks: Counter[Remark] = Counter()
        """How many packets of the capture each is about."""
        self._mtu = settings.mtu
        self._sizes: OrderedDict[Ends, int] = OrderedDict()
        """By sender and receiver: the MSS that the receiver gave."""
        self._identification = 0
        changes = (settings.rewriting, settings.vlan, settings.untag)
        self._is_plain = not any((*changes, settings.mss, settings.udp_segment))
        self._longest = USUAL_MTU
        """Octets of an IP packet that is surely no super-packet of TCP."""

    def mend(self, captured: Captured) -> Mended:
        """Return what is to be sent for a packet."""
        link_type, octets = captured.interface.link_type, captured.octets
        settings = self.settings
        if captured.is_cut:
            if settings.truncated == "skip":
                return Mended(skip=Skip.CUT)
            is_padded = settings.truncated == "pad"
            self.remarks[Remark.PADDED if is_padded else Remark.SHORTENED] += 1
            octets = octets.ljust(captured.length, b"\0") if is_padded else octets
        if link_type == LinkType.ETHERNET and settings.layer != "ip":
            if len(octets) < SIZE:
                return Mended(skip=Skip.TOO_SHORT)
            if self._is_plain and self._is_ready(octets) and not captured.is_cut:
                return Mended((octets,))
            return self._mended(octets, is_frame=True, is_made_up=captured.is_cut)
        if settings.layer == "frame":
            return Mended(skip=Skip.NO_FRAME)
        found = self._ip_in(link_type, octets)
        if isinstance(found, Skip):
            return Mended(skip=found)
        return self._mended(found, is_frame=False, is_made_up=captured.is_cut)

    def _is_ready(self, octets: bytes) -> bool:
        """Whether a frame can be sent as it is, without a closer look."""
        if self._mtu is not None and len(octets) > self._mtu + SIZE:
            return False
        is_short = len(octets) <= self._longest + SIZE
        return not self.settings.fix or (is_short and is_settled(octets))

    def _ip_in(self, link_type: int, octets: bytes) -> bytes | Skip:
        """Return the IP packet in a captured one."""
        if link_type in IP_TYPES:
            return octets
        if link_type != LinkType.ETHERNET and link_type not in HEADED_TYPES:
            return Skip.UNKNOWN_LINK
        packet = dissect_on(link_type, octets)
        for place, header in enumerate(packet.headers):
            if isinstance(header, IPv4 | IPv6):
                inside = Packet(packet.headers[place:], packet.payload)
                return _without_padding(inside)
            if not isinstance(header, Ethernet | VLANTag | cooked.Cooked | cooked.Loopback):
                break
        return Skip.NO_IP

    def _mended(self, octets: bytes, *, is_frame: bool, is_made_up: bool) -> Mended:
        if self.settings.fix:
            start = _start_of_ip(octets) if is_frame else 0
            whole = with_length(octets, start)
            if whole is not octets:
                self.remarks[Remark.RELENGTHENED] += 1
                octets = whole
        packet = dissect_frame(octets) if is_frame else dissect_ip(octets)
        if not (is_frame or (packet.headers and isinstance(packet.headers[0], IPv4 | IPv6))):
            return Mended(skip=Skip.NO_IP)
        pieces = self._fixed(packet) if self.settings.fix else (packet,)
        if is_made_up and self.settings.truncated == "pad":
            pieces = tuple(piece.recomputed() for piece in pieces)
        if self.settings.rewriting:
            pieces = tuple(rewritten(_read(piece), self.settings.rewriting) for piece in pieces)
        return self._fitted(tuple(bytes(piece) for piece in pieces), is_frame=is_frame)

    def _fixed(self, packet: Packet) -> tuple[Packet, ...]:
        """Return a packet without what offload has left undone."""
        last = packet.headers[-1] if packet.headers else None
        if packet.error is not None:
            return (packet,)
        if isinstance(last, TCP):
            self._learn(packet, last)
            pieces = tcp_segments(packet, self._data(packet, last))
        elif isinstance(last, UDP) and self.settings.udp_segment is not None:
            pieces = udp_datagrams(packet, self.settings.udp_segment)
        else:
            pieces = (packet,)
        if len(pieces) > 1:
            self.remarks[Remark.SEGMENTED] += 1
            return pieces
        whole = finished(packet)
        if whole is not packet:
            self.remarks[Remark.FINISHED] += 1
        return (whole,)

    def _data(self, packet: Packet, tcp: TCP) -> int:
        """Return how many octets of data a segment may have."""
        room = max(1, room_for_data(packet, self._room(packet)))
        segment = segment_of(packet)
        if self.settings.mss is not None:
            return min(room, max(1, data_in(tcp, self.settings.mss)))
        if segment is None:
            return room
        ends = segment.src, tcp.src_port, segment.dst, tcp.dst_port
        mss = self._sizes.get(ends)
        return room if mss is None else min(room, max(1, data_in(tcp, mss)))

    def _learn(self, packet: Packet, tcp: TCP) -> None:
        """Take note of the MSS that the sender of a SYN gives to the other side."""
        if not tcp.flags & Flags.SYN or (segment := segment_of(packet)) is None:
            return
        for option in decode(tcp.options):
            if isinstance(option, MaximumSegmentSize) and option.size:
                ends = segment.dst, tcp.dst_port, segment.src, tcp.src_port
                self._sizes[ends] = option.size
                self._longest = min(self._longest, option.size + LEAST_HEADERS)
                self._sizes.move_to_end(ends)
                if len(self._sizes) > MOST_HANDSHAKES:
                    self._sizes.popitem(last=False)

    def _fitted(self, pieces: tuple[bytes, ...], *, is_frame: bool) -> Mended:
        """Return octets with the tags that are wanted, if the link carries them."""
        fitting: list[bytes] = []
        for piece in pieces:
            given = untagged(piece) if is_frame and self.settings.untag else piece
            octets = self._tagged(given) if is_frame else given
            if self._fits(octets, is_frame=is_frame):
                fitting.append(octets)
            elif (smaller := self._fragments(given, is_frame=is_frame)) is None:
                return Mended(skip=Skip.TOO_LONG)
            else:
                fitting += (self._tagged(one) if is_frame else one for one in smaller)
        return Mended(tuple(fitting), is_frame)

    def _tagged(self, frame: bytes) -> bytes:
        tag = self.settings.vlan
        return frame if tag is None else tagged(frame, tag)

    def _fits(self, octets: bytes, *, is_frame: bool) -> bool:
        """Whether the link carries a packet."""
        if self._mtu is None:
            return True
        link = SIZE + TAG * (octets[12:SIZE] == FREE_TAG) if is_frame else 0
        return len(octets) <= self._mtu + link

    def _room(self, packet: Packet) -> int:
        """Return how many octets the link carries from the IP header on, behind all tags."""
        mtu, settings = self._mtu or USUAL_MTU, self.settings
        tags = [one for one in packet.headers if isinstance(one, VLANTag) and not settings.untag]
        outermost = tags[0].ETHER_TYPE if tags else None
        count = len(tags)
        if settings.vlan is not None and isinstance(packet.headers[0], Ethernet):
            outermost, count = settings.vlan.ether_type, count + 1
        return mtu - TAG * (count - (outermost == EtherType.VLAN))

    def _fragments(self, octets: bytes, *, is_frame: bool) -> list[bytes] | None:
        """Return a packet in fragments; ``None``: it is not to be cut, or cannot be."""
        if not self.settings.fragment:
            return None
        packet = dissect_frame(octets) if is_frame else dissect_ip(octets)
        ip = packet.get(IPv4)
        number = (0 if ip is None else ip.identification) or self._next_identification()
        if ip is not None:
            packet = packet.replace(IPv4, dont_fragment=False, identification=number)
        try:
            found = fragment(packet, self._room(packet), number)
        except BuildError:
            return None
        self.remarks[Remark.FRAGMENTED] += 1
        return [bytes(one) for one in found]

    def _next_identification(self) -> int:
        self._identification = self._identification % 0xFFFF + 1
        return self._identification


def _start_of_ip(frame: bytes) -> int:
    """Return where in a frame the header behind tags begins."""
    start = SIZE
    while frame[start - 2 : start] in TAG_TYPES:
        start += TAG
    return start


def _without_padding(packet: Packet) -> bytes:
    """Return an IP packet without what filled up its frame."""
    octets = bytes(packet)
    trailer = getattr(packet.headers[0], "trailer", b"")
    return octets[: len(octets) - len(trailer)]


def _read(packet: Packet) -> Packet:
    """Return a packet as it is read: what was still to be worked out has values."""
    if all(getattr(header, "checksum", 0) is not None for header in packet.headers):
        return packet
    octets = bytes(packet)
    return dissect_frame(octets) if isinstance(packet.headers[0], Ethernet) else dissect_ip(octets)
