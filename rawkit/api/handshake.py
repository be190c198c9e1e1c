"""``rawkit.handshake()``: the three segments that open a TCP connection, one by one."""

from rawkit.api.common import Host as Name
from rawkit.api.common import Place, inside, meant
from rawkit.api.raw_tcp import check_port, interface_of, source_of
from rawkit.endpoint.guarding import GuardKind
from rawkit.endpoint.handshake import ALL, Handshake
from rawkit.endpoint.host import Look
from rawkit.endpoint.opening import AS_THE_LINK, LinkKind, link_for, open_host, port_of
from rawkit.errors import UsageError
from rawkit.host.names import resolve
from rawkit.host.source import source_for
from rawkit.tcp.flow import Flow
from rawkit.tcp.settings import Settings


def handshake(
    host: Name,
    port: int,
    *,
    segments: int = ALL,
    whole: bool = False,
    timeout: float | None = 5.0,
    source: Name | None = None,
    source_port: int = 0,
    interface: str | None = None,
    link: LinkKind = "raw",
    guard: GuardKind = "auto",
    settings: Settings = AS_THE_LINK,
    ttl: int = 64,
    dscp: int = 0,
    version: int | None = None,
    at: Place | None = None,
) -> Handshake:
    """Prepare a handshake whose segments are looked at; it begins when they are asked for.

    Needs ``CAP_NET_RAW``. The kernel's TCP has no part in it.

    Args:
        host: a name or an address; of several addresses, the first.
        port: of the other side.
        segments: 1 to 3: stop when so many have been seen.
        whole: close in good order, and give the segments of that, too; else by reset.
        timeout: the longest to wait for an answer, in seconds.
        source: the address to connect from, one of this host's.
        source_port: 0: any that is free.
        interface: to send and receive on this one alone.
        link: ``"raw"``, ``"packet"``, ``"offload"`` or ``"tun"``.
        guard: what keeps the kernel away: ``"auto"``, ``"socket"`` or ``"nft"``; or ``"address"``:
            then the source is one that nobody has.
        settings: how our side is to behave.
        ttl: of the packets (the hop limit, of IPv6).
        dscp: of the packets.
        version: 4 or 6; without it, either.
        at: a node of a lab to connect from.

    Raises:
        NameNotFound: the name has no address.
        NoRoute: no way leads there.
        NotPermitted: ``CAP_NET_RAW`` is missing.
        UsageError: an argument makes no sense, or the source port is taken.
    """
    check_port(port, lowest=1)
    check_port(source_port, lowest=0)
    if not 1 <= segments <= ALL:
        raise UsageError(f"{segments} segments: a handshake has 1 to {ALL}")
    kind = link_for(guard, link)
    src = source_of(source, kind)
    with inside(at):
        remote = meant(resolve(host, version)[0] if isinstance(host, str) else host)
        local = src or source_for(remote, interface)
        look = Look(ttl=ttl, dscp=dscp)
        over = interface or interface_of(kind, remote)
        opened = open_host(local, source_port, interface=over, kind=kind, guard=guard, look=look)
        flow = Flow(local, port_of(opened), remote, port)
        return Handshake(opened, flow, settings, segments=segments, whole=whole, timeout=timeout)
