"""From what the kernel tells of a frame to the news of it, however it was read (packet(7))."""

import socket
import time

from rawkit.sockets import options
from rawkit.sockets.interfaces import mtu_of
from rawkit.sockets.ring import tag_of
from rawkit.sockets.timestamps import converter
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.dissect import dissect, following
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import SIZE, Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.ndp import multicast_mac
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock
from rawkit.wire.received_frame import ReceivedFrame
from rawkit.wire.verify import verdict
from rawkit.wire.verify_frame import verdict_on
from rawkit.wire.vlan import ADDRESSES, tagged

FRAMED = frozenset((options.ARPHRD_ETHER, options.ARPHRD_LOOPBACK))
"""Hardware types whose frames begin with an Ethernet header."""
ETHERNET, RAW = int(LinkType.ETHERNET), int(LinkType.RAW)
UNKNOWN = MAC(bytes(6))
TAG = 4
"""Octets of a VLAN tag."""
SAYS_CHECKSUM = options.TP_STATUS_CSUMNOTREADY | options.TP_STATUS_CSUM_VALID
GSO_TCP = 1 << 8
"""TP_STATUS_GSO_TCP (linux/if_packet.h), since Linux 5.20."""
ENDLESS = 1 << 31
DIRECTIONS = {
    options.PACKET_HOST: Direction.IN,
    options.PACKET_BROADCAST: Direction.BROADCAST,
    options.PACKET_MULTICAST: Direction.MULTICAST,
    options.PACKET_OTHERHOST: Direction.OTHER_HOST,
    options.PACKET_OUTGOING: Direction.OUT,
}


class FrameNews:
    """Makes the news of a socket's frames, and counts them."""

    def __init__(self, sock: socket.socket, mac: MAC, *, cooked: bool) -> None:
        """Prepare.

        Args:
            sock: the socket.
            mac: the hardware address of its interface.
            cooked: whether the kernel takes the link's header off.
        """
        self._socket = sock
        self._mac = mac
        self._cooked = cooked
        self._limits: dict[str | None, int] = {}
        self._number = 0

    def of(
        self,
        octets: bytes,
        stamp: int | None,
        status: int,
        tag: tuple[int, int],
        length: int,
        interface: str | None,
        protocol: int,
        hardware: int,
        where: int,
        source: bytes,
    ) -> ReceivedFrame:
        """Return the news of a frame.

        Args:
            octets: what the socket gave.
            stamp: nanoseconds since 1970; ``None``: it was not stamped.
            status: ``TP_STATUS_…``.
            tag: the 16 bits of the VLAN tag that was taken off, and what announced it.
            length: octets that it had.
            interface: its name.
            protocol: the EtherType.
            hardware: ``ARPHRD_…`` of the interface.
            where: ``PACKET_HOST`` and so on.
            source: the sender's hardware address.
        """
        if hardware in FRAMED and not self._cooked:
            link_type, packet = ETHERNET, dissect_frame(octets)
            checksum = _said(status) if status & SAYS_CHECKSUM else verdict_on(octets, packet)
        else:
            packet = self._rebuilt(octets, protocol, where, source)
            checksum = _said(status) if status & SAYS_CHECKSUM else verdict(packet)
            link_type = ETHERNET if self._cooked else RAW
            if self._cooked:
                octets, length = packet.headers[0].pack(octets), length + SIZE
        is_super = status & GSO_TCP != 0
        if length > self._limits.get(interface, 0):
            is_super = length > self._limit(interface) or is_super
        vlan = tag_of(status, *tag) if status & options.TP_STATUS_VLAN_VALID else None
        if vlan is not None and link_type == ETHERNET and len(octets) >= ADDRESSES:
            octets, length = tagged(octets, vlan), length + TAG
        self._number += 1
        if stamp is None:
            at, ns, clock = time.monotonic(), time.time_ns(), Clock.USER
        else:
            at, ns, clock = converter.monotonic_of(stamp), stamp, Clock.KERNEL
        way, n = DIRECTIONS.get(where), self._number
        # fmt: off
        return ReceivedFrame(
            packet, at, interface, clock, checksum, vlan, way, None, n, ns, octets, length,
            link_type, is_super,
        )
        # fmt: on

    def _rebuilt(self, octets: bytes, protocol: int, where: int, source: bytes) -> Packet:
        """Return a packet behind the Ethernet header that it had, as far as that is known."""
        src = MAC(source) if len(source) == 6 else UNKNOWN
        parser = following(Ethernet(UNKNOWN, src, protocol))
        inside = dissect(octets, parser) if parser else Packet((), octets)
        ip = inside.headers[0] if inside.headers else None
        dst = UNKNOWN
        match where:
            case options.PACKET_HOST:
                dst = self._mac
            case options.PACKET_BROADCAST:
                dst = BROADCAST
            case options.PACKET_MULTICAST if isinstance(ip, IPv4 | IPv6) and ip.dst.is_multicast:
                dst = multicast_mac(ip.dst)
        header = Ethernet(dst, src, protocol)
        return Packet((header, *inside.headers), inside.payload, inside.error)

    def _limit(self, interface: str | None) -> int:
        """Return how long a frame there may be, as it is now."""
        mtu = None if interface is None else mtu_of(self._socket, interface)
        # The MTU counts neither the frame's header nor a second tag, which stays in it.
        limit = self._limits[interface] = ENDLESS if mtu is None else mtu + SIZE + TAG
        return limit


def _said(status: int) -> Checksum:
    """Return what the kernel says of a checksum."""
    is_unfinished = status & options.TP_STATUS_CSUMNOTREADY
    return Checksum.UNFINISHED if is_unfinished else Checksum.VALID
