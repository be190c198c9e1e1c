"""The sockets that ``rawkit sockopt`` shows: opened here, or of another process."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

from rawkit.cli.sockopt import Shown
from rawkit.cli.sockopt_options import SockOptOptions
from rawkit.errnos.table import explain, kind_for
from rawkit.errors import RawkitError, UsageError
from rawkit.posix import options as socket_options
from rawkit.posix.address import KINDS, Address, DescriptorAddress, parse
from rawkit.posix.resolution import Target, adopt, local_address, peer_address, resolve

PATIENCE = 5.0
"""Seconds for a name server."""
ANY = {"unix": "@", "vsock": "any:any", "packet": "*"}
"""What is behind the kind where that is all that was said; else every address."""


def of(options: SockOptOptions, stack: ExitStack) -> Iterator[Shown]:
    """Yield the sockets that are asked for; the stack closes them.

    Raises:
        RawkitError: they cannot be had; the message says why.
    """
    if options.pid is not None:
        yield from _foreign(options.pid, options.descriptor, stack)
        return
    address = _address(options.address or "")
    if isinstance(address, DescriptorAddress):
        lent = adopt(address)  # it stays open: it is not ours to close
        stack.callback(lent.detach)
        socket_options.apply(lent, options.settings)
        yield _shown(lent, descriptor=address.number)
        return
    sock = stack.enter_context(_opened(resolve(address, passive=True, timeout=PATIENCE)[0]))
    socket_options.apply(sock, options.settings)
    kind = address.kind.word
    yield Shown(sock, f"{kind} socket, neither bound nor connected", None)


def _address(word: str) -> Address:
    if word not in KINDS or word == "fd":
        return parse(word)
    return parse(f"{word}:{ANY.get(word.partition('-')[0], '*:0')}")


def _opened(target: Target) -> socket.socket:
    from rawkit.host.capability import Capability, missing, raised

    with raised(Capability.NET_RAW):
        try:
            return target.open()
        except OSError as error:
            word = target.address.kind.word
            if isinstance(error, PermissionError) and target.family == socket.AF_PACKET:
                raise missing(Capability.NET_RAW, to=f"open a {word} socket") from error
            kind = kind_for(target.family, target.type, target.protocol)
            why = explain(error.errno or 0, "socket", kind)
            raise RawkitError(f"cannot open a {word} socket: {why}") from error


def _foreign(pid: int, number: int | None, stack: ExitStack) -> Iterator[Shown]:
    from rawkit.posix.foreign import borrow, sockets_of

    numbers = [one.number for one in sockets_of(pid)] if number is None else [number]
    for each in numbers:
        try:
            sock = stack.enter_context(borrow(pid, each))
        except UsageError:
            if number is not None:
                raise
            continue  # closed since
        yield _shown(sock, pid=pid, descriptor=each)


def _shown(sock: socket.socket, *, descriptor: int, pid: int | None = None) -> Shown:
    listening = False
    with suppress(OSError):
        listening = bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    try:
        local = _told(local_address(sock))
    except UsageError:  # of a kind that has no word
        family = getattr(sock.family, "name", f"family {int(sock.family)}")
        return Shown(sock, f"{family} socket", None, None, pid, descriptor, listening)
    peer = None
    with suppress(OSError):
        peer = _told(peer_address(sock))
    title = local or _nameless(sock)
    title += " listening" if listening else f", connected to {peer}" if peer else ""
    return Shown(sock, title, local, peer, pid, descriptor, listening)


def _nameless(sock: socket.socket) -> str:
    from rawkit.posix.resolution import kind_of

    return f"{kind_of(sock).word} socket without a name"


def _told(address: Address | None) -> str | None:
    return None if address is None else str(address)
