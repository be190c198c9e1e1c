"""Packet sockets (packet(7)): whole frames of one interface, or of all. Need ``CAP_NET_RAW``.

A packet here begins with an :class:`~rawkit.wire.ethernet.Ethernet` header, whatever the
kind of socket: a raw one has it from the wire; a cooked one (``SOCK_DGRAM``) has it taken
off by the kernel, and it is put together from what the kernel tells beside the octets.
Links without such a header (tun, tunnels) are served in the same way.

The kernel hands over frames before anything else has looked at them: checksums are
verified here, and a VLAN tag it has taken off is told beside the packet.
"""

import errno
import socket
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, TypedDict, Unpack

from rawkit.errors import BuildError, NoRoute, UsageError
from rawkit.sockets import options
from rawkit.sockets.bpf import attach
from rawkit.sockets.interfaces import index_of, name_of
from rawkit.sockets.kernel import Ancillary, KernelSocket, arrival
from rawkit.sockets.raw import discard_what_came
from rawkit.sockets.settings import Settings, apply
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.dissect import dissect, following
from rawkit.wire.ethernet import LAYOUT, Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import VLAN, Direction
from rawkit.wire.ndp import multicast_mac
from rawkit.wire.news import News
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Received
from rawkit.wire.verify import verdict

if TYPE_CHECKING:
    from rawkit.sockets.packet_io import PacketIO

DEFAULT = Settings()
HEADER = LAYOUT.size
MEMBERSHIP = struct.Struct("@iHH8s")
"""struct packet_mreq: interface, kind, length of the address, address."""
AUXDATA = struct.Struct("@IIIHHHH")
"""struct tpacket_auxdata: status, length, captured, link header, network header, TCI, TPID."""
STATISTICS = struct.Struct("@II")
"""struct tpacket_stats: arrived, and those of them that were dropped."""
FRAMED = frozenset((options.ARPHRD_ETHER, options.ARPHRD_LOOPBACK))
UNKNOWN = MAC(bytes(6))
NO_TAG_TYPE = 0x8100
"""What a tag is where a kernel before 3.14 does not say."""
DIRECTIONS = {
    options.PACKET_HOST: Direction.IN,
    options.PACKET_BROADCAST: Direction.BROADCAST,
    options.PACKET_MULTICAST: Direction.MULTICAST,
    options.PACKET_OTHERHOST: Direction.OTHER_HOST,
    options.PACKET_OUTGOING: Direction.OUT,
}

LinkAddress = tuple[str, int, int, int, bytes]
"""sockaddr_ll: interface, protocol, packet type, link type, hardware address."""


class FrameOptions(TypedDict, total=False):
    """What a packet socket hears, and how."""

    cooked: bool
    """Leave the link's header to the kernel."""
    promiscuous: bool
    """Hear what is for others, too. Until the socket closes, as with the next two."""
    all_multicast: bool
    """Hear every multicast."""
    groups: Iterable[bytes]
    """Hear multicasts to these hardware addresses."""
    ignore_outgoing: bool
    """Hear nothing that this host sends."""
    program: bytes
    """A filter from :mod:`rawkit.sockets.bpf_frames`; empty: hear everything."""
    settings: Settings
    """Buffers, mark and stamps; the rest is not for frames."""


