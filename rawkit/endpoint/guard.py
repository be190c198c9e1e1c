"""A socket that keeps the kernel's TCP away from a port, so that it does not reset our connections.

The kernel answers a segment of a connection that it does not know with RST. Where a socket
listens it hands the segment to that one instead; this one throws away whatever it gets, before
its protocol looks at it. It also reserves the port, and is gone with the process, even a killed
one. Three options do that, and those that are permitted are set, one on top of the other:

    filter   drops everything (socket(7)); since 2026 kernels want CAP_NET_ADMIN for it
    digest   a segment without a TCP MD5 digest is dropped (RFC 2385); needs CONFIG_TCP_MD5SIG
    hops     a packet that has passed a router, or began with less than 255 hops, is (RFC 5082)
"""

import errno
import os
import socket
import struct
from functools import partial
from typing import ClassVar

from rawkit.errors import UsageError
from rawkit.sockets import options
from rawkit.sockets.bpf import attach
from rawkit.sockets.kernel import open_socket
from rawkit.sockets.options import Option
from rawkit.sockets.ports import NOTHING, bind
from rawkit.sockets.settings import Settings
from rawkit.wire.address import Address

MD5SIG = struct.Struct("@128sBBHi80s")
"""struct tcp_md5sig (linux/tcp.h): address, flags, prefix length, key length, interface, key."""
FAMILY = struct.Struct("@H")
WITH_PREFIX = 1
KEY_SIZE = 16
ALL_HOPS = 255
TCP_MD5SIG_EXT = Option("TCP_MD5SIG_EXT", socket.IPPROTO_TCP, 32, "struct", "4.13")
REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOPROTOOPT, errno.EOPNOTSUPP)


class NotSilenced(UsageError):
    """This kernel has none of the options that make a listening socket silent."""


class Guard:
    """Holds a port, and drops what the kernel would answer for it."""

    wanted: ClassVar[tuple[str, ...]] = ("filter", "digest", "hops")

    def __init__(self, address: Address, port: int = 0, interface: str | None = None) -> None:
        """Take a port.

        Args:
            address: whose port; one of this host's.
            port: 0: any that is free.
            interface: on this one alone.

        Raises:
            MissingCapability: the port is a low one.
            NotSilenced: this kernel has none of the options.
            UsageError: it is taken, or there is no such address here.
        """
        version = address.version
        self._socket = open_socket(version, socket.SOCK_STREAM, 0)
        self.layers: tuple[str, ...] = ()
        """Which of the options hold: ``"filter"``, ``"digest"``, ``"hops"``."""
        try:
            self._close_ears(version)  # before it listens: no moment at which it would answer
            bind(self._socket, version, Settings(src=address, interface=interface), port)
            self._socket.listen(1)
        except BaseException:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back; from here on the kernel answers for it."""
        self._socket.close()

    def _close_ears(self, version: int) -> None:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        key = os.urandom(KEY_SIZE)
        everybody = FAMILY.pack(family)
        digest = MD5SIG.pack(everybody, WITH_PREFIX, 0, KEY_SIZE, 0, key)
        hops = options.IP_MINTTL if version == 4 else options.IPV6_MINHOPCOUNT
        layers = {
            "filter": partial(attach, self._socket, NOTHING),
            "digest": partial(TCP_MD5SIG_EXT.set, self._socket, digest),
            "hops": partial(hops.set, self._socket, ALL_HOPS),
        }
        for name in self.wanted:
            try:
                layers[name]()
            except OSError as error:
                if error.errno not in REFUSALS:
                    raise
            else:
                self.layers += (name,)
        if not self.layers:
            raise NotSilenced("this kernel has no option that silences a listening socket")
