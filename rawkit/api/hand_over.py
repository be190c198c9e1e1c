"""``rawkit.take_over()``: a connection of the kernel's goes on in user space."""

import os
import socket
from functools import partial

from rawkit.api.common import Place, inside
from rawkit.api.raw_tcp import interface_of
from rawkit.endpoint.conversation import Conversation
from rawkit.endpoint.driver import Driver
from rawkit.endpoint.hand_over import WISH, check_established, flow_of, from_kernel
from rawkit.endpoint.link import Link
from rawkit.endpoint.opening import AS_THE_LINK, LINKS, SECRET_SIZE, LinkKind
from rawkit.endpoint.stream import Stream
from rawkit.errors import UsageError
from rawkit.sockets.ladder import not_permitted, refused, why_no_raw_socket, with_capabilities
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address


def take_over(
    sock: socket.socket,
    *,
    timeout: float = 10.0,
    interface: str | None = None,
    link: LinkKind = "raw",
    settings: Settings = AS_THE_LINK,
    at: Place | None = None,
) -> Stream:
    """Go on with a connection of the kernel's in user space; the other side notices nothing.

    Needs ``CAP_NET_ADMIN`` and ``CAP_NET_RAW``. The way back is :meth:`Stream.hand_over`.

    Args:
        sock: a connected TCP socket. It is used up: what it was is the stream's. If this fails,
            it goes on as it was.
        timeout: the longest to wait until all that was written is acknowledged, in seconds.
        interface: to send and receive on this one alone.
        link: ``"raw"``, ``"packet"`` or ``"offload"``.
        settings: how the connection is to behave; what was agreed on when it was opened stays.
        at: the node of a lab that the socket is in.

    Raises:
        NoAnswer: what was written is not acknowledged in time.
        NotPermitted: a capability is missing.
        UsageError: it is no TCP socket, or not connected, or one of the sides has ended.
    """
    flow = flow_of(sock)
    check_established(sock)
    with inside(at):
        opened = _link(
            flow.local, flow.local_port, interface or interface_of(link, flow.remote), link
        )
    try:
        host, connection = from_kernel(sock, opened, settings, os.urandom(SECRET_SIZE), timeout)
    except BaseException:
        opened.close()
        raise
    return Stream(Driver(host), Conversation(host, connection, flow), owns=True)


def _link(local: Address, port: int, interface: str | None, kind: LinkKind) -> Link:
    """Open what is to move segments."""
    if kind not in LINKS:
        raise UsageError(f"a connection that exists cannot move to a {kind} link")
    try:
        return with_capabilities(partial(LINKS[kind], local, port, interface))
    except PermissionError as error:
        refusal = refused(error, local.version, why_no_raw_socket)
        raise not_permitted(WISH, [refusal]) from error
