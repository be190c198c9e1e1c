"""A UDP port in user space, used like a socket: its datagrams are made and read by hand."""

import errno
import select
import time
from math import inf
from types import TracebackType
from typing import Self

from rawkit.endpoint.conversation import icmp_words
from rawkit.endpoint.udp_pipe import UDPPipe
from rawkit.engine.udp_handshake import error_about, is_refusal
from rawkit.errors import ConnectionFailed, NoAnswer, UsageError
from rawkit.record import record
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address, same_address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Received
from rawkit.wire.udp import UDP

TTL = 64
FRAGMENTATION_NEEDED = 4
MOST_PAYLOAD = {4: 65_507, 6: 65_527}
"""Octets, by version of IP; beyond the path's MTU the kernel sends fragments."""


@record
class Datagram:
    """What came in one piece."""

    payload: bytes
    source: Address
    port: int
    """Of the source."""
    ttl: int
    """Or hop limit, as it was on arrival."""
    time: float
    """When it came, in seconds of ``time.monotonic()``; stamped by the kernel."""
    received: Received
    """All of it."""


class DatagramPort:
    """Datagrams from and to one port of ours; with anybody, or with one other side alone."""

    def __init__(self, pipe: UDPPipe, peer: tuple[Address, int] | None = None) -> None:
        """Wrap a pipe; :func:`rawkit.udp_raw` makes these.

        Args:
            pipe: belongs to this object from now on.
            peer: the one other side; ``None``: anybody.
        """
        self._pipe = pipe
        self.address, self.port = pipe.address, pipe.port
        self.peer = peer
        self.timeout: float | None = None
        """The longest that :meth:`receive` waits, in seconds; ``None``: as long as it takes."""
        self.ttl = TTL
        """Of what is sent (the hop limit, of IPv6)."""
        self.damaged = 0
        """Datagrams whose checksum was wrong; they are dropped."""

    def send(
        self, payload: bytes, to: Address | None = None, port: int | None = None, *, ttl: int = 0
    ) -> Packet:
        """Send a datagram; return the packet as it was sent.

        Args:
            payload: what it carries.
            to: whom to; without it, the one other side.
            port: of the receiver.
            ttl: 0: that of this port.

        Raises:
            UsageError: nobody is named to send to; or it is too large.
            OSError: the kernel refused it.
        """
        if to is None or port is None:
            if self.peer is None:
                raise UsageError("to whom? This port has no other side: name address and port")
            to, port = self.peer
        if to.version != self.address.version:
            raise UsageError(f"{to}: not of the same family as {self.address}")
        if len(payload) > MOST_PAYLOAD[to.version]:
            raise UsageError(f"{len(payload)} octets: {MOST_PAYLOAD[to.version]} fit in a datagram")
        packet = _header(self.address, to, ttl or self.ttl) / UDP(self.port, port) / payload
        self._pipe.send(packet)
        return packet

    def receive(self) -> Datagram:
        """Return the next datagram.

        Raises:
            ConnectionFailed: an ICMP error says that the one other side cannot be reached.
            NoAnswer: nothing came in time.
        """
        until = inf if self.timeout is None else time.monotonic() + self.timeout
        while True:
            found = self.take()
            if found is not None:
                return found
            left = until - time.monotonic()
            if left <= 0:
                raise NoAnswer(f"{self}: nothing came in {self.timeout:g} s")
            select.select([self._pipe], [], [], None if left == inf else left)

    def take(self) -> Datagram | None:
        """Return the next datagram, if one has come.

        Raises:
            ConnectionFailed: an ICMP error says that the one other side cannot be reached.
        """
        while (news := self._pipe.receive()) is not None:
            if isinstance(news, Received):
                found = self._read(news)
                if found is not None:
                    return found
        return None

    def fileno(self) -> int:
        """Return the descriptor that turns readable when something has come."""
        return self._pipe.fileno()

    def close(self) -> None:
        """Give the port back; from here on the kernel answers for it. Twice is harmless."""
        self._pipe.close()

    def _read(self, news: Received) -> Datagram | None:
        packet = news.packet
        self._raise_error_in(packet)
        ip, udp = packet.headers[0], packet.headers[-1]
        if not isinstance(ip, IPv4 | IPv6) or not isinstance(udp, UDP):
            return None
        if not same_address(ip.dst, self.address) or packet.error is not None:
            return None
        if news.checksum is Checksum.BAD:
            self.damaged += 1
            return None
        if self.peer is not None and not _is(ip.src, udp.src_port, self.peer):
            return None
        ttl = ip.ttl if isinstance(ip, IPv4) else ip.hop_limit
        return Datagram(bytes(packet.payload), ip.src, udp.src_port, ttl, news.time, news)

    def _raise_error_in(self, packet: Packet) -> None:
        """Tell of an ICMP error about the one other side; of anybody else's, nobody is told."""
        found = error_about(packet, (self.address, self.port))
        if found is None or self.peer is None or not _is(*found[0], self.peer):
            return
        _, message, source = found
        if not isinstance(message, icmp.Unreachable | icmpv6.Unreachable) or _is_size(message):
            return  # about one datagram; others may get through
        number = errno.ECONNREFUSED if is_refusal(message) else errno.EHOSTUNREACH
        words = icmp_words(message, source)
        raise ConnectionFailed(number, f"{_named(*self.peer)}: {words}", words)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __str__(self) -> str:
        return _named(self.address, self.port)


def _header(src: Address, dst: Address, ttl: int) -> IPv4 | IPv6:
    if src.version == 4:
        return IPv4(src, dst, protocol=UDP.IP_PROTOCOL, ttl=ttl)  # type: ignore[arg-type]
    return IPv6(src, dst, next_header=UDP.IP_PROTOCOL, hop_limit=ttl)  # type: ignore[arg-type]


def _is_size(message: icmp.Unreachable | icmpv6.Unreachable) -> bool:
    """Whether it is "fragmentation needed"."""
    return isinstance(message, icmp.Unreachable) and message.code == FRAGMENTATION_NEEDED


def _is(address: Address, port: int, peer: tuple[Address, int]) -> bool:
    return port == peer[1] and same_address(address, peer[0])


def _named(address: Address, port: int) -> str:
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"udp:{host}:{port}"
