"""The privilege ladder: the least that can send an echo request (icmp(7), raw(7)).

Which kind of socket may be had is found out by trying. Only when the kernel refuses
does this look for the reasons.
"""

import errno
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from rawkit.errors import MissingCapability, NotPermitted, UsageError
from rawkit.sockets.kernel import KernelSocket
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.settings import Settings
from rawkit.wire.news import Opened
from rawkit.wire.numbers import IPProtocol

PipeT = TypeVar("PipeT")

REFUSALS = frozenset(
    (
        *(errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT),
        *(errno.ESOCKTNOSUPPORT, errno.EPROTOTYPE),
    )
)


UNPRIVILEGED = ("ping", "socket")
"""Kinds that do not let a raw socket stand in."""


# Plain classes: this module is loaded by every ping, and named tuples are slow to define.
class Refusal:
    """Why a kind of socket cannot be had, and the ways out."""

    def __init__(self, cause: str, ways_out: tuple[str, ...]) -> None:
        self.cause = cause
        self.ways_out = ways_out


class Query:
    """A kind of ICMP request."""

    def __init__(
        self,
        to: str,
        types: Mapping[int, tuple[int, ...]],
        *,
        by_ping_socket: bool = True,
        deaf: tuple[int, ...] = (),
    ) -> None:
        """Describe a kind of request.

        Args:
            to: what it is for, as a verb.
            types: by version of IP, what makes a :class:`rawkit.sockets.bpf.Query`.
            by_ping_socket: whether ping sockets send such requests.
            deaf: versions of IP whose ping sockets hear no ICMP errors about them.
        """
        self.to = to
        self.types = types
        self.by_ping_socket = by_ping_socket
        self.deaf = deaf


ECHO = Query("ping", {4: (8, 0), 6: (128, 129)})
PROBE = Query("ask for an interface", {4: (42, 43), 6: (160, 161)}, deaf=(6,))
"""Extended echo (RFC 8335); ping sockets send it since Linux 5.13. Of ICMPv6 errors the
kernel hands on those about echo requests only (net/ipv6/icmp.c, icmpv6_err)."""
TIMESTAMP = Query("send ICMP timestamp requests", {4: (13, 14)}, by_ping_socket=False)
NODE = Query("send node information queries", {6: (139, 140, 8)}, by_ping_socket=False)


def open_echo(version: int, identifier: int, settings: Settings, query: Query = ECHO) -> PacketIO:
    """Open a pipe for echo requests: a ping socket, or else a raw one.

    Its first news says which, and why.

    Args:
        version: 4 or 6.
        identifier: the one in all requests and replies.
        settings: how to set it up; ``kind`` may ask for one kind of socket.
        query: the kind of requests, if not echo.

    Raises:
        NotPermitted: neither can be had; the message says why not, and the ways out.
        MissingCapability: the mark needs one.
        UsageError: there is no such interface or source address here.
    """
    refusals: list[Refusal] = []
    if version in query.deaf and settings.kind == "auto":
        with suppress(OSError):
            raw = with_capabilities(lambda: _open_raw(version, settings, identifier, query))
            raw.tell(Opened("raw socket", "a ping socket would hear no errors"))
            return raw
    if not query.by_ping_socket:
        if settings.kind in UNPRIVILEGED:
            raise UsageError(f"a ping socket cannot {query.to}: it takes a raw one")
    elif settings.kind != "raw":
        try:
            ping = with_capabilities(lambda: _open_ping(version, settings, identifier))
        except OSError as error:
            refusals.append(refused(error, version, why_no_ping_socket))
        else:
            why = "asked for" if settings.kind in UNPRIVILEGED else "needs no privilege"
            ping.tell(Opened("ping socket", why))
            return ping
    if settings.kind not in UNPRIVILEGED:
        try:
            raw = with_capabilities(lambda: _open_raw(version, settings, identifier, query))
        except OSError as error:
            refusals.append(refused(error, version, why_no_raw_socket))
        else:
            why = "asked for" if query.by_ping_socket else "ping sockets cannot do this"
            raw.tell(Opened("raw socket", refusals[0].cause if refusals else why))
            return raw
    raise not_permitted(f"{query.to} over IPv{version}", refusals)


def with_capabilities(open_: Callable[[], PipeT]) -> PipeT:
    """Return what ``open_`` returns, with our capabilities raised if it takes them."""
    try:
        return open_()
    except PermissionError as error:
        if error.errno == errno.EACCES:
            raise  # about groups
    from rawkit.host.capability import Capability, raised

    with raised(Capability.NET_RAW, Capability.NET_ADMIN):
        return open_()


def _open_ping(version: int, settings: Settings, identifier: int) -> KernelSocket:
    from rawkit.sockets.ping import PingSocket

    return PingSocket(version, settings, identifier)


def _open_raw(version: int, settings: Settings, identifier: int, query: Query) -> KernelSocket:
    from rawkit.sockets import bpf
    from rawkit.sockets.raw import RawSocket

    protocol = IPProtocol.ICMP if version == 4 else IPProtocol.ICMPV6
    program = bpf.query_filter(version, identifier, bpf.Query(*query.types[version]))
    return RawSocket(version, protocol, settings, program)


def refused(error: OSError, version: int, why: Callable[[OSError], Refusal]) -> Refusal:
    """Return why the kernel refused; raise again what is no refusal."""
    if isinstance(error, MissingCapability) or error.errno not in REFUSALS:
        raise error
    if version == 6 and error.errno == errno.EAFNOSUPPORT:
        return Refusal("this kernel has no IPv6, or was started with ipv6.disable=1", ("IPv4",))
    return why(error)


def why_no_ping_socket(error: OSError) -> Refusal:
    """Return why the kernel refused a ping socket."""
    if error.errno == errno.EACCES:
        from rawkit.host.privileges import ping_groups

        groups = ping_groups()
        if groups and not groups.admit_us:
            return Refusal(str(groups), (groups.way_out,))
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refusal(f"{guard()} forbids ping sockets", ("allow socket(2) for ICMP there",))
    return Refusal("this kernel has no ping sockets", ())


def why_no_raw_socket(error: OSError) -> Refusal:
    """Return why the kernel refused a raw socket."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return Refusal("this kernel has no raw sockets", ())
    from rawkit.host.capability import Capability, has, why_missing

    if has(Capability.NET_RAW):
        cause = f"CAP_NET_RAW is here, yet {guard()} forbids raw sockets"
        return Refusal(cause, ("allow socket(2) for raw sockets there",))
    return Refusal(*why_missing(Capability.NET_RAW))


def guard() -> str:
    """Return what may refuse a system call when all else allows it."""
    from rawkit.host.privileges import seccomp

    return "a seccomp filter" if seccomp() else "a security module"


def not_permitted(to: str, refusals: list[Refusal]) -> NotPermitted:
    """Return the error that tells of every way that was tried.

    Args:
        to: what was to be done, as a verb.
        refusals: why each way was none.
    """
    causes = tuple(dict.fromkeys(refusal.cause for refusal in refusals))
    ways_out = tuple(dict.fromkeys(way for refusal in refusals for way in refusal.ways_out))
    return NotPermitted(to, causes, ways_out)
