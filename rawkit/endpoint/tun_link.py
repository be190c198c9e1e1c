"""Segments through a TUN interface of our own (Linux's Documentation/networking/tuntap.rst).

Behind it is one address, which the kernel does not have: a host of its own, on which all ports are
ours and no guard is needed. The kernel routes to it, and from it if it forwards. Offload is as
with packet sockets. Needs ``CAP_NET_ADMIN`` and leave to open ``/dev/net/tun``; the interface and
the route to it go with the process.
"""

import errno
import fcntl
import os
import struct

from rawkit.endpoint.link import Traffic
from rawkit.endpoint.packet_link import (
    CHECKSUM,
    DATA_VALID,
    LARGEST_PAYLOAD,
    NEEDS_CHECKSUM,
    TCP_V4,
    TCP_V6,
    VNET,
    WITH_ECN,
)
from rawkit.host.tun import open_way
from rawkit.tcp.codec import Arrival, Reader, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice, advice_in
from rawkit.tcp.segment import CWR, Segment
from rawkit.wire.address import Address
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.numbers import IPProtocol

DEVICE = "/dev/net/tun"
TUNSETIFF, TUNSETOFFLOAD = 0x400454CA, 0x400454D0
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
OFFLOADS = 0x01 | 0x02 | 0x04
"""TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6: what the kernel may leave to us."""
IFREQ = struct.Struct("16sH22x")
ICMPS = {4: int(IPProtocol.ICMP), 6: int(IPProtocol.ICMPV6)}
LARGEST = 0x1_0000 + VNET.size
MOST_ADVICE = 64


class TunLink:
    """A TUN interface with one address behind it."""

    name = "tun"
    gso = LARGEST_PAYLOAD

    def __init__(self, local: Address, mtu: int = 1500) -> None:
        """Make the interface, and a route to the address.

        Args:
            local: the address behind it, which nobody else has.
            mtu: of the interface, in octets.

        Raises:
            PermissionError: ``CAP_NET_ADMIN`` is missing, or leave to open the device.
            OSError: this kernel has no TUN.
        """
        self.traffic = Traffic()
        self.reader = Reader(takes_unfinished=False)
        self._local, self._mtu = local, mtu
        self._advice: list[tuple[Flow, Advice]] = []
        self._buffer = bytearray(LARGEST)
        self._view = memoryview(self._buffer)
        self._fd = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            made = fcntl.ioctl(
                self._fd, TUNSETIFF, IFREQ.pack(b"rawkit%d", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)
            )
            fcntl.ioctl(self._fd, TUNSETOFFLOAD, OFFLOADS)
            self.interface = made[:16].rstrip(b"\0").decode()
            """The name that the kernel chose."""
            open_way(self.interface, local, mtu)
        except BaseException:
            os.close(self._fd)
            raise

    def mtu_to(self, flow: Flow) -> int:
        return self._mtu

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        traffic = self.traffic
        for segment in segments:
            try:
                os.writev(self._fd, self._packet(writer, segment))
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM, errno.EIO):
                    raise
                traffic.refused += 1
                traffic.last_refusal = error
            else:
                traffic.sent += 1

    def receive(self, most: int) -> list[Arrival]:
        arrivals: list[Arrival] = []
        for _ in range(most):
            try:
                size = os.readv(self._fd, [self._buffer])
            except BlockingIOError:
                break
            self.traffic.received += 1
            found = self._read(self._view[VNET.size : size])
            if found is not None:
                arrivals.append(found)
        return arrivals

    def advice(self) -> list[tuple[Flow, Advice]]:
        found, self._advice = self._advice, []
        return found

    def filenos(self) -> tuple[int, ...]:
        return (self._fd,)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _packet(self, writer: Writer, s: Segment) -> list[bytes | memoryview]:
        """Return a packet in pieces, the ``virtio_net_hdr`` in front."""
        headers = writer.head(s, partial=True)
        is_v6 = self._local.version == 6
        kind = size = length = 0
        if s.cut and len(s.payload) > s.cut:
            kind = (TCP_V6 if is_v6 else TCP_V4) | (WITH_ECN if s.flags & CWR else 0)
            size, length = s.cut, len(headers)
        start = 40 if is_v6 else 20
        return [VNET.pack(NEEDS_CHECKSUM, kind, length, size, start, CHECKSUM), headers, s.payload]

    def _read(self, packet: memoryview) -> Arrival | None:
        version = packet[0] >> 4 if packet else 0
        if version != self._local.version:
            return None
        protocol = packet[9] if version == 4 else packet[6]
        if protocol == ICMPS[version]:
            self._hear(bytes(packet))
            return None
        verified = bool(self._buffer[0] & (NEEDS_CHECKSUM | DATA_VALID))
        found = self.reader.read(packet, verified=verified)
        size = len(self._local.packed)
        is_ours = found is not None and found[0][size : 2 * size] == self._local.packed
        return found if is_ours else None

    def _hear(self, packet: bytes) -> None:
        """Keep what an ICMP error says."""
        advice = advice_in(dissect_ip(packet))
        if advice is not None and len(self._advice) < MOST_ADVICE:
            self._advice.append(advice)
