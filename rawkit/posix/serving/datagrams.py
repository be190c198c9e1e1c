"""Datagrams and their answers: there are no connections, and anybody can forge a sender.

Whoever answers datagrams answers the address that stands in them. Two servers that answer
each other never stop, and a server whose answers are longer than the questions hits whom a
stranger points it at (CVE-1999-0103). So nobody at a port below 1024, where
servers live, nor at our own port is answered, and nobody on another host by more than he sent.
"""

import select
import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from rawkit.posix.service import Sender
from rawkit.posix.serving.shift import PIECE, Shift
from rawkit.posix.serving.stop import Stage
from rawkit.sockets.options import IP_PKTINFO

if TYPE_CHECKING:
    from rawkit.posix.listen import Listener

BATCH = 64
"""Datagrams that are answered before anybody else has his turn."""
FIRST_SAFE_PORT = 1024
IN_PKTINFO = struct.Struct("=I4s4s")
"""Interface, our address, address in the header (ip(7))."""
IN6_PKTINFO = struct.Struct("=16sI")
ROOM = socket.CMSG_SPACE(IN6_PKTINFO.size)

IPAddress = IPv4Address | IPv6Address
Ancillary = list[tuple[int, int, bytes]]


def answer_all(shift: Shift) -> None:
    """Answer datagrams until the bell rings; then those that have come by then."""
    by_fd = {one.sock.fileno(): one for one in shift.listeners}
    exclusive = select.EPOLLEXCLUSIVE if shift.shared else 0
    stage = Stage.OPEN
    with select.epoll() as poller:
        for fd in by_fd:
            poller.register(fd, select.EPOLLIN | exclusive)
        for fd in shift.stop.stages:
            poller.register(fd, select.EPOLLIN)
        while stage is Stage.OPEN:
            for fd, _ in poller.poll():
                if fd in by_fd:
                    answer(shift, by_fd[fd])
                else:
                    stage = max(stage, shift.stop.stages[fd])
    if stage is Stage.DRAINING:
        for listener in by_fd.values():
            answer(shift, listener)


def answer(shift: Shift, listener: "Listener") -> None:
    """Answer what has come, up to a batch."""
    sock, counts = listener.sock, shift.counts
    for _ in range(BATCH):
        if not shift.take_token():
            return
        try:
            data, ancillary, flags, sockaddr = sock.recvmsg(PIECE, ROOM)
        except BlockingIOError:
            shift.return_token()
            return
        except OSError as error:  # of a datagram sent before: nothing that concerns the others
            shift.return_token()
            counts.add("undelivered")
            shift.trouble(f"not received: {error.strerror}")
            continue
        counts.add("datagrams")
        shift.note_arrival()
        counts.octets(len(data), 0)
        if flags & socket.MSG_TRUNC:
            counts.add("truncated")
            shift.trouble(f"a datagram has more than {PIECE} octets: not answered")
        else:
            _answer(shift, listener, data, ancillary, sockaddr)


def _answer(
    shift: Shift, listener: "Listener", data: bytes, ancillary: Ancillary, sockaddr: object
) -> None:
    counts, respond = shift.counts, shift.offer.datagram
    is_internet = listener.sock.family in (socket.AF_INET, socket.AF_INET6)
    if is_internet and not _is_safe(listener, sockaddr):
        counts.add("unsafe")
        return
    assert respond is not None
    here, control = _where_to(listener, ancillary)
    try:
        words = respond(data, Sender(listener.sock, sockaddr, here))
    except Exception as error:  # whatever the service raises: the server goes on
        counts.add("failures")
        shift.trouble(f"the service has failed: {type(error).__name__}: {error}")
        return
    if words is None:
        return
    if not sockaddr:
        counts.add("nameless")
        shift.trouble("somebody without an address cannot be answered: a client has to bind")
    elif is_internet and len(words) > len(data) and not _may_be_longer(shift, sockaddr):
        counts.add("withheld")
        shift.trouble("answers longer than the question are not sent to other hosts")
    else:
        _send(shift, listener, words, control, sockaddr)


def _send(
    shift: Shift, listener: "Listener", words: bytes, control: Ancillary, sockaddr: object
) -> None:
    try:
        sent = listener.sock.sendmsg([words], control, 0, sockaddr)  # type: ignore[arg-type]
    except OSError as error:  # he is gone, does not read, or cannot be reached
        shift.counts.add("undelivered")
        shift.trouble(f"not answered: {error.strerror or error}")
    else:
        shift.counts.add("answered")
        shift.counts.octets(0, sent)


def _is_safe(listener: "Listener", sockaddr: object) -> bool:
    """Whether it can be a client: no server answers from such a port."""
    assert isinstance(sockaddr, tuple)
    port = sockaddr[1]
    return bool(port >= FIRST_SAFE_PORT and port != listener.sock.getsockname()[1])


def _may_be_longer(shift: Shift, sockaddr: object) -> bool:
    """Whether the client may get more than it sent: it is on this machine."""
    if shift.settings.amplify:
        return True
    assert isinstance(sockaddr, tuple)
    text = str(sockaddr[0]).partition("%")[0]
    address: IPAddress = IPv6Address(text) if ":" in text else IPv4Address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback


def _where_to(listener: "Listener", ancillary: Ancillary) -> tuple[IPAddress | None, Ancillary]:
    """Return which of our addresses a datagram was for, and what sends the answer from it."""
    for level, kind, octets in ancillary:
        if (level, kind) == (IP_PKTINFO.level, IP_PKTINFO.number):
            _, ours, _ = IN_PKTINFO.unpack(octets)
            control = IN_PKTINFO.pack(0, ours, bytes(4))
            return IPv4Address(ours), [(level, kind, control)]
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            ours, _ = IN6_PKTINFO.unpack(octets)
            there = IPv6Address(ours)
            return there, [] if there.is_multicast else [(level, kind, octets)]
    return None, []
