"""``rawkit.connect()`` and ``rawkit.listen()``: TCP in user space, over raw sockets."""

import errno
from functools import partial

from rawkit.api.common import Host as Name
from rawkit.api.common import Place, inside, meant, source_address
from rawkit.endpoint.conversation import Conversation, called
from rawkit.endpoint.driver import Driver
from rawkit.endpoint.guarding import GuardKind
from rawkit.endpoint.host import Host, Look, Watch
from rawkit.endpoint.listening import Listening
from rawkit.endpoint.opening import AS_THE_LINK, LinkKind, link_for, open_host, port_of
from rawkit.endpoint.stream import Stream
from rawkit.errors import ConnectionFailed, NoAnswer, UsageError
from rawkit.host.interfaces import interfaces
from rawkit.host.names import numeric, resolve
from rawkit.host.next_hop import next_hop
from rawkit.host.source import source_for
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address

HIGHEST_PORT = 0xFFFF


def connect(
    host: Name,
    port: int,
    *,
    timeout: float | None = None,
    source: Name | None = None,
    source_port: int = 0,
    interface: str | None = None,
    link: LinkKind = "raw",
    guard: GuardKind = "auto",
    settings: Settings = AS_THE_LINK,
    ttl: int = 64,
    dscp: int = 0,
    watch: Watch | None = None,
    watchdog: bool = False,
    version: int | None = None,
    at: Place | None = None,
) -> Stream:
    """Open a TCP connection in user space; the kernel's TCP has no part in it.

    The addresses of a name are tried one after the other. Needs ``CAP_NET_RAW``.

    Args:
        host: a name or an address.
        port: of the other side.
        timeout: the longest to wait for each address, in seconds; without it, as long as
            ``settings.syn_timeout`` says.
        source: the address to connect from, one of this host's.
        source_port: 0: any that is free.
        interface: to send and receive on this one alone.
        link: ``"raw"``; ``"packet"``; ``"offload"``, packets in large pieces, for those who
            send much; or ``"tun"``, behind which is an address that nobody
            has.
        guard: what keeps the kernel away: ``"auto"``, ``"socket"`` or ``"nft"``; or ``"address"``:
            then the source is one that nobody has.
        settings: how the connection is to behave.
        ttl: of its packets (the hop limit, of IPv6).
        dscp: of its packets.
        watch: told of each segment that comes or goes.
        watchdog: have a small process reset the connection if this one is killed: the other
            side, if it only listens, would not hear of it.
        version: 4 or 6; without it, either.
        at: a node of a lab to connect from.

    Raises:
        ConnectionFailed: it was refused, is unreachable or does not answer.
        NameNotFound: the name has no address.
        NoRoute: no way leads there.
        NotPermitted: ``CAP_NET_RAW`` is missing.
        UsageError: an argument makes no sense, or the source port is taken.
    """
    check_port(port, lowest=1)
    check_port(source_port, lowest=0)
    kind = link_for(guard, link)
    opened_at = partial(
        open_host, kind=kind, guard=guard, look=Look(ttl=ttl, dscp=dscp), watch=watch,
        watchdog=watchdog,
    )  # fmt: skip
    src = source_of(source, kind)
    failed: ConnectionFailed | None = None
    with inside(at):
        for remote in _addresses(host, version or (src.version if src else None)):
            local = src or source_for(remote, interface)
            on = interface or interface_of(kind, remote)
            opened = opened_at(local, source_port, interface=on)
            flow = Flow(local, port_of(opened), remote, port)
            try:
                return _connected(opened, flow, settings, timeout)
            except ConnectionFailed as error:
                failed = error
    raise failed or UsageError(f"{host}: no address")


