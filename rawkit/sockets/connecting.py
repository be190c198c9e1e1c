"""Pings by TCP without privilege: the kernel connects, and says how it went (connect(2)).

One socket for each SYN that an engine hands over. Nothing is left behind: the ACK that
would complete a handshake is put off (TCP_QUICKACK), and the socket closed by RST
(SO_LINGER) before it is due, so no program at the other end hears of it.

No segment is seen here. What the engine reads is put together: a SYN-ACK or RST that
acknowledges its own SYN, all other fields 0. The round trip is that which the kernel
measured (TCP_INFO), so it does not matter how busy this program is; of a RST the kernel
measures none, so there this program's clock has to do. ICMP errors come through the error
queue, as everywhere, and quote the engine's SYN in place of the kernel's.

A SYN without an answer is sent again by the kernel, after a second and perhaps once more;
after about three seconds it gives up, and so does the socket.
"""

import errno
import os
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import BuildError
from rawkit.record import record
from rawkit.sockets import options
from rawkit.sockets.error_queue import ExtendedError, rebuild
from rawkit.sockets.header_fields import IPv4Fields, IPv6Fields, SocketAddress
from rawkit.sockets.kernel import ANCILLARY_SPACE, open_socket
from rawkit.sockets.ping import ask_for_errors
from rawkit.sockets.settings import Settings, apply
from rawkit.wire.address import Address
from rawkit.wire.handshake import Handshake
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News, SendFailed, Transmitted
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received
from rawkit.wire.tcp import TCP, Flags

FEWEST_REPEATS = 1
"""Of the SYN, as the kernel counts them (tcp(7), TCP_SYNCNT)."""
ABORT = struct.pack("@ii", 1, 0)
"""struct linger: close at once, by RST."""
TCP_INFO = struct.Struct("@B67xI28xI")
"""Of struct tcp_info (linux/tcp.h): the state, the round trip in µs, and how many segments
were sent again."""
SYN_SENT = 2
SINCE_ANSWERED = (0, errno.ECONNRESET, errno.EPIPE)
"""What may be the matter with a connection that was made; the latter two if the other end
has left it already."""
UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY)
Here = Callable[[], AbstractContextManager[object]]
ICMP_ORIGINS = (options.SO_EE_ORIGIN_ICMP, options.SO_EE_ORIGIN_ICMP6)
THIRTY_TWO = 0xFFFF_FFFF


@record
class Attempt:
    """One connection that the kernel is making."""

    sock: socket.socket
    packet: Packet
    """The SYN that stands for it."""
    ip: IPv4 | IPv6
    syn: TCP
    started: float
    """By the monotonic clock."""


class ConnectPipe:
    """A packet pipe that takes SYNs, and has the kernel connect."""

    def __init__(self, version: int, settings: Settings, here: Here = nullcontext) -> None:
        """Prepare to connect.

        Args:
            version: 4 or 6.
            settings: how to set each socket up.
            here: what puts this thread into the network that all of them belong to.

        Raises:
            MissingCapability: the mark needs one.
            OSError: this kernel has no such sockets.
            UsageError: there is no such interface or source address here.
        """
        self._version = version
        self._settings = settings
        self._here = here
        self._news = deque[News]()
        self._attempts: dict[int, Attempt] = {}
        self._first: socket.socket | None = self._open()
        self._epoll = select.epoll()

    def send(self, packet: Packet) -> None:
        match packet.headers:
            case (IPv4() | IPv6() as ip, TCP(flags=Flags.SYN) as syn):
                pass
            case _:
                raise BuildError(f"only a SYN makes the kernel connect, not {packet.outline}")
        if self._epoll.closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        sock, self._first = self._first or self._open(), None
        try:
            address = _fit(sock, ip, syn.dst_port, self._settings)
            attempt = Attempt(sock, packet, ip, syn, time.monotonic())
            code = sock.connect_ex(address)
            if code not in UNDER_WAY:
                self._news.extend(_outcome(attempt, time.monotonic(), code))
        except BaseException:
            sock.close()
            raise
        if code in UNDER_WAY:
            self._attempts[sock.fileno()] = attempt
            self._epoll.register(sock, select.EPOLLOUT)
        else:
            sock.close()

    def receive(self) -> News | None:
        if not self._news and self._attempts:
            for fd, _ in self._epoll.poll(0):
                self._epoll.unregister(fd)
                self._finish(self._attempts.pop(fd))
        return self._news.popleft() if self._news else None

    def fileno(self) -> int:
        return self._epoll.fileno() if not self._epoll.closed else -1

    def close(self) -> None:
        for attempt in self._attempts.values():
            attempt.sock.close()
        self._attempts.clear()
        if self._first is not None:
            self._first.close()
        self._epoll.close()

    def tell(self, news: News) -> None:
        """Have ``receive`` return this, after what it already has to tell."""
        self._news.append(news)

    def _open(self) -> socket.socket:
        """Return a socket that is ready to connect."""
        with self._here():
            sock = open_socket(self._version, socket.SOCK_STREAM, IPProtocol.TCP)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, FEWEST_REPEATS)
            ask_for_errors(sock, self._version)
            with suppress(OSError):  # before Linux 4.2 a bound socket has its port too soon
                options.IP_BIND_ADDRESS_NO_PORT.set(sock)
            apply(sock, self._version, self._settings)
        except BaseException:
            sock.close()
            raise
        return sock

    def _finish(self, attempt: Attempt) -> None:
        """Tell what became of an attempt, and leave nothing of it behind."""
        try:
            self._news.extend(_outcome(attempt, time.monotonic()))
        except OSError as error:
            self._news.append(SendFailed(attempt.packet, error))
        finally:
            attempt.sock.close()


