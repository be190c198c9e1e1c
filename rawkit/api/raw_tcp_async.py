"""``rawkit.connect_async()`` and ``rawkit.listen_async()``: the same on asyncio."""

from rawkit.api.common import Host as Name
from rawkit.api.common import Place, inside, meant
from rawkit.api.raw_tcp import (
    begun,
    check_port,
    interface_at,
    interface_of,
    local_address,
    no_answer,
    source_of,
)
from rawkit.endpoint.awaiting import AsyncListening, AsyncStream
from rawkit.endpoint.guarding import GuardKind
from rawkit.endpoint.host import Look, Watch
from rawkit.endpoint.loop_driver import LoopDriver
from rawkit.endpoint.opening import AS_THE_LINK, LinkKind, link_for, open_host, port_of
from rawkit.errors import NoAnswer
from rawkit.host.source import source_for
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address


async def connect_async(
    address: Address,
    port: int,
    *,
    patience: float | None = None,
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
    at: Place | None = None,
) -> AsyncStream:
    """Open a TCP connection in user space, on the running event loop.

    Args:
        address: of the other side; names are looked up by the caller.
        port: of the other side.
        patience: the longest to wait, in seconds.
        source: the address to connect from, one of this host's.
        source_port: 0: any that is free.
        interface: to send and receive on this one alone.
        link: as :func:`rawkit.connect` has it, like all that follows.
        guard: what keeps the kernel away.
        settings: how the connection is to behave.
        ttl: of its packets (the hop limit, of IPv6).
        dscp: of its packets.
        watch: told of each segment that comes or goes.
        watchdog: have a small process reset the connection if this one is killed.
        at: a node of a lab to connect from.

    Raises:
        ConnectionFailed: it was refused, is unreachable or does not answer.
        NoRoute: no way leads there.
        NotPermitted: ``CAP_NET_RAW`` is missing.
    """
    check_port(port, lowest=1)
    check_port(source_port, lowest=0)
    remote, kind = meant(address), link_for(guard, link)
    with inside(at):  # nothing is awaited in here: the namespace is the thread's
        local = source_of(source, kind) or source_for(remote, interface)
        host = open_host(
            local, source_port, interface=interface or interface_of(kind, remote), kind=kind,
            guard=guard, look=Look(ttl=ttl, dscp=dscp), watch=watch, watchdog=watchdog,
        )  # fmt: skip
        conversation = begun(host, Flow(local, port_of(host), remote, port), settings)
    driver = LoopDriver(host)
    try:
        await driver.until(conversation.opened, patience, "no answer", conversation.connection)
    except NoAnswer as error:
        driver.stop()
        raise no_answer(conversation.flow, patience) from error
    except BaseException:
        driver.stop()
        raise
    return AsyncStream(driver, conversation, owns=True)


async def listen_async(
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
) -> AsyncListening:
    """Listen on a port in user space, on the running event loop.

    Args:
        address: one of this host's.
        port: 0: any that is free.
        backlog: open connections that may wait to be accepted.
        interface: to send and receive on this one alone.
        link: as :func:`rawkit.listen` has it, like all that follows.
        guard: what keeps the kernel away.
        settings: how connections are to behave.
        ttl: of their packets (the hop limit, of IPv6).
        dscp: of their packets.
        watch: told of each segment that comes or goes.
        watchdog: have a small process reset all connections if this one is killed.
        at: a node of a lab to listen in.

    Raises:
        NotPermitted: ``CAP_NET_RAW`` is missing.
        UsageError: the port is taken, or the address is not this host's.
    """
    check_port(port, lowest=0)
    local, kind = local_address(address), link_for(guard, link)
    with inside(at):
        on = interface or interface_at(local, kind, guard)
        host = open_host(
            local, port, interface=on, kind=kind, guard=guard,
            look=Look(ttl=ttl, dscp=dscp), watch=watch, watchdog=watchdog,
        )  # fmt: skip
    listener = Listener(settings, backlog=backlog)
    host.listen(local, port_of(host), listener)
    return AsyncListening(LoopDriver(host), listener, local, port_of(host))
