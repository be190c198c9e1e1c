"""Pipes for probes that are to die on their way, or to be refused: trace and the like.

As root: whole packets go out by a header-included socket, and answers are heard by raw
sockets with filters. As anybody: UDP by a UDP socket, ICMP by a ping socket, both with
the error queue. TCP is for raw sockets alone: without one, each probe would have to be a
connection that the kernel makes, with sequence numbers of its own and a port for each.

Nothing that is heard here makes the kernel learn a path MTU, except about ICMPv6 probes: it
takes note of what is said about any of these (net/ipv6/icmp.c, icmpv6_err).
"""

import errno
import select
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Literal, TypeVar

from rawkit.errors import BuildError, NotPermitted, UsageError
from rawkit.record import replace
from rawkit.sockets.kernel import BURST, MOST_AT_ONCE, KernelSocket
from rawkit.sockets.ladder import (
    Refusal,
    guard,
    refused,
    why_no_ping_socket,
    why_no_raw_socket,
    with_capabilities,
)
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.settings import Settings
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import News, Opened, Transmitted
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received
from rawkit.wire.udp import UDP

Method = Literal["udp", "icmp", "tcp"]
Kind = Literal["auto", "socket", "raw"]

METHODS, KINDS = ("udp", "icmp", "tcp"), ("auto", "socket", "raw")
PROTOCOL = {"udp": IPProtocol.UDP, "tcp": IPProtocol.TCP}
ICMP = {4: IPProtocol.ICMP, 6: IPProtocol.ICMPV6}
MOST_PORTS = 512
TOO_LARGE = 1 << 16
"""Octets of payload that no packet has."""

SocketT = TypeVar("SocketT", bound=KernelSocket)


class ProbePipe:
    """Several sockets as one pipe, behind one descriptor (epoll(7)). Closes them, too."""

    def __init__(
        self,
        senders: Sequence[KernelSocket],
        receivers: Sequence[KernelSocket] = (),
        held: Sequence[socket.socket] = (),
        choose: Callable[[Packet], KernelSocket] | None = None,
        larger: KernelSocket | None = None,
    ) -> None:
        """Take over sockets.

        Args:
            senders: those that send; they may receive, too.
            receivers: those that only receive.
            held: those that only hold a port.
            choose: gives the sender of a packet; ``None``: there is but one.
            larger: one of the receivers that sends what is too large for the sender, in
                fragments.
        """
        self._sender = senders[0]
        self._choose = choose
        self._larger = larger
        self._too_large = TOO_LARGE
        self._senders = (*senders, larger) if larger else tuple(senders)
        self._sockets = (*senders, *receivers)
        self._held = tuple(held)
        self._news = deque[News]()
        self._unheard = 0
        self._epoll = select.epoll()
        for one in self._sockets:
            self._epoll.register(one.fileno(), select.EPOLLIN)

    def send(self, packet: Packet) -> None:
        sender = self._sender if self._choose is None else self._choose(packet)
        larger = self._larger if _may_be_cut(packet) else None
        if larger is not None and len(packet.payload) >= self._too_large:
            sender = larger
        try:
            sender.send(packet)
        except OSError as error:
            if larger is None or error.errno != errno.EMSGSIZE:
                raise
            self._too_large = len(packet.payload)
            larger.send(packet)
        self._unheard += 1
        if self._unheard >= BURST:
            with suppress(OSError):  # ``receive`` will meet it again; what was sent is sent
                self._gather()

    def receive(self) -> News | None:
        """Return the next news: arrivals in their order, whichever socket they came to."""
        if not self._news:
            self._gather()
        return self._news.popleft() if self._news else None

    def _gather(self) -> None:
        """Take in what has come, with the departure of what is answered before the answer."""
        self._unheard = 0
        found: list[News] = []
        ready = {descriptor for descriptor, _ in self._epoll.poll(0)}
        try:
            for one in self._sockets:
                if not one.is_telling and one.fileno() not in ready:
                    continue  # of many sockets, most have nothing to say
                for _ in range(MOST_AT_ONCE):
                    if (news := one.receive()) is None:
                        break
                    found.append(news)
            if any(isinstance(news, Received) for news in found):
                for sender in self._senders:
                    found.extend(sender.departed())
        finally:
            self._news.extend(sorted(found, key=_place))

    def fileno(self) -> int:
        return self._epoll.fileno() if not self._epoll.closed else -1

    def close(self) -> None:
        for one in self._sockets:
            one.close()
        for sock in self._held:
            sock.close()
        self._epoll.close()

    def tell(self, news: News) -> None:
        """Have ``receive`` return this, after what it already has to tell."""
        self._news.append(news)


