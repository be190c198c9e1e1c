"""Which errno an ICMP error becomes in a socket: the kernel's own table, and when it tells.

From ``icmp_err_convert`` (net/ipv4/icmp.c), ``icmpv6_err_convert`` (net/ipv6/icmp.c) and the
error handlers of TCP and UDP; the tests send every one of them to the running kernel.
"""

import errno as e
from collections.abc import Iterator
from enum import Enum

from rawkit.record import record

UNREACHABLE, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM = 3, 4, 5, 11, 12
UNREACHABLE_IPV6, TOO_BIG_IPV6, TIME_EXCEEDED_IPV6, PARAMETER_PROBLEM_IPV6 = 1, 2, 3, 4
REDIRECT_IPV6 = 137
LAST_ERROR_IPV6 = 127
"""Types of ICMPv6 up to here are errors, whether anybody knows them or not."""
REASSEMBLY = 1
"""Code of "time exceeded" of ICMP that is about fragments; ICMPv6 makes no difference."""
IPV4_CODES = (
    *((e.ENETUNREACH, False), (e.EHOSTUNREACH, False), (e.ENOPROTOOPT, True)),
    *((e.ECONNREFUSED, True), (e.EMSGSIZE, False), (e.EOPNOTSUPP, False)),
    *((e.ENETUNREACH, True), (e.EHOSTDOWN, True), (e.ENONET, True), (e.ENETUNREACH, True)),
    *((e.EHOSTUNREACH, True), (e.ENETUNREACH, False), (e.EHOSTUNREACH, False)),
    *((e.EHOSTUNREACH, True), (e.EHOSTUNREACH, True), (e.EHOSTUNREACH, True)),
)
"""Of ICMP "destination unreachable", by its code: the errno, and whether it is fatal."""
IPV6_CODES = (
    *((e.ENETUNREACH, False), (e.EACCES, True), (e.EHOSTUNREACH, False)),
    *((e.EHOSTUNREACH, False), (e.ECONNREFUSED, True), (e.EACCES, True), (e.EACCES, True)),
)


class Situation(Enum):
    """Where an ICMP error meets a socket."""

    UDP = "udp"
    """A connected UDP socket; one that is not connected hears of nothing."""
    UDP_RECVERR = "udp_recverr"
    """A UDP socket with ``IP_RECVERR`` or ``IPV6_RECVERR``, connected or not."""
    TCP_CONNECTING = "tcp_connecting"
    """A TCP socket whose SYN is not answered yet."""
    TCP_CONNECTED = "tcp_connected"
    """A TCP connection: it goes on. SO_ERROR tells the errno once, and it is the one that
    comes should the connection time out (RFC 1122 §4.2.3.9)."""


@record
class Told:
    """What the kernel makes of an ICMP error."""

    version: int
    type: int
    code: int | None
    """``None``: every other code."""
    number: int
    """The errno; 0: none, whatever the socket."""
    is_fatal: bool = False
    """Whether a connected UDP socket hears of it without having asked for errors."""

    def errno_in(self, situation: Situation) -> int:
        """Return the errno that a socket reports; 0: none."""
        match situation:
            case Situation.UDP:
                return self.number if self.is_fatal or self.is_too_big else 0
            case Situation.UDP_RECVERR:
                return self.number
            case Situation.TCP_CONNECTING:
                return 0 if self.is_too_big else self.number
        return 0

    @property
    def is_too_big(self) -> bool:
        """Whether it says that the packet was too big: TCP then makes smaller ones by itself."""
        return self.number == e.EMSGSIZE


TABLE = (
    *(
        Told(4, UNREACHABLE, code, number, is_fatal)
        for code, (number, is_fatal) in enumerate(IPV4_CODES)
    ),
    Told(4, UNREACHABLE, None, 0),
    Told(4, SOURCE_QUENCH, None, 0),
    Told(4, REDIRECT, None, 0),
    Told(4, TIME_EXCEEDED, REASSEMBLY, 0),
    Told(4, TIME_EXCEEDED, None, e.EHOSTUNREACH),
    Told(4, PARAMETER_PROBLEM, None, e.EPROTO, is_fatal=True),
    *(
        Told(6, UNREACHABLE_IPV6, code, number, is_fatal)
        for code, (number, is_fatal) in enumerate(IPV6_CODES)
    ),
    Told(6, UNREACHABLE_IPV6, None, e.EPROTO, is_fatal=True),
    Told(6, TOO_BIG_IPV6, None, e.EMSGSIZE),
    Told(6, TIME_EXCEEDED_IPV6, None, e.EHOSTUNREACH),
    Told(6, PARAMETER_PROBLEM_IPV6, None, e.EPROTO, is_fatal=True),
    Told(6, REDIRECT_IPV6, None, 0),
)


def told(version: int, type_: int, code: int) -> Told | None:
    """Return what becomes of an ICMP error; ``None``: the table has none like it.

    Args:
        version: 4 for ICMP, 6 for ICMPv6.
        type_: the type octet.
        code: the code octet.
    """
    of_type = [one for one in TABLE if (one.version, one.type) == (version, type_)]
    if version == 6 and not of_type and type_ <= LAST_ERROR_IPV6:
        return Told(6, type_, None, e.EPROTO)  # RFC 4443 §2.4 (a): to be passed on
    return next((one for one in of_type if one.code in (None, code)), None)


def behind(number: int) -> Iterator[Told]:
    """Yield the ICMP errors that become an errno."""
    return (one for one in TABLE if one.number == number)