def listen(
    address: Name,
    port: int = 0,
    *,
    backlog: int = 128,
    interface: str | None = None,
    link: LinkKind = "raw",
    guard: GuardKind = "auto",
    settings: Settings = AS_THE_LINK,
    ttl: int = 64,
    dscp: int = 0,
    watch: Watch | None = None,
    watchdog: bool = False,
    at: Place | None = None,
) -> Listening:
    """Listen on a port in user space; the kernel's TCP has no part in it.

    Args:
        address: one of this host's.
        port: 0: any that is free.
        backlog: open connections that may wait to be accepted.
        interface: to send and receive on this one alone.
        link: ``"raw"``; ``"packet"``; ``"offload"``, packets in large pieces, for those who
            send much; or ``"tun"``, behind which is an address that nobody
            has.
        guard: what keeps the kernel away: ``"auto"``, ``"socket"`` or ``"nft"``; or ``"address"``:
            then the address is one that nobody has.
        settings: how connections are to behave.
        ttl: of their packets (the hop limit, of IPv6).
        dscp: of their packets.
        watch: told of each segment that comes or goes.
        watchdog: have a small process reset all connections if this one is killed.
        at: a node of a lab to listen in.

    Raises:
        MissingCapability: the port is a low one.
        NotPermitted: ``CAP_NET_RAW`` is missing.
        UsageError: the port is taken, or the address is not this host's.
    """
    check_port(port, lowest=0)
    local = local_address(address)
    kind = link_for(guard, link)
    with inside(at):
        on = interface or interface_at(local, kind, guard)
        opened = open_host(
            local, port, interface=on, kind=kind, guard=guard,
            look=Look(ttl=ttl, dscp=dscp), watch=watch, watchdog=watchdog,
        )  # fmt: skip
        listener = Listener(settings, backlog=backlog)
        opened.listen(local, port_of(opened), listener)
        return Listening(Driver(opened), listener, local, port_of(opened))


def no_answer(flow: Flow, patience: float | None) -> ConnectionFailed:
    """Return the error for a SYN that nobody answered in so many seconds."""
    said = f"{called(flow)}: nothing came back in {patience or 0:g} s"
    return ConnectionFailed(errno.ETIMEDOUT, said, "nothing")


def local_address(address: Name) -> Address:
    """Return the address to listen on.

    Raises:
        UsageError: it is none, or stands for all of them.
    """
    local = numeric(address) if isinstance(address, str) else address
    if local is None or local.is_unspecified:
        raise UsageError(f"{address}: one address of this host is wanted")
    return local


def check_port(port: int, *, lowest: int) -> None:
    """Raise :class:`UsageError` for what cannot be a port."""
    if not lowest <= port <= HIGHEST_PORT:
        raise UsageError(f"port {port}: {lowest} to {HIGHEST_PORT} fit")


def begun(host: Host, flow: Flow, settings: Settings) -> Conversation:
    """Send the SYN of the one connection of a host, which is closed if that cannot be."""
    try:
        return Conversation(host, host.connect(flow, settings), flow)
    except BaseException:
        host.close()
        raise


def _connected(host: Host, flow: Flow, settings: Settings, timeout: float | None) -> Stream:
    """Open the one connection of a host."""
    conversation = begun(host, flow, settings)
    driver = Driver(host)
    try:
        driver.until(conversation.opened, timeout, f"{flow.remote}: no answer")
    except NoAnswer as error:
        driver.stop()
        raise no_answer(flow, timeout) from error
    except BaseException:
        driver.stop()
        raise
    return Stream(driver, conversation, owns=True)


def source_of(source: Name | None, link: LinkKind) -> Address | None:
    """Return the address to connect from, if one was named.

    Raises:
        UsageError: it is no address; or the link needs one.
    """
    if link == "tun" and source is None:
        raise UsageError("a TUN link needs a source: an address that nobody has")
    return source_address(source)


def interface_of(link: LinkKind, remote: Address) -> str | None:
    """Return the interface that a link has to be on; ``None``: it may be on all.

    Raises:
        UsageError: it is one from which Linux takes no frame.
    """
    if link not in ("packet", "offload"):
        return None
    _check_framed(remote)
    return next_hop(remote).interface


def interface_at(local: Address, link: LinkKind, guard: GuardKind) -> str | None:
    """Return the interface to listen on for an address; ``None``: it may be on all.

    Raises:
        UsageError: none has the address, or it is one from which Linux takes no frame.
    """
    if guard == "address":
        return next_hop(local).interface  # where whoever had it would be
    if link not in ("packet", "offload"):
        return None
    _check_framed(local)
    for one in interfaces():
        if any(has.address == local for has in one.addresses):
            return one.name
    raise UsageError(f"{local}: no interface of this host has that address")


def _check_framed(address: Address) -> None:
    """Raise :class:`UsageError` for 127.0.0.1 and its like: Linux takes no frame from there."""
    if address.version == 4 and address.is_loopback:
        raise UsageError(f"{address}: the kernel drops frames from there: use the raw link")


def _addresses(host: Name, version: int | None) -> tuple[Address, ...]:
    if isinstance(host, str):
        return tuple(meant(one) for one in resolve(host, version))
    return (meant(host),)
