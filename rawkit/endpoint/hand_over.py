"""A connection changes from our TCP to the kernel's, and back; the other side notices nothing.

Meanwhile nobody answers: a filter on the kernel's socket drops what arrives, so that it is sent
again. Needs ``CAP_NET_ADMIN``.
"""

import errno
import socket
import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import TypeVar

from rawkit.endpoint.guard_nft import FirewallGuard
from rawkit.endpoint.host import Host
from rawkit.endpoint.link import Link, Traffic
from rawkit.errors import NoAnswer, UsageError
from rawkit.host.capability import Capability, missing
from rawkit.host.source import socket_address
from rawkit.sockets.ladder import with_capabilities
from rawkit.sockets.tcp_repair import (
    SIOCOUTQ,
    Options,
    Queue,
    RepairSocket,
    Window,
    is_established,
    queued,
    wait_until_acknowledged,
)
from rawkit.tcp.codec import Arrival, Writer
from rawkit.tcp.connection import Connection
from rawkit.tcp.flow import Flow
from rawkit.tcp.handover import Snapshot, adopted, is_movable, let_go, snapshot
from rawkit.tcp.icmp import Advice
from rawkit.tcp.segment import WRAP, Segment
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address

WISH = "hand a connection over"
MOST_AT_ONCE = 4096
"""Segments that are taken in before the last look."""
Opened = TypeVar("Opened")


class ToKernel:
    """A connection of ours on its way to a socket of the kernel's."""

    def __init__(self, host: Host, connection: Connection) -> None:
        """Open the socket.

        Raises:
            MissingCapability: ``CAP_NET_ADMIN``.
            UsageError: this kernel cannot do it.
        """
        self._host, self._connection = host, connection
        self._repaired = _permitted(partial(RepairSocket.fresh, connection.block.version))
        self._room = self._repaired.room

    def attempt(self) -> socket.socket | None:
        """Hand over, if all that was written has left and not too much is under way.

        The host is closed then. Nobody else may touch it meanwhile.

        Raises:
            UsageError: the connection is not open, or one of the sides has ended; or too much
                was not read; or there is no such address here. It goes on as it was.
        """
        host, connection = self._host, self._connection
        host.take_in(MOST_AT_ONCE)
        host.flush()
        if not is_movable(connection.block, self._room):
            return None
        _make_room(host)
        _fill(self._repaired, snapshot(connection.block, time.monotonic()))
        let_go(connection)
        host.flush()
        host.close()  # first: it would reset a connection that it does not know
        return self._repaired.release()

    def give_up(self) -> None:
        """Close the socket in silence."""
        self._repaired.close()


class RepairGuard:
    """Keeps the kernel away from one connection: by its socket, in repair and deaf."""

    def __init__(self, repaired: RepairSocket, flow: Flow) -> None:
        self._repaired = repaired
        self.address, self.port = flow.local, flow.local_port
        self.layers: tuple[str, ...] = ("repair",)

    def close(self) -> None:
        """Close the socket, in silence."""
        self._repaired.close()


class OneFlow:
    """A link that passes on one connection alone: on its port there may be others, the kernel's."""

    def __init__(self, link: Link, flow: Flow) -> None:
        self._link, self._key = link, flow.key
        self.name, self.gso = link.name, link.gso
        self.traffic: Traffic = link.traffic
        self.reader = link.reader

    def mtu_to(self, flow: Flow) -> int:
        return self._link.mtu_to(flow)

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        self._link.send(writer, segments)

    def receive(self, most: int) -> list[Arrival]:
        return [one for one in self._link.receive(most) if one[0] == self._key]

    def advice(self) -> list[tuple[Flow, Advice]]:
        return self._link.advice()

    def filenos(self) -> tuple[int, ...]:
        return self._link.filenos()

    def close(self) -> None:
        self._link.close()


def flow_of(sock: socket.socket) -> Flow:
    """Return the two ends of a connected TCP socket.

    Raises:
        UsageError: it is none.
    """
    families = (socket.AF_INET, socket.AF_INET6)
    if sock.family not in families or sock.type != socket.SOCK_STREAM:
        raise UsageError("a TCP socket is wanted")
    try:
        local, remote = sock.getsockname(), sock.getpeername()
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise
        raise UsageError("this socket is not connected") from error
    return Flow(_address(local[0]), local[1], _address(remote[0]), remote[1])


