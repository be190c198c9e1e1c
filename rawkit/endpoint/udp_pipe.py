"""UDP by hand: raw sockets for one port, and what keeps the kernel's UDP away from it.

The kernel answers a datagram for a port that it does not know with "port unreachable", and the
other side's kernel then tells its program so. So a UDP socket holds the port, and drops all that
comes to it by a filter, which anybody may set on one. It goes with the process.
"""

import socket
from collections.abc import Callable

from rawkit.endpoint.advice import KINDS, errors_filter
from rawkit.errors import UsageError
from rawkit.sockets.ladder import not_permitted, refused, why_no_raw_socket, with_capabilities
from rawkit.sockets.ports import reserve
from rawkit.sockets.probes import ProbePipe
from rawkit.sockets.raw import RawSocket
from rawkit.sockets.settings import Settings
from rawkit.wire.address import Address
from rawkit.wire.bpf import (
    ALL,
    JUMP_EQUAL,
    LOAD_HALF,
    LOAD_HALF_FROM_X,
    LOAD_X_IHL,
    RETURN,
    Op,
    assemble,
)

DST_PORT = 2
"""Where the UDP header has it."""
RECEIVE_BUFFER = 4 << 20
Opener = Callable[[], RawSocket]
WISH = "speak UDP over raw sockets"


class UDPPipe(ProbePipe):
    """Whole IP packets from and to one UDP port, and ICMP errors; closes its guard, too."""

    def __init__(self, address: Address, port: int = 0, interface: str | None = None) -> None:
        """Take a port.

        Args:
            address: one of this host's.
            port: 0: any that is free.
            interface: on this one alone.

        Raises:
            MissingCapability: the port is a low one.
            NotPermitted: ``CAP_NET_RAW`` is missing; the message says why, and the ways out.
            UsageError: the port is taken, or there is no such address or interface here.
        """
        if address.is_unspecified:
            raise UsageError(f"{address}: one address of this host is wanted")
        version = address.version
        self.address = address
        guard = reserve(version, "udp", port, Settings(src=address, interface=interface))
        self.port: int = guard.getsockname()[1]
        opened: list[RawSocket] = []
        try:
            opened.append(_permitted(version, _raw(address, self.port, interface)))
            opened.append(_permitted(version, _errors(version, interface)))
        except BaseException:
            for one in opened:
                one.close()
            guard.close()
            raise
        super().__init__(opened[:1], opened[1:], [guard])


def port_filter(version: int, port: int) -> bytes:
    """Return a program for raw UDP sockets that lets pass what is for one port."""
    load = [Op(LOAD_X_IHL, 0), Op(LOAD_HALF_FROM_X, DST_PORT)]
    if version == 6:  # such a socket gives no IP header
        load = [Op(LOAD_HALF, DST_PORT)]
    ask = Op(JUMP_EQUAL, port, "pass", "drop")
    return assemble([*load, ask, "pass", Op(RETURN, ALL), "drop", Op(RETURN, 0)])


def _raw(address: Address, port: int, interface: str | None) -> Opener:
    settings = Settings(
        src=address, interface=interface, receive_buffer=RECEIVE_BUFFER, transmit_stamps=False
    )
    program = port_filter(address.version, port)
    return lambda: RawSocket(address.version, socket.IPPROTO_UDP, settings, program)


def _errors(version: int, interface: str | None) -> Opener:
    settings = Settings(interface=interface, transmit_stamps=False)
    return lambda: RawSocket(version, KINDS[version], settings, errors_filter(version))


def _permitted(version: int, open_: Opener) -> RawSocket:
    try:
        return with_capabilities(open_)
    except PermissionError as error:
        raise not_permitted(WISH, [refused(error, version, why_no_raw_socket)]) from error
