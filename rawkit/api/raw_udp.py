"""``rawkit.udp_raw()`` and ``rawkit.udp_handshake()``: UDP in user space, over raw sockets."""

import os

from rawkit.api.common import Host as Name
from rawkit.api.common import Place, inside, meant, source_address
from rawkit.api.raw_tcp import check_port, local_address
from rawkit.endpoint.datagrams import DatagramPort
from rawkit.endpoint.udp_pipe import UDPPipe
from rawkit.engine.udp_handshake import DEFAULT, Caller
from rawkit.engine.udp_handshake_callee import Callee
from rawkit.engine.udp_handshake_events import HandshakeEvent, HandshakeReport, HandshakeSettings
from rawkit.host.names import resolve
from rawkit.host.source import source_for
from rawkit.session import Session
from rawkit.wire.address import Address
from rawkit.wire.udp_handshake import TOKEN_SIZE

SECRET_SIZE = 16


def udp_raw(
    host: Name,
    port: int,
    *,
    source: Name | None = None,
    source_port: int = 0,
    interface: str | None = None,
    version: int | None = None,
    at: Place | None = None,
) -> DatagramPort:
    """Return a UDP port in user space that speaks to one other side; nothing is sent yet.

    Needs ``CAP_NET_RAW``.

    Args:
        host: a name or an address; of several addresses, the first.
        port: of the other side.
        source: the address to send from, one of this host's.
        source_port: 0: any that is free.
        interface: to send and receive on this one alone.
        version: 4 or 6; without it, either.
        at: a node of a lab to be in.

    Raises:
        NameNotFound: the name has no address.
        NoRoute: no way leads there.
        NotPermitted: ``CAP_NET_RAW`` is missing.
        UsageError: an argument makes no sense, or the source port is taken.
    """
    check_port(port, lowest=1)
    check_port(source_port, lowest=0)
    with inside(at):
        remote, local = _ends(host, source, interface, version)
        return DatagramPort(UDPPipe(local, source_port, interface), (remote, port))


def bind_udp_raw(
    address: Name, port: int = 0, *, interface: str | None = None, at: Place | None = None
) -> DatagramPort:
    """Return a UDP port in user space that speaks to anybody.

    Needs ``CAP_NET_RAW``.

    Args:
        address: one of this host's.
        port: 0: any that is free.
        interface: to send and receive on this one alone.
        at: a node of a lab to be in.

    Raises:
        MissingCapability: the port is a low one.
        NotPermitted: ``CAP_NET_RAW`` is missing.
        UsageError: the port is taken, or the address is not this host's.
    """
    check_port(port, lowest=0)
    with inside(at):
        return DatagramPort(UDPPipe(local_address(address), port, interface))


def udp_handshake(
    host: Name,
    port: int,
    *,
    source: Name | None = None,
    source_port: int = 0,
    interface: str | None = None,
    settings: HandshakeSettings = DEFAULT,
    version: int | None = None,
    at: Place | None = None,
) -> Session[HandshakeEvent, HandshakeReport]:
    """Prepare a handshake over UDP by hand: request, reply, confirmation.

    Args:
        host: a name or an address; of several addresses, the first.
        port: of the other side.
        source: the address to send from, one of this host's.
        source_port: 0: any that is free.
        interface: to send and receive on this one alone.
        settings: how patient to be.
        version: 4 or 6; without it, either.
        at: a node of a lab to be in.

    Raises:
        NameNotFound: the name has no address.
        NoRoute: no way leads there.
        NotPermitted: ``CAP_NET_RAW`` is missing.
        UsageError: an argument makes no sense, or the source port is taken.
    """
    check_port(port, lowest=1)
    check_port(source_port, lowest=0)
    with inside(at):
        remote, local = _ends(host, source, interface, version)
        pipe = UDPPipe(local, source_port, interface)
    token = os.urandom(TOKEN_SIZE - 1) + b"\x01"  # never all zero
    engine = Caller((local, pipe.port), (remote, port), token, settings)
    return Session(engine, lambda: pipe)


def udp_handshakes(
    address: Name,
    port: int,
    *,
    wanted: int | None = None,
    interface: str | None = None,
    settings: HandshakeSettings = DEFAULT,
    at: Place | None = None,
) -> Session[HandshakeEvent, HandshakeReport]:
    """Prepare to answer handshakes over UDP by hand.

    Args:
        address: one of this host's.
        port: to be asked at.
        wanted: end when so many are connected; ``None``: never by itself.
        interface: to send and receive on this one alone.
        settings: how patient to be.
        at: a node of a lab to be in.

    Raises:
        MissingCapability: the port is a low one.
        NotPermitted: ``CAP_NET_RAW`` is missing.
        UsageError: the port is taken, or the address is not this host's.
    """
    check_port(port, lowest=1)
    with inside(at):
        local = local_address(address)
        pipe = UDPPipe(local, port, interface)
    engine = Callee((local, pipe.port), os.urandom(SECRET_SIZE), settings, wanted=wanted)
    return Session(engine, lambda: pipe)


def _ends(
    host: Name, source: Name | None, interface: str | None, version: int | None
) -> tuple[Address, Address]:
    """Return where to, and where from."""
    src = source_address(source)
    wanted = version or (src.version if src else None)
    remote = meant(resolve(host, wanted)[0] if isinstance(host, str) else host)
    return remote, src or source_for(remote, interface)
