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
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

from rawkit.errors import BuildError, NoRoute, UsageError
from rawkit.sockets import options
from rawkit.sockets.bpf import attach
from rawkit.sockets.frame_news import FRAMED, UNKNOWN, FrameNews
from rawkit.sockets.interfaces import index_of, name_of
from rawkit.sockets.kernel import Ancillary, KernelSocket
from rawkit.sockets.packet_options import join, statistics
from rawkit.sockets.raw import discard_what_came
from rawkit.sockets.settings import Settings, apply
from rawkit.sockets.timestamps import SECOND, TIMESPEC
from rawkit.wire.address import MAC
from rawkit.wire.bpf import RETURN, Op, assemble
from rawkit.wire.ethernet import LAYOUT, Ethernet
from rawkit.wire.news import News
from rawkit.wire.packet import Packet

if TYPE_CHECKING:
    from rawkit.sockets.fanout import Fanout
    from rawkit.wire.received import Received

SocketT = TypeVar("SocketT", bound="FrameSocket")

DEFAULT = Settings()
HEADER = LAYOUT.size
AUXDATA = struct.Struct("@IIIHHHH")
"""struct tpacket_auxdata: status, length, captured, link header, network header, TCI, TPID."""
DROP_ALL = assemble([Op(RETURN, 0)])
"""A filter that lets nothing pass."""

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
    fanout: "Fanout"
    """Share what comes with other sockets of this group."""
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
                all, and what this host sends as well. Only of all are VLAN tags told: those of
                a VLAN that this host is not in are wiped off before anything else.
            **wanted: see :class:`FrameOptions`.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            UsageError: there is no such interface.
            OSError: this kernel has no such sockets.
        """
        self._arrived_so_far = self._dropped = 0
        self._lost: NoRoute | None = None
        self._cooked = wanted.get("cooked", False)
        settings = wanted.get("settings", DEFAULT)
        sock = _open(self._cooked, ether_type if interface is None else 0)
        try:
            self._index = _index_of(sock, interface)
            self._interface = name_of(sock, self._index) if self._index else None
            self._set_up(sock, wanted)
            super().__init__(sock, 4, settings)
            self._error_kind = options.PACKET_TX_TIMESTAMP
            if self._interface is not None:
                sock.bind((self._interface, ether_type))
            _join(sock, self._index, wanted)
            if (group := wanted.get("fanout")) is not None:
                group.admit(sock)
            self._let_in(sock, wanted.get("program"))
        except BaseException:
            sock.close()
            raise
        name: LinkAddress = sock.getsockname()
        self.mac = MAC(name[4]) if len(name[4]) == 6 else UNKNOWN
        """The interface's own hardware address; six zeros where it has none."""
        self._framed = name[3] in FRAMED
        self._news = FrameNews(sock, self.mac, cooked=self._cooked)

    def counts(self) -> tuple[int, int]:
        """Return how many frames have passed the filter, and how many of them were lost here."""
        arrived, dropped = statistics(self._socket)
        self._arrived_so_far += arrived
        self._dropped += dropped
        return self._arrived_so_far, self._dropped

    def number_of(self, interface: str) -> int:
        """Return the number of an interface in this socket's network; 0: it is gone."""
        try:
            return index_of(self._socket, interface)
        except OSError:
            return 0

    def stop(self) -> None:
        """Let nothing more pass; what has come by now is still received."""
        attach(self._socket, DROP_ALL)

    @property
    def is_empty(self) -> bool:
        """After :meth:`stop`, and when ``receive`` has none: whether none will come any more."""
        return True

    def receive(self) -> News | None:
        if self._lost is not None and not self._pending:
            raise self._lost
        return super().receive()

    def _address(self, packet: Packet) -> LinkAddress:  # type: ignore[override]  # of a link
        if self._interface is None:
            raise BuildError(f"no interface to send from was chosen: {packet.outline}")
        first = packet.headers[0]
        if not isinstance(first, Ethernet) or first.ether_type is None:
            raise BuildError(f"a frame begins with an Ethernet header, unlike {packet.outline}")
        return (self._interface, first.ether_type, 0, 0, bytes(first.dst))

    def poster(self, packet: Packet) -> Callable[[bytes], object]:
        """Return what sends octets as the frame of such a packet."""
        address, sendto = self._address(packet), self._socket.sendto
        if self._cooked or not self._framed:
            return lambda octets: sendto(octets[HEADER:], address)
        return lambda octets: sendto(octets, address)

    def _octets(self, packet: Packet) -> bytes:
        octets = bytes(packet)
        return octets[HEADER:] if self._cooked or not self._framed else octets

    def _arrived(  # type: ignore[override]  # from an address of a link
        self, octets: bytes, ancillary: Ancillary, address: LinkAddress
    ) -> "Received":
        stamp, messages = None, ancillary
        if ancillary and ancillary[0][0] == socket.SOL_SOCKET:  # the kernel puts the stamp first
            seconds, nanoseconds = TIMESPEC.unpack_from(ancillary[0][2])
            stamp, messages = seconds * SECOND + nanoseconds, ancillary[1:]
        status, length, *tag = _auxiliary(messages)
        name, protocol, where, hardware, source = address
        length = max(length, len(octets))
        about = name or None, protocol, hardware, where, source
        return self._news.of(octets, stamp, status, (tag[0], tag[1]), length, *about)

    def _set_up(self, sock: socket.socket, wanted: FrameOptions) -> None:
        """Prepare the socket, and let nothing in for now."""
        attach(sock, DROP_ALL)
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
        self._share_memory(sock, wanted)

    def _let_in(self, sock: socket.socket, program: bytes | None) -> None:
        """Begin to hear, through the filter.

        Before that, a socket of all interfaces hears them since it was opened, and one of a
        group hears what goes to others of the group, from when it is bound until it joins.
        """
        if not self._index:
            discard_what_came(sock)
        self.counts()
        self._arrived_so_far = self._dropped = self._drops = 0
        if program:
            attach(sock, program)
        else:
            options.SO_DETACH_FILTER.set(sock)

    def _share_memory(self, sock: socket.socket, wanted: FrameOptions) -> None:
        """Prepare the way by which frames come, if that takes anything."""

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
        return self.counts()[1]