class FrameSocket(KernelSocket):
    """A packet socket."""

    def __init__(
        self,
        interface: str | None,
        ether_type: int = options.ETH_P_ALL,
        **wanted: Unpack[FrameOptions],
    ) -> None:
        """Open a packet socket; nothing it hears is from before its filter.

        Args:
            interface: ``None``: all of them; it then only hears.
            ether_type: frames that carry this, as long as others sent them; by default
                all, and what this host sends as well.
            **wanted: see :class:`FrameOptions`.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            UsageError: there is no such interface.
            OSError: this kernel has no such sockets.
        """
        self._dropped = 0
        self._lost: NoRoute | None = None
        self._cooked = wanted.get("cooked", False)
        settings = wanted.get("settings", DEFAULT)
        sock = _open(self._cooked, ether_type if interface is None else 0)
        try:
            _set_up(sock, wanted)
            super().__init__(sock, 4, settings)
            self._error_kind = options.PACKET_TX_TIMESTAMP
            self._index = _index_of(sock, interface)
            self._interface = name_of(sock, self._index) if self._index else None
            if self._interface is None:
                discard_what_came(sock)
            else:
                sock.bind((self._interface, ether_type))
            _join(sock, self._index, wanted)
        except BaseException:
            sock.close()
            raise
        name: LinkAddress = sock.getsockname()
        self.mac = MAC(name[4]) if len(name[4]) == 6 else UNKNOWN
        """The interface's own hardware address; six zeros where it has none."""
        self._framed = name[3] in FRAMED

    def receive(self) -> News | None:
        if self._lost is not None and not self._pending:
            raise self._lost
        return super().receive()

    def _address(self, packet: Packet) -> LinkAddress:  # type: ignore[override]  # of a link
        if self._interface is None:
            raise BuildError(f"no interface to send from was chosen: {packet}")
        first = packet.headers[0]
        if not isinstance(first, Ethernet) or first.ether_type is None:
            raise BuildError(f"a frame begins with an Ethernet header, unlike {packet}")
        return (self._interface, first.ether_type, 0, 0, bytes(first.dst))

    def _octets(self, packet: Packet) -> bytes:
        octets = bytes(packet)
        return octets[HEADER:] if self._cooked or not self._framed else octets

    def _arrived(  # type: ignore[override]  # from an address of a link
        self, octets: bytes, ancillary: Ancillary, address: LinkAddress
    ) -> Received:
        at, clock, messages = arrival(ancillary)
        told = _told(messages)
        if self._cooked or address[3] not in FRAMED:
            packet = self._rebuilt(octets, address)
        else:
            packet = dissect(octets, Ethernet.parse)
        if told.status & options.TP_STATUS_CSUMNOTREADY:
            checksum = Checksum.UNFINISHED
        elif told.status & options.TP_STATUS_CSUM_VALID:
            checksum = Checksum.VALID
        else:
            checksum = verdict(packet)
        direction = DIRECTIONS.get(address[2])
        return Received(packet, at, address[0], clock, checksum, told.vlan, direction)

    def _rebuilt(self, octets: bytes, address: LinkAddress) -> Packet:
        """Return a packet behind the Ethernet header that it had, as far as that is known."""
        _, protocol, where, _, source = address
        src = MAC(source) if len(source) == 6 else UNKNOWN
        parser = following(Ethernet(UNKNOWN, src, protocol))
        inside = dissect(octets, parser) if parser else Packet((), octets)
        ip = inside.headers[0] if inside.headers else None
        dst = UNKNOWN
        match where:
            case options.PACKET_HOST:
                dst = self.mac
            case options.PACKET_BROADCAST:
                dst = BROADCAST
            case options.PACKET_MULTICAST if isinstance(ip, IPv4 | IPv6) and ip.dst.is_multicast:
                dst = multicast_mac(ip.dst)
        header = Ethernet(dst, src, protocol)
        return Packet((header, *inside.headers), inside.payload, inside.error)

    def _read(self) -> bool:
        try:
            return super()._read()
        except OSError as error:
            if error.errno != errno.ENETDOWN:
                raise
            self._lost = self._went_down()
            raise self._lost from error

    def _went_down(self) -> NoRoute:
        name = self._interface or "every interface"
        gone = self._interface and name_of(self._socket, self._index) != self._interface
        error = NoRoute(f"{name} is {'gone' if gone else 'down'}: nothing comes or goes there")
        error.errno = errno.ENODEV if gone else errno.ENETDOWN
        return error

    def _drop_count(self) -> int:
        """Return how many frames found no room so far; the kernel forgets what it has told."""
        option = options.PACKET_STATISTICS
        told = self._socket.getsockopt(option.level, option.number, STATISTICS.size)
        self._dropped += STATISTICS.unpack(told)[1]
        return self._dropped


