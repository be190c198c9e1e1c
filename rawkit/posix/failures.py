"""Why there is no connection: the errno, and what came back on the wire."""

import errno
import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from rawkit.errnos.table import explain, said
from rawkit.errors import ConnectionFailed
from rawkit.posix.address import Address
from rawkit.record import record
from rawkit.sockets import options
from rawkit.sockets.error_queue import ExtendedError

ANCILLARY_SPACE = 512
ICMP_HEAD = struct.Struct("!BBHI")
ORIGINS = {options.SO_EE_ORIGIN_ICMP: 4, options.SO_EE_ORIGIN_ICMP6: 6}
NOBODY_THERE = "nobody on the link has the address (try: rawkit resolve ADDRESS)"
ON_THE_WAY = "(try: rawkit trace shows how far it comes)"
ON_THIS_HOST = ("socket", "bind", "setsockopt")
"""Calls that ask nobody else."""
REFUSED_HERE = frozenset(
    (
        *(errno.EACCES, errno.EPERM, errno.EINVAL, errno.EADDRNOTAVAIL, errno.EADDRINUSE),
        *(errno.EAFNOSUPPORT, errno.EPROTOTYPE, errno.ENODEV, errno.EMFILE, errno.ENFILE),
        *(errno.ENOBUFS, errno.ENOMEM, errno.EOPNOTSUPP, errno.EMSGSIZE, errno.ENOTCONN),
    )
)
"""What this host says by itself, unless ICMP said so."""
UNSENT = REFUSED_HERE | {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}


@record
class IcmpError:
    """An ICMP error that came back (ip(7), IP_RECVERR)."""

    version: int
    """4: ICMP, 6: ICMPv6."""
    type: int
    code: int
    source: IPv4Address | IPv6Address
    says: str
    is_own: bool = False
    """Whether it is this host that says so, because nobody on the link has the address."""

    def __str__(self) -> str:
        name = "ICMP" if self.version == 4 else "ICMPv6"
        whose = "this host itself" if self.is_own else str(self.source)
        return f"{name} {self.type}/{self.code} ({self.says}) from {whose}"


@record
class Failure:
    """One address that could not be connected to, or a connection that broke."""

    address: Address
    call: str
    """The system call that failed, as :data:`rawkit.errnos.table.CALLS` has it."""
    number: int
    """The errno; ``ETIMEDOUT`` if it was we who gave up."""
    kind: str | None
    """Of the socket, as :func:`rawkit.errnos.table.kind_for` has it."""
    icmp: IcmpError | None = None
    took: float = 0.0
    """Seconds."""
    asked: int = 0
    """SYNs that were sent; 0: not known, or there are none."""
    patience: float | None = None
    """The seconds after which we gave up; ``None``: the kernel told us."""
    why: str = ""
    """Instead of what the table of errors says."""
    place: Address | None = None
    """Where it was to be bound, if that is what failed."""

    @property
    def is_local(self) -> bool:
        """Whether this host refused, and nobody else was asked."""
        if self.icmp is not None:
            return False
        return self.call in ON_THIS_HOST or self.number in REFUSED_HERE

    @property
    def came_back(self) -> str:
        """What came back: ``"RST"``, an ICMP error, ``"nothing"``; empty: there is no wire."""
        if self.icmp is not None:
            return str(self.icmp)
        if self.kind not in ("tcp", "mptcp", "udp") or self.call in ON_THIS_HOST or self.why:
            return ""
        if self.number in (errno.ECONNREFUSED, errno.ECONNRESET):
            return "RST" if self.kind != "udp" else ""
        if self.number == errno.ETIMEDOUT or self.number in UNSENT:
            return "nothing"
        return ""

    def wire(self) -> str:
        """Return what came back, as a clause; empty: nothing to say."""
        if self.place is not None:
            return f"cannot connect from {self.place}"
        match self.came_back:
            case "":
                return ""
            case "nothing" if self.number in UNSENT:
                return "nothing was sent"
            case "nothing":
                waited = "" if self.patience is None else f" in {self.patience:g} s"
                syns = f", to {self.asked} SYN{'s' * (self.asked != 1)}" if self.asked else ""
                return f"nothing came back{waited}{syns}"
            case what:
                return f"{what} came back"

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.address), self.wire(), self.reason)))

    def short(self) -> str:
        """Return it without reasons and ways out."""
        words = (str(self.address), self.wire() or said(self.number))
        return ": ".join(words)

    def error(self) -> ConnectionFailed:
        """Return it as an error."""
        return ConnectionFailed(self.number, str(self), self.came_back, is_local=self.is_local)

    @property
    def reason(self) -> str:
        """The errno, why it came, and what to do."""
        if self.call == "setsockopt":
            return self.why  # it names the option and the error
        if self.why:
            return f"{said(self.number)}: {self.why}"
        if self.icmp is None or self.number == errno.ECONNREFUSED:
            return explain(self.number, self.call, self.kind)
        if self.icmp.is_own and self.number == errno.EHOSTUNREACH:
            return f"{said(self.number)}: {NOBODY_THERE}"
        return f"{said(self.number)} {ON_THE_WAY}"


def icmp_error(sock: socket.socket) -> IcmpError | None:
    """Take the ICMP error that waits in a socket's error queue, the last of several."""
    found = None
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    with suppress(OSError):
        while True:
            _, ancillary, _, _ = sock.recvmsg(
                0, ANCILLARY_SPACE, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT
            )
            for _, _, data in ancillary:
                error = ExtendedError.read(data)
                if error.origin in ORIGINS:
                    found = _icmp(error, _own(sock))
    return found


def of_error(
    sock: socket.socket,
    address: Address,
    call: str,
    error: OSError | int,
    *,
    took: float = 0.0,
    asked: int = 0,
) -> Failure:
    """Return the failure that an error of a call is, with what the error queue has about it."""
    number = error if isinstance(error, int) else error.errno or 0
    return Failure(address, call, number, kind_of(sock), icmp_error(sock), took, asked)


def kind_of(sock: socket.socket) -> str | None:
    """Return the kind by which the table of errors knows a socket."""
    from rawkit.errnos.table import kind_for

    return kind_for(sock.family, sock.type, sock.proto)


def _own(sock: socket.socket) -> str:
    try:
        return str(sock.getsockname()[0]).partition("%")[0]
    except OSError:
        return ""


def _icmp(error: ExtendedError, own: str) -> IcmpError:
    from rawkit.wire import icmp, icmpv6
    from rawkit.wire.quote import says
    from rawkit.wire.quote_ipv6 import says_ipv6

    version = ORIGINS[error.origin]
    octets = memoryview(ICMP_HEAD.pack(error.type, error.code, 0, error.info))
    if version == 4:
        head, _ = icmp.parse(octets)
        words = says(head)
    else:
        words = says_ipv6(icmpv6.parse(octets)[0])
    source = IPv4Address(error.offender) if version == 4 else IPv6Address(error.offender)
    is_own = error.offender == own
    return IcmpError(version, error.type, error.code, source, words, is_own)