def _outcome(attempt: Attempt, now: float, code: int = 0) -> tuple[News, ...]:
    """Return what became of an attempt; nothing, if nobody answered.

    Args:
        attempt: the attempt.
        now: when that was found out.
        code: what connect(2) said, if it said it at once.

    Raises:
        OSError: it failed on this host.
    """
    if (error := _icmp_error(attempt, now)) is not None:
        return Transmitted(attempt.packet, attempt.started, Clock.USER), error
    sock = attempt.sock
    code = code or sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO.size)
    state, microseconds, resent = TCP_INFO.unpack(info)
    rtt = microseconds / 1e6 if microseconds else None
    waited = now - attempt.started
    if code in SINCE_ANSWERED and state != SYN_SENT and not _has_met_itself(sock):
        return _answered(attempt, Flags.SYN, Handshake(rtt, resent, waited))
    if code == errno.ECONNREFUSED or (code == 0 and state != SYN_SENT):
        return _answered(attempt, Flags.RST, Handshake(None, resent, waited))
    if code in (0, errno.ETIMEDOUT):
        return ()  # the kernel has given up; the engine may still wait, in vain
    raise OSError(code, os.strerror(code))


def _has_met_itself(sock: socket.socket) -> bool:
    """Tell whether a socket is connected to itself, for want of anybody else at that port.

    To a port of this host, the kernel may choose the very same one to connect from; both
    ends are then opened at once (RFC 9293 §3.5), by the same socket.
    """
    try:
        return bool(sock.getsockname()[:2] == sock.getpeername()[:2])
    except OSError:
        return False  # the other end has left already: it was another


def _fit(sock: socket.socket, ip: IPv4 | IPv6, port: int, settings: Settings) -> SocketAddress:
    """Prepare a socket for what the IP header asks for; return where to connect to."""
    kind = IPv4Fields if isinstance(ip, IPv4) else IPv6Fields
    fields = kind(sock, settings.pmtu, learn_pmtu=settings.learn_pmtu)
    host, _, *rest = fields.fit(ip)
    return (host, port, *rest)  # type: ignore[return-value]  # two or four of them


def _answered(attempt: Attempt, flags: Flags, handshake: Handshake) -> tuple[News, ...]:
    """Return the departure of a SYN and its answer, as far as they are told."""
    ip, syn = attempt.ip, attempt.syn
    acknowledgment = syn.sequence + 1 & THIRTY_TWO
    flags |= Flags.ACK
    segment = TCP(syn.dst_port, syn.src_port, 0, acknowledgment, flags, window=0)
    packet = Packet((_back(ip, ip.dst, IPProtocol.TCP), segment))
    took, clock = handshake.waited, Clock.USER
    if handshake.rtt is not None and not handshake.resent:
        took, clock = handshake.rtt, Clock.KERNEL
    return (
        Transmitted(attempt.packet, attempt.started, clock),
        Received(packet, attempt.started + took, None, clock, handshake=handshake),
    )


def _icmp_error(attempt: Attempt, now: float) -> Received | None:
    """Return the ICMP error in the error queue, if there is one."""
    try:
        _, ancillary, _, _ = attempt.sock.recvmsg(0, ANCILLARY_SPACE, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    for _, _, data in ancillary:
        error = ExtendedError.read(data)
        if error.origin not in ICMP_ORIGINS:
            continue
        v4 = isinstance(attempt.ip, IPv4)
        source: Address = IPv4Address(error.offender) if v4 else IPv6Address(error.offender)
        outer = _back(attempt.ip, source, IPProtocol.ICMP if v4 else IPProtocol.ICMPV6)
        asked, syn = str(attempt.ip.dst).partition("%")[0], attempt.syn.pack()
        packet = rebuild(error._replace(length=0), outer, asked, syn, IPProtocol.TCP)
        return None if packet is None else Received(packet, now, None, Clock.USER)
    return None


def _back(ours: IPv4 | IPv6, source: Address, protocol: int) -> IPv4 | IPv6:
    """Return the IP header of a packet to us; all that is not told is 0."""
    match ours, source:
        case IPv4(src=us), IPv4Address():
            return IPv4(source, us, protocol, ttl=0, dont_fragment=False)
        case IPv6(src=us6), IPv6Address():
            return IPv6(source, us6, protocol, hop_limit=0)
    raise ValueError(f"{source} is not of the version of {ours}")