class Told(NamedTuple):
    """What a frame came with."""

    status: int
    vlan: VLAN | None


def open_frames(
    interface: str | None,
    ether_type: int = options.ETH_P_ALL,
    **wanted: Unpack[FrameOptions],
) -> "PacketIO":
    """Open a :class:`FrameSocket`, with our capabilities raised if it takes them.

    Its first news says what it is.

    Raises:
        MissingCapability: ``CAP_NET_RAW``, and how to come by it.
        UsageError: there is no such interface.
        OSError: this kernel has no such sockets.
    """
    from rawkit.sockets.ladder import with_capabilities
    from rawkit.wire.news import Opened

    try:
        io = with_capabilities(lambda: FrameSocket(interface, ether_type, **wanted))
    except PermissionError as error:
        from rawkit.host.capability import Capability, missing

        raise missing(Capability.NET_RAW, to="open a packet socket") from error
    if wanted.get("cooked"):
        io.tell(Opened("cooked packet socket", "asked for"))
    else:
        io.tell(Opened("packet socket", "hears and sends whole frames"))
    return io


def _open(cooked: bool, ether_type: int) -> socket.socket:
    """Open a socket that hears all interfaces; with EtherType 0, nothing until it is bound."""
    kind = socket.SOCK_DGRAM if cooked else socket.SOCK_RAW
    flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    return socket.socket(socket.AF_PACKET, kind | flags, socket.htons(ether_type))


def _set_up(sock: socket.socket, wanted: FrameOptions) -> None:
    if program := wanted.get("program"):
        attach(sock, program)
    options.PACKET_AUXDATA.set(sock)
    if wanted.get("ignore_outgoing"):
        options.PACKET_IGNORE_OUTGOING.set(sock)
    settings = wanted.get("settings", DEFAULT)
    buffers = Settings(
        mark=settings.mark,
        receive_buffer=settings.receive_buffer,
        send_buffer=settings.send_buffer,
    )
    apply(sock, 4, buffers)


def _join(sock: socket.socket, index: int, wanted: FrameOptions) -> None:
    """Have the interface take in more than what is for this host."""
    kinds = [(options.PACKET_MR_MULTICAST, group) for group in wanted.get("groups", ())]
    if wanted.get("promiscuous"):
        kinds.append((options.PACKET_MR_PROMISC, b""))
    if wanted.get("all_multicast"):
        kinds.append((options.PACKET_MR_ALLMULTI, b""))
    if kinds and not index:
        raise UsageError("to hear more than what is for this host, name the interface")
    for kind, address in kinds:
        wish = MEMBERSHIP.pack(index, kind, len(address), address)
        options.PACKET_ADD_MEMBERSHIP.set(sock, wish)


def _told(messages: Ancillary) -> Told:
    for level, kind, data in messages:
        if (level, kind) == (options.SOL_PACKET, options.PACKET_AUXDATA.number):
            status, _, _, _, _, tci, tag_type = AUXDATA.unpack_from(data)
            if not status & options.TP_STATUS_VLAN_VALID:
                return Told(status, None)
            known = status & options.TP_STATUS_VLAN_TPID_VALID
            ether_type = tag_type if known else NO_TAG_TYPE
            return Told(status, VLAN(tci & 0xFFF, tci >> 13, bool(tci & 0x1000), ether_type))
    return Told(0, None)


def _index_of(sock: socket.socket, interface: str | None) -> int:
    if interface is None:
        return 0
    try:
        return index_of(sock, interface)
    except OSError as error:
        raise UsageError(f"no interface {interface!r} here") from error
