"""ICMP errors about segments of ours, through a raw ICMP socket."""

from rawkit.sockets.raw import RawSocket
from rawkit.sockets.settings import Settings
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice, advice_in
from rawkit.wire.bpf import (
    ALL,
    JUMP_EQUAL,
    JUMP_SET,
    LOAD_BYTE,
    LOAD_BYTE_FROM_X,
    LOAD_X_IHL,
    RETURN,
    Line,
    Op,
    assemble,
)
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.received import Checksum, Received

MOST = 64
"""Messages that are looked at in one go."""
KINDS = {4: IPProtocol.ICMP, 6: IPProtocol.ICMPV6}
ERRORS_V4 = (3, 4, 11, 12)
"""Unreachable, source quench, time exceeded, parameter problem."""
INFORMATIONAL_V6 = 0x80
"""The bit that tells questions and answers from errors (RFC 4443 §2.1)."""


def errors_filter(version: int) -> bytes:
    """Return a program for raw ICMP sockets that lets pass errors alone."""
    lines: list[Line]
    if version == 4:
        lines = [Op(LOAD_X_IHL, 0), Op(LOAD_BYTE_FROM_X, 0)]
        lines += [Op(JUMP_EQUAL, kind, "pass") for kind in ERRORS_V4]
    else:
        lines = [Op(LOAD_BYTE, 0), Op(JUMP_SET, INFORMATIONAL_V6, "drop", "pass")]
    return assemble([*lines, "drop", Op(RETURN, 0), "pass", Op(RETURN, ALL)])


class AdviceSocket:
    """Hears the ICMP errors of this host, and gives out those about TCP."""

    def __init__(self, version: int, interface: str | None = None) -> None:
        """Open it.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
        """
        settings = Settings(interface=interface, transmit_stamps=False)
        self._io = RawSocket(version, KINDS[version], settings, errors_filter(version))

    def take(self) -> list[tuple[Flow, Advice]]:
        """Return what has come."""
        found: list[tuple[Flow, Advice]] = []
        for _ in range(MOST):
            news = self._io.receive()
            if news is None:
                break
            if isinstance(news, Received) and news.checksum is not Checksum.BAD:
                advice = advice_in(news.packet)
                if advice is not None:
                    found.append(advice)
        return found

    def fileno(self) -> int:
        """Return the descriptor that turns readable when one has come."""
        return self._io.fileno()

    def close(self) -> None:
        """Close it."""
        self._io.close()