def open_probes(
    version: int,
    method: Method,
    source_port: int,
    settings: Settings,
    *,
    identifier: int,
    kind: Kind = "auto",
    source_ports: range | None = None,
    target: Address | None = None,
) -> PacketIO:
    """Open a pipe for probes of one method.

    Its first news says which kind of socket it is, and why.

    Args:
        version: 4 or 6.
        method: what the probes are.
        source_port: of UDP and TCP probes; :func:`~rawkit.sockets.ports.free_ports` finds
            one. ICMP has none.
        settings: how to set the sockets up; its ``kind`` means nothing here.
        identifier: of ICMP probes.
        kind: "raw"; "socket" for a UDP or ping socket; or "auto": raw, if permitted.
        source_ports: several of them, one after the other, in place of the one.
        target: where all probes go, if that is known. A raw pipe then hears also of those
            whose source port an address translator has changed.

    Raises:
        NotPermitted: no such socket can be had; the message says why not, and the ways out.
        UsageError: a port is taken, there is no such interface or source address here, or
            a word means nothing.
    """
    ports = source_ports or range(source_port, source_port + 1)
    _check(method, kind, ports)
    settings = replace(settings, learn_pmtu=False)
    refusals: list[Refusal] = []
    if kind != "socket":
        try:
            raw = with_capabilities(
                lambda: _open_raw(version, method, ports, settings, identifier, target)
            )
        except OSError as error:
            refusals.append(refused(error, version, why_no_raw_socket))
        else:
            raw.tell(Opened("raw socket", "asked for" if kind == "raw" else "permitted here"))
            return raw
    if kind != "raw" and method != "tcp":
        name = "UDP socket" if method == "udp" else "ping socket"
        try:
            pipe = with_capabilities(
                lambda: _open_socket(version, method, ports, settings, identifier)
            )
        except OSError as error:
            why = _why_no_udp_socket if method == "udp" else why_no_ping_socket
            refusals.append(refused(error, version, why))
        else:
            pipe.tell(Opened(name, refusals[0].cause if refusals else "asked for"))
            return pipe
    raise _not_permitted(version, method, refusals)


def _may_be_cut(packet: Packet) -> bool:
    """Tell whether this host may fragment a packet."""
    ip = packet.headers[0] if packet.headers else None
    return not (isinstance(ip, IPv4) and ip.dont_fragment)


def _place(news: News) -> tuple[int, float]:
    """Return what to sort news by: departures, arrivals by time, all else."""
    match news:
        case Transmitted():
            return 0, 0.0
        case Received():
            return 1, news.time
    return 2, 0.0


def _check(method: str, kind: str, ports: range) -> None:
    for name, word, known in (("method", method, METHODS), ("kind", kind, KINDS)):
        if word not in known:
            raise UsageError(f"{name} is {word!r}, not one of {', '.join(known)}")
    if method == "tcp" and kind == "socket":
        raise UsageError("TCP probes need a raw socket: kind 'socket' cannot send them")
    if method == "icmp":
        return
    if ports.step != 1 or not ports or not 0 < ports[0] <= ports[-1] <= 0xFFFF:
        raise UsageError(f"source ports are {ports}, not one or more from 1 to 65535 in a row")
    if len(ports) > MOST_PORTS:
        raise UsageError(f"{len(ports)} source ports: {MOST_PORTS} at most")