def check_established(sock: socket.socket) -> None:
    """Raise :class:`UsageError` unless both sides may still write."""
    if not is_established(sock):
        raise UsageError("only a connection that is ESTABLISHED can be taken over")


def from_kernel(
    sock: socket.socket, link: Link, settings: Settings, secret: bytes, timeout: float
) -> tuple[Host, Connection]:
    """Go on with the connection of a kernel socket.

    Args:
        sock: the socket; it is used up. If this fails, it goes on as it was.
        link: what is to move segments; it hears already.
        settings: how the connection is to behave.
        secret: of the host.
        timeout: the longest to wait until all that was written is acknowledged, in seconds.

    Raises:
        MissingCapability: ``CAP_NET_ADMIN``.
        NoAnswer: it was not acknowledged in time.
        UsageError: it is not connected, or one of the sides has ended.
    """
    flow = flow_of(sock)
    until = time.monotonic() + timeout
    while True:
        if not wait_until_acknowledged(sock, until - time.monotonic(), time.monotonic):
            raise NoAnswer(f"{flow}: what was written is not acknowledged in {timeout:g} s")
        check_established(sock)
        repaired = _permitted(partial(RepairSocket, sock))
        if is_established(sock) and not queued(sock, SIOCOUTQ):
            break
        repaired.release()  # something has happened right before
    try:
        repaired.silence()
        found = _read(repaired, flow)
    except BaseException:
        repaired.release()
        raise
    repaired.socket = socket.socket(fileno=sock.detach())
    host = Host(OneFlow(link, flow), RepairGuard(repaired, flow), secret=secret)
    connection = adopted(found, host.fitting(flow, settings), time.monotonic(), secret)
    host.stack.adopt(connection)
    return host, connection


def _make_room(host: Host) -> None:
    """Put a firewall in the place of a guard that is connected to the same other end."""
    guard = host.guard
    if isinstance(guard, RepairGuard):
        bridge = FirewallGuard(guard.address, range(guard.port, guard.port + 1))
        host.guard = bridge
        guard.close()


def _fill(repaired: RepairSocket, found: Snapshot) -> None:
    """Have a fresh socket be connected as our connection is."""
    flow, sock = found.flow, repaired.socket
    _bind(sock, flow)
    repaired.set_sequence(Queue.SEND, found.first)
    repaired.set_sequence(Queue.RECEIVE, found.next - len(found.unread))
    repaired.set_segment_size(found.mss)
    sock.connect(socket_address(flow.remote, flow.remote_port))
    repaired.agree(Options(found.mss, found.scales, found.sack, found.timestamps))
    if found.timestamps:
        repaired.set_stamp(found.stamp)
    repaired.put(Queue.RECEIVE, found.unread)
    window = Window(found.window_at, found.window, found.largest_window, found.given, found.next)
    repaired.set_window(window)
    repaired.put(Queue.SEND, found.in_flight)


def _bind(sock: socket.socket, flow: Flow) -> None:
    """Take the port; in repair that is allowed though the guard has it."""
    try:
        sock.bind(socket_address(flow.local, flow.local_port))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        said = f"{flow.local} is not an address of this host's kernel, or not of this network"
        raise UsageError(said) from error


def _read(repaired: RepairSocket, flow: Flow) -> Snapshot:
    """Return where a kernel's connection is."""
    window, options = repaired.window(), repaired.options()
    expected = repaired.sequence(Queue.RECEIVE)
    given = (window.ours_from + window.ours - expected) & WRAP
    return Snapshot(
        flow=flow,
        first=repaired.sequence(Queue.SEND),
        next=expected,
        unread=repaired.unread(),
        mss=options.mss,
        scales=options.scales,
        sack=options.sack,
        timestamps=options.timestamps,
        stamp=repaired.stamp(),
        window=window.theirs,
        largest_window=window.largest,
        window_at=window.told_at,
        given=given if given < 1 << 31 else 0,
    )


def _permitted(open_: Callable[[], Opened]) -> Opened:
    try:
        return with_capabilities(open_)
    except PermissionError as error:
        raise missing(Capability.NET_ADMIN, to=WISH) from error


def _address(text: str) -> Address:
    """Read an address; IPv4 in IPv6 form is IPv4 on the wire."""
    found = ip_address(text)
    if found.version == 6 and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
