"""Segments through a packet socket (packet(7)): in large pieces, which the kernel or the card cuts.

With PACKET_VNET_HDR each frame has a ``virtio_net_hdr`` in front, which leaves the checksum to be
finished, and a segment of up to 64 kB to be cut, by whoever is next. Coming in, it tells that such
a sender's checksum is not finished. The first segment to somebody leaves by a raw socket, so that
the kernel finds the neighbour; his hardware address is then read from what he answers.
"""

import socket
import struct

from rawkit.endpoint.link import Traffic
from rawkit.endpoint.raw_link import LOSSES, RECEIVE_BUFFER, SEND_BUFFER, RawLink
from rawkit.errors import UsageError
from rawkit.host.links import HostLink, link
from rawkit.sockets import options
from rawkit.sockets.bpf import attach
from rawkit.sockets.options import SOL_PACKET, Option
from rawkit.sockets.settings import Settings, apply
from rawkit.tcp.codec import Arrival, Writer
from rawkit.tcp.segment import CWR, Segment, parts_of
from rawkit.wire.address import Address
from rawkit.wire.bpf import (
    ALL,
    JUMP_EQUAL,
    LOAD_BYTE,
    LOAD_HALF,
    LOAD_HALF_FROM_X,
    LOAD_X_IHL,
    RETURN,
    Line,
    Op,
    assemble,
)

PACKET_VNET_HDR = Option("PACKET_VNET_HDR", SOL_PACKET, 15, "bool", "2.6.27")
VNET = struct.Struct("@BBHHHH")
"""struct virtio_net_hdr: flags, kind of offload, octets of headers, octets of a piece, where the
checksum begins, and where in there it is put."""
NEEDS_CHECKSUM, DATA_VALID = 1, 2
TCP_V4, TCP_V6, WITH_ECN = 1, 4, 0x80
ETHERNET = 14
CHECKSUM = 16
"""Where the TCP header has it."""
TYPES = {4: 0x0800, 6: 0x86DD}
LARGEST_PAYLOAD = 0xFFFF - 120
"""Octets: headers with all their options fit in front."""
MOST_NEIGHBOURS = 4096


def frame_filter(version: int, port: int) -> bytes:
    """Return a program for Ethernet frames that lets pass TCP for one port."""
    tcp = Op(JUMP_EQUAL, socket.IPPROTO_TCP, "", "drop")
    lines: list[Line] = [Op(LOAD_HALF, 12), Op(JUMP_EQUAL, TYPES[version], "", "drop")]
    if version == 4:
        lines += [Op(LOAD_BYTE, ETHERNET + 9), tcp, Op(LOAD_X_IHL, ETHERNET)]
        lines.append(Op(LOAD_HALF_FROM_X, ETHERNET + 2))
    else:
        lines += [Op(LOAD_BYTE, ETHERNET + 6), tcp, Op(LOAD_HALF, ETHERNET + 42)]
    lines.append(Op(JUMP_EQUAL, port, "pass", "drop"))
    return assemble([*lines, "pass", Op(RETURN, ALL), "drop", Op(RETURN, 0)])


class PacketLink(RawLink):
    """A packet socket on one interface, for one address and port of this host."""

    name = "packet"
    gso = 0

    def __init__(
        self, local: Address, port: int, interface: str | None = None, *, offload: bool = True
    ) -> None:
        """Open the sockets.

        Args:
            local: the address.
            port: its port.
            interface: where segments come and go.
            offload: have segments cut and summed up by the kernel; else they leave whole.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            UsageError: no interface is named, or it has no Ethernet headers.
        """
        if interface is None:
            raise UsageError("a packet link needs the interface that it is on")
        self._card = _ethernet(interface)
        self._own = local.packed
        super().__init__(local, port, interface)
        self.offload = offload
        if offload:
            self.name, self.gso = "offload", LARGEST_PAYLOAD
        self._neighbours: dict[bytes, bytes] = {}
        """Frame headers to whoever has sent something, by his address."""
        self._frames = socket.socket()
        self._frames.close()
        try:
            self._frames = self._open(local.version, port)
        except BaseException:
            self.close()
            raise

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        head = self._neighbours.get(writer.flow.remote.packed)
        if head is None:
            whole = [part for one in segments for part in (parts_of(one) if one.cut else [one])]
            super().send(writer, whole)
            return
        traffic: Traffic = self.traffic
        for segment in segments:
            try:
                self._frames.sendmsg(self._frame(head, writer, segment))
            except OSError as error:
                if error.errno not in LOSSES:
                    raise
                traffic.refused += 1
                traffic.last_refusal = error
            else:
                traffic.sent += 1

    def receive(self, most: int) -> list[Arrival]:
        arrivals: list[Arrival] = []
        for _ in range(most):
            try:
                size = self._frames.recv_into(self._buffer)
            except BlockingIOError:
                break
            self.traffic.received += 1
            found = self._read(self._view[:size])
            if found is not None:
                arrivals.append(found)
        return arrivals

    def filenos(self) -> tuple[int, ...]:
        return self._frames.fileno(), self._advice.fileno()

    def close(self) -> None:
        super().close()
        self._frames.close()

    def _open(self, version: int, port: int) -> socket.socket:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        opened = socket.socket(socket.AF_PACKET, kind, 0)  # hears nothing before it is bound
        try:
            attach(opened, frame_filter(version, port))
            if self.offload:
                PACKET_VNET_HDR.set(opened)
            options.PACKET_IGNORE_OUTGOING.set(opened)
            apply(opened, 4, Settings(receive_buffer=RECEIVE_BUFFER, send_buffer=SEND_BUFFER))
            opened.bind((self._card.name, TYPES[version]))
        except BaseException:
            opened.close()
            raise
        return opened

    def _frame(self, head: bytes, writer: Writer, s: Segment) -> list[bytes | memoryview]:
        """Return a frame in pieces, the ``virtio_net_hdr`` in front."""
        if not self.offload:
            return [head, writer.head(s), s.payload]
        headers = writer.head(s, partial=True)
        start = ETHERNET + (40 if self._local.version == 6 else 20)
        kind = size = length = 0
        if s.cut and len(s.payload) > s.cut:
            kind = TCP_V6 if self._local.version == 6 else TCP_V4
            if s.flags & CWR:
                kind |= WITH_ECN
            size, length = s.cut, ETHERNET + len(headers)
        vnet = VNET.pack(NEEDS_CHECKSUM, kind, length, size, start, CHECKSUM)
        return [vnet, head, headers, s.payload]

    def _read(self, frame: memoryview) -> Arrival | None:
        verified = False
        if self.offload:
            verified = bool(frame[0] & (NEEDS_CHECKSUM | DATA_VALID))
            frame = frame[VNET.size :]
        found = self.reader.read(frame[ETHERNET:], verified=verified)
        if found is None:
            return None
        own = self._own
        size = len(own)
        remote = found[0][:size]
        if found[0][size : 2 * size] != own:
            return None  # for another address: there the kernel answers
        if remote not in self._neighbours:
            if len(self._neighbours) >= MOST_NEIGHBOURS:
                self._neighbours.clear()
            kind = TYPES[self._local.version].to_bytes(2, "big")
            self._neighbours[remote] = bytes(frame[6:12]) + self._card.mac + kind
        return found


def _ethernet(name: str) -> HostLink:
    found = link(name)
    if not (found.has_neighbours or name == "lo"):
        raise UsageError(f"{name} has no Ethernet headers: choose the raw link")
    return found