def _open_raw(
    version: int,
    method: str,
    ports: range,
    settings: Settings,
    identifier: int,
    target: Address | None,
) -> ProbePipe:
    from rawkit.sockets.bpf import echo_filter
    from rawkit.sockets.bpf_probes import error_filter, reply_filter
    from rawkit.sockets.header_included import HeaderIncludedSocket
    from rawkit.sockets.ports import reserve
    from rawkit.sockets.raw import RawSocket

    with ExitStack() as stack:
        sender = _closing(stack, HeaderIncludedSocket(version, settings))
        errors = ICMP[version]
        if method == "icmp":
            program = echo_filter(version, identifier)
            larger = _closing(stack, RawSocket(version, errors, settings, program))
            receivers, held = [larger], list[socket.socket]()
        else:
            protocol, program = PROTOCOL[method], reply_filter(version, ports)
            larger = _closing(stack, RawSocket(version, protocol, settings, program))
            program = error_filter(version, protocol, ports, target)
            receivers = [larger, _closing(stack, RawSocket(version, errors, settings, program))]
            held = [stack.enter_context(reserve(version, method, one, settings)) for one in ports]
        pipe = ProbePipe([sender], receivers, held, larger=larger)
        stack.pop_all()
        return pipe


def _open_socket(
    version: int, method: str, ports: range, settings: Settings, identifier: int
) -> ProbePipe:
    hearing = replace(settings, transmit_stamps=False)
    with ExitStack() as stack:
        if method == "icmp":
            pipe = _ping_pipe(stack, version, settings, hearing, identifier)
        else:
            pipe = _udp_pipe(stack, version, settings, hearing, ports)
        stack.pop_all()
        return pipe


def _ping_pipe(
    stack: ExitStack, version: int, settings: Settings, hearing: Settings, identifier: int
) -> ProbePipe:
    from rawkit.sockets.ping import PingSocket

    sender = _closing(stack, PingSocket(version, settings, identifier))
    if version == 6:  # the kernel learns path MTUs all the same
        return ProbePipe([sender])
    kernels = sender.kernels_identifier
    receiver = _second(
        stack, sender, lambda: PingSocket(version, hearing, identifier, shared=kernels)
    )
    return ProbePipe([sender], [receiver])


def _udp_pipe(
    stack: ExitStack, version: int, settings: Settings, hearing: Settings, ports: range
) -> ProbePipe:
    from rawkit.sockets.udp import UDPSocket

    senders: dict[int, UDPSocket] = {}
    receivers: list[KernelSocket] = []
    for port in ports:
        senders[port] = _closing(stack, UDPSocket(version, settings, port))
        if version == 4:
            another = partial(UDPSocket, version, hearing, port, shared=True)
            receivers.append(_second(stack, senders[port], another))

    def choose(packet: Packet) -> UDPSocket:
        udp = packet.headers[-1] if packet.headers else None
        if not isinstance(udp, UDP) or udp.src_port not in senders:
            raise BuildError(f"no UDP datagram from one of our ports: {packet.outline}")
        return senders[udp.src_port]

    return ProbePipe([*senders.values()], receivers, choose=choose)


def _second(
    stack: ExitStack, sender: KernelSocket, another: Callable[[], KernelSocket]
) -> KernelSocket:
    """Open a second socket at the port or identifier of the first: one that only hears.

    The kernel gives all that comes to the one bound last. That one never has the DF bit
    set; so the kernel learns no path MTU, though the other sends with that bit.
    """
    sender.share(allowed=True)
    receiver = _closing(stack, another())
    sender.share(allowed=False)
    receiver.share(allowed=False)
    return receiver


def _closing(stack: ExitStack, one: SocketT) -> SocketT:
    stack.callback(one.close)
    return one


def _why_no_udp_socket(_: OSError) -> Refusal:
    cause = f"{guard()} forbids UDP sockets"
    return Refusal(cause, ("allow socket(2) for UDP there",))


def _not_permitted(version: int, method: str, refusals: list[Refusal]) -> NotPermitted:
    causes = tuple(dict.fromkeys(refusal.cause for refusal in refusals))
    ways_out = tuple(dict.fromkeys(way for refusal in refusals for way in refusal.ways_out))
    if method != "udp":
        ways_out = (*ways_out, "UDP probes, which need no privilege")
    return NotPermitted(f"send {method.upper()} probes over IPv{version}", causes, ways_out)
