"""Segments through raw IP sockets (raw(7)): the kernel routes, finds neighbours and does no more.

They go out with their IP header as it is (IP_HDRINCL), and come in as copies of what the kernel's
own TCP gets, too. Needs ``CAP_NET_RAW``.
"""

import errno
import socket
from contextlib import suppress
from functools import lru_cache

from rawkit.endpoint.advice import AdviceSocket
from rawkit.endpoint.link import Traffic
from rawkit.host.source import socket_address
from rawkit.sockets import options
from rawkit.sockets.bpf import attach
from rawkit.sockets.kernel import open_socket
from rawkit.sockets.ports import NOTHING
from rawkit.sockets.raw import discard_what_came
from rawkit.sockets.settings import Settings, apply
from rawkit.tcp.codec import Arrival, Reader, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice
from rawkit.tcp.segment import Segment
from rawkit.wire.address import Address
from rawkit.wire.bpf import (
    ALL,
    JUMP_EQUAL,
    LOAD_HALF,
    LOAD_HALF_FROM_X,
    LOAD_X_IHL,
    RETURN,
    Op,
    assemble,
)

RECEIVE_BUFFER, SEND_BUFFER = 8 << 20, 4 << 20
LARGEST = 0x1_0000 + 64
DST_PORT = 2
"""Where the TCP header has it."""
DISCARD = 9
"""Any port will do: connecting a UDP socket sends nothing."""
SMALLEST_MTU = {4: 576, 6: 1280}
"""Where there is no way at the moment."""
TCLASS_SPACE = socket.CMSG_SPACE(4)
LOSSES = frozenset(
    (
        *(errno.ENOBUFS, errno.EAGAIN, errno.ENOMEM, errno.EPERM, errno.EMSGSIZE),
        *(errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EACCES),
        *(errno.EADDRNOTAVAIL, errno.EINVAL, errno.ECONNREFUSED, errno.EHOSTDOWN),
    )
)
"""What sendto(2) says of a packet that it does not take; TCP sends again."""


def port_filter(version: int, port: int) -> bytes:
    """Return a program for raw TCP sockets that lets pass what is for one port."""
    load = [Op(LOAD_X_IHL, 0), Op(LOAD_HALF_FROM_X, DST_PORT)]
    if version == 6:  # such a socket gives no IP header
        load = [Op(LOAD_HALF, DST_PORT)]
    ask = Op(JUMP_EQUAL, port, "pass", "drop")
    return assemble([*load, ask, "pass", Op(RETURN, ALL), "drop", Op(RETURN, 0)])


@lru_cache(1024)
def address_of(remote: Address) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return what sendto(2) takes for an address: made once for many packets."""
    return socket_address(remote, 0)


class RawLink:
    """Raw sockets for one address and port of this host."""

    name = "raw"
    gso = 0

    def __init__(self, local: Address, port: int, interface: str | None = None) -> None:
        """Open the sockets.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            UsageError: there is no such interface or address here.
        """
        self.traffic = Traffic()
        self.reader = Reader()
        self._local, self._interface = local, interface
        self._out = self._in = open_socket(local.version, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._probe = open_socket(local.version, socket.SOCK_DGRAM, 0)  # in this network, too
        try:
            apply(self._probe, local.version, Settings(interface=interface))
            self._in = open_socket(local.version, socket.SOCK_RAW, socket.IPPROTO_TCP)
            self._set_up(port)
            self._advice = AdviceSocket(local.version, interface)
        except BaseException:
            for one in (self._out, self._in, self._probe):
                one.close()
            raise
        self._buffer = bytearray(LARGEST)
        self._view = memoryview(self._buffer)
        self._packed: dict[str, bytes] = {}
        self._mtu_to = lru_cache(256)(self._ask_mtu)

    def mtu_to(self, flow: Flow) -> int:
        return self._mtu_to(flow.remote)

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        address = address_of(writer.flow.remote)
        sendto, traffic = self._out.sendto, self.traffic
        for segment in segments:
            try:
                sendto(writer.pack(segment), address)
            except OSError as error:
                if error.errno not in LOSSES:
                    raise
                traffic.refused += 1
                traffic.last_refusal = error
            else:
                traffic.sent += 1

    def receive(self, most: int) -> list[Arrival]:
        one = self._receive_v4 if self._local.version == 4 else self._receive_v6
        arrivals: list[Arrival] = []
        for _ in range(most):
            try:
                found = one()
            except BlockingIOError:
                break
            except OSError as error:  # a belated refusal of something that was sent
                self.traffic.last_refusal = error
                continue
            self.traffic.received += 1
            if found is not None:
                arrivals.append(found)
        return arrivals

    def advice(self) -> list[tuple[Flow, Advice]]:
        return self._advice.take()

    def filenos(self) -> tuple[int, ...]:
        return self._in.fileno(), self._advice.fileno()

    def close(self) -> None:
        for one in (self._in, self._out, self._probe, self._advice):
            one.close()

    def _set_up(self, port: int) -> None:
        version, received = self._local.version, self._in
        attach(self._out, NOTHING)
        attach(received, port_filter(version, port))
        if version == 6:
            options.IPV6_HDRINCL.set(self._out)
            received.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        discovery = options.IP_MTU_DISCOVER if version == 4 else options.IPV6_MTU_DISCOVER
        discovery.set(self._out, options.PMTUDISC_OMIT)  # the engine finds the path's MTU
        interface = self._interface
        apply(self._out, version, Settings(interface=interface, send_buffer=SEND_BUFFER))
        local = Settings(src=self._local, interface=interface, receive_buffer=RECEIVE_BUFFER)
        apply(received, version, local)
        discard_what_came(received)

    def _receive_v4(self) -> Arrival | None:
        size = self._in.recv_into(self._buffer)
        return self.reader.read(self._view[:size])

    def _receive_v6(self) -> Arrival | None:
        size, messages, _, address = self._in.recvmsg_into([self._buffer], TCLASS_SPACE)
        ecn = 0
        for _, kind, data in messages:
            if kind == socket.IPV6_TCLASS:
                ecn = data[0 if socket.htons(1) != 1 else 3] & 0b11
        return self.reader.read_inside(self._view[:size], self._addresses(address[0]), ecn)

    def _addresses(self, source: str) -> bytes:
        """Return both addresses, packed."""
        found = self._packed.get(source)
        if found is None:
            if len(self._packed) > 4096:
                self._packed.clear()
            octets = socket.inet_pton(socket.AF_INET6, source.partition("%")[0])
            found = self._packed[source] = octets + self._local.packed
        return found

    def _ask_mtu(self, remote: Address) -> int:
        """Return the MTU of the path to there, as the kernel knows it."""
        with suppress(OSError):
            self._probe.connect(socket_address(remote, DISCARD))
            asked = options.IP_MTU if self._local.version == 4 else options.IPV6_MTU
            return asked.get(self._probe)
        return SMALLEST_MTU[self._local.version]