def open_frames(
    interface: str | None,
    ether_type: int = options.ETH_P_ALL,
    *,
    why: str | None = None,
    **wanted: Unpack[FrameOptions],
) -> FrameSocket:
    """Open a :class:`FrameSocket`, with our capabilities raised if it takes them.

    Its first news says what it is, and ``why``.

    Raises:
        MissingCapability: ``CAP_NET_RAW``, and how to come by it.
        UsageError: there is no such interface.
        OSError: this kernel has no such sockets.
    """
    from rawkit.wire.news import Opened

    io = with_raw(lambda: FrameSocket(interface, ether_type, **wanted))
    if wanted.get("cooked"):
        io.tell(Opened("cooked packet socket", why or "asked for"))
    else:
        io.tell(Opened("packet socket", why or "hears and sends whole frames"))
    return io


def with_raw(open_: Callable[[], SocketT]) -> SocketT:
    """Return what ``open_`` returns, with our capabilities raised if it takes them.

    Raises:
        MissingCapability: ``CAP_NET_RAW``, and how to come by it.
    """
    from rawkit.sockets.ladder import with_capabilities

    try:
        return with_capabilities(open_)
    except PermissionError as error:
        from rawkit.host.capability import Capability, missing

        raise missing(Capability.NET_RAW, to="open a packet socket") from error


def _open(cooked: bool, ether_type: int) -> socket.socket:
    """Open a socket that hears all interfaces; with EtherType 0, nothing until it is bound."""
    kind = socket.SOCK_DGRAM if cooked else socket.SOCK_RAW
    flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    return socket.socket(socket.AF_PACKET, kind | flags, socket.htons(ether_type))


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
        join(sock, index, kind, address)


def _auxiliary(messages: Ancillary) -> tuple[int, int, int, int]:
    """Return the status of a frame, its length, its tag, and what announced that."""
    for level, kind, data in messages:
        if (level, kind) == (options.SOL_PACKET, options.PACKET_AUXDATA.number):
            status, length, _, _, _, tci, tag_type = AUXDATA.unpack_from(data)
            return status, length, tci, tag_type
    return 0, 0, 0, 0


def _index_of(sock: socket.socket, interface: str | None) -> int:
    if interface is None:
        return 0
    try:
        return index_of(sock, interface)
    except OSError as error:
        raise UsageError(f"no interface {interface!r} here") from error
