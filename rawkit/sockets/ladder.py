"""The privilege ladder: the least that can send an echo request (icmp(7), raw(7)).

Which kind of socket may be had is found out by trying. Only when the kernel refuses
does this look for the reasons.
"""

import errno
import os
import socket
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from rawkit.errors import MissingCapability, NotPermitted
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.ping import PingSocket
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
GROUP_RANGE = "net.ipv4.ping_group_range"  # for IPv6, too


class Refusal(NamedTuple):
    """Why a kind of socket cannot be had."""

    cause: str
    ways_out: tuple[str, ...]


def open_echo(version: int, identifier: int, settings: Settings) -> PacketIO:
    """Open a pipe for echo requests: a ping socket, or else a raw one.

    Its first news says which, and why.

    Args:
        version: 4 or 6.
        identifier: the one in all echo requests and replies.
        settings: how to set it up; ``kind`` may ask for one kind of socket.

    Raises:
        NotPermitted: neither can be had; the message says why not, and the ways out.
        MissingCapability: a raw socket was asked for, or a mark, without the capability.
        UsageError: there is no such interface or source address here.
    """
    refusals = []
    if settings.kind in ("auto", "ping"):
        try:
            return _open_ping(version, identifier, settings)
        except OSError as error:
            refusals.append(_why_no_ping_socket(error))
    ...
'''
