"""A spare address: one that the kernel does not have, so that it has nothing to say about it.

We answer who asks where it is, by ARP or by neighbour discovery, with a hardware address of our
own: frames for that are another host's to the kernel, which would else forward them or complain.
Nothing is configured, so nothing can stay: with the socket go the answers, and promiscuous mode,
too. Needs ``CAP_NET_RAW``, and an Ethernet on which others look for the address.
"""

import errno
import os
import select
import socket
import time
from ipaddress import IPv6Address

from rawkit.endpoint.neighbour_replies import (
    SOLICITED,
    announcement,
    conflict_in,
    probe,
    reply_to,
    spare_filter,
)
from rawkit.errors import UsageError
from rawkit.host.links import link
from rawkit.sockets.bpf import attach
from rawkit.sockets.kernel import open_socket
from rawkit.sockets.options import PACKET_MR_MULTICAST, PACKET_MR_PROMISC
from rawkit.sockets.packet_options import join
from rawkit.sockets.settings import Settings, apply
from rawkit.wire.address import MAC, Address
from rawkit.wire.ndp import multicast_mac, solicited_node

PROBE_WAIT = 0.2
"""Seconds in which whoever has the address objects. RFC 5227 asks for seconds; its addresses are
for long."""
MOST = 64
"""Questions that are answered in one go."""
LARGEST = 2048
FIRST_PORT, PORTS = 32768, 28232
"""Linux has its own from the same range (ip_local_port_range)."""


class SpareAddress:
    """Answers for an address on a link until it is closed."""

    def __init__(self, address: Address, port: int = 0, interface: str | None = None) -> None:
        """Ask whether anybody has the address; if not, say that we have.

        Args:
            address: in a network of the interface's, and nobody's.
            port: 0: any; all are free.
            interface: on which it is to be.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            UsageError: somebody has the address; or there is no such interface, or it has no
                Ethernet.
        """
        if interface is None:
            raise UsageError(f"spare address {address}: on which interface is it to be?")
        _check_spare(address)
        self.address, self.interface = address, interface
        self.port = port or FIRST_PORT + int.from_bytes(os.urandom(4), "big") % PORTS
        self.layers: tuple[str, ...] = ("address",)
        self.mac = MAC(b"\x02" + os.urandom(5))  # a local one, and no group's
        self._socket = _listen(address, interface)
        try:
            self._ask()
            self._socket.send(announcement(address, self.mac))
        except BaseException:
            self._socket.close()
            raise

    def answer(self) -> None:
        """Answer the questions that have come."""
        for _ in range(MOST):
            try:
                frame = self._socket.recv(LARGEST)
            except BlockingIOError:
                return
            reply = reply_to(frame, self.address, self.mac)
            if reply:
                try:
                    self._socket.send(reply)
                except OSError as error:  # it is asked again
                    if error.errno not in (errno.ENOBUFS, errno.EAGAIN, errno.ENETDOWN):
                        raise

    def fileno(self) -> int:
        """Return the descriptor that turns readable when somebody asks."""
        return self._socket.fileno()

    def close(self) -> None:
        """Answer no more. Closing twice is harmless."""
        self._socket.close()

    def _ask(self) -> None:
        """Find out whether somebody has the address (RFC 5227 §2.1.1, RFC 4862 §5.4)."""
        self._socket.send(probe(self.address, self.mac))
        until = time.monotonic() + PROBE_WAIT
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                return
            owner = conflict_in(self._socket.recv(LARGEST), self.address, self.mac)
            if owner is not None:
                raise UsageError(f"{self.address} is no spare address: {owner} has it")


def _check_spare(address: Address) -> None:
    """Refuse addresses that the kernel has, and those that nobody can have."""
    if address.is_multicast or address.is_unspecified or address.is_loopback:
        raise UsageError(f"{address} cannot be a spare address: no single host can have it")
    with open_socket(address.version, socket.SOCK_DGRAM, 0) as asked:
        try:
            apply(asked, address.version, Settings(src=address))
        except UsageError:
            return  # not an address of this host
    said = f"{address} is this host's own, and its kernel answers for it: a spare address is wanted"
    raise UsageError(said)


def _listen(address: Address, interface: str) -> socket.socket:
    """Return a socket that hears who asks for the address."""
    card = link(interface)
    if not card.has_neighbours:
        raise UsageError(f"{interface} has no neighbours that could look for {address}")
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    opened = socket.socket(socket.AF_PACKET, kind, 0)  # hears nothing before it is bound
    try:
        attach(opened, spare_filter(address))
        join(opened, card.index, PACKET_MR_PROMISC)
        if isinstance(address, IPv6Address):
            group = multicast_mac(solicited_node(address))
            join(opened, card.index, PACKET_MR_MULTICAST, group)
        opened.bind((interface, SOLICITED[address.version]))
    except BaseException:
        opened.close()
        raise
    return opened
