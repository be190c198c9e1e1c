"""Sockets that wait for clients: opened, set up, bound, and let go without a trace.

SO_REUSEADDR: on TCP always, or a server could not start anew while connections of the last one
are in TIME_WAIT; two that listen are refused all the same. On UDP never: there it lets another
program take our datagrams.
"""

import errno
import os
import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from rawkit.errnos.table import explain, kind_for, said
from rawkit.errors import ListenRefused, RawkitError, UsageError
from rawkit.host import sysctl
from rawkit.host.capability import Capability, why_missing
from rawkit.posix import socket_file
from rawkit.posix.address import Address, DescriptorAddress, InternetAddress, UnixAddress
from rawkit.posix.ports import UNPRIVILEGED
from rawkit.posix.resolution import SockAddr, Target, adopt, local_address, resolve
from rawkit.posix.serving.settings import Settings
from rawkit.record import record, replace
from rawkit.sockets.options import IP_PKTINFO, SK_MEMINFO_DROPS, SK_MEMINFO_VARS, SO_MEMINFO

UNSPECIFIED = ("0.0.0.0", "::")
NO_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
NO_MPTCP = (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT, errno.EINVAL)
TCP_FASTOPEN_SERVER = 2
"""Bit of net.ipv4.tcp_fastopen: whether listeners may accept data in a SYN."""
PROBES, PROBE_INTERVAL = 4, 10
"""How often, and each how many seconds, a silent client is asked before it is given up."""
MEMINFO = struct.Struct(f"={SK_MEMINFO_VARS}I")


@record
class Listener:
    """A socket that clients come to."""

    sock: socket.socket
    address: Address | None
    """Where it is bound; ``None``: it has no name that there is a word for."""
    asked: Address
    """As it was asked for."""
    file: socket_file.SocketFile | None = None
    is_ours: bool = True
    """False: it was passed to us, and goes on when we do not."""
    notes: tuple[str, ...] = ()
    """What is not as it was asked for."""

    @property
    def is_datagram(self) -> bool:
        """Whether datagrams come, and no connections."""
        return self.sock.type == socket.SOCK_DGRAM

    @property
    def is_message(self) -> bool:
        """Whether its connections keep messages whole."""
        return self.sock.type == socket.SOCK_SEQPACKET

    @property
    def families(self) -> str:
        """Which versions of IP can reach it, in words; empty: there are none."""
        match self.sock.family:
            case socket.AF_INET:
                return "IPv4 only"
            case socket.AF_INET6:
                only = self.sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
                return "IPv6 only" if only else "IPv6 and IPv4"
        return ""

    @property
    def can_be_shared(self) -> bool:
        """Whether other sockets can have the same address, each with a queue of its own."""
        return self.is_ours and self.sock.family in (socket.AF_INET, socket.AF_INET6)

    def another(self, settings: Settings) -> "Listener":
        """Open one more at the same address, if it was opened to be shared."""
        assert self.address is not None
        return listen(self.address, settings, reuse_port=True)[0]

    @property
    def overflowed(self) -> int:
        """Datagrams that the kernel has dropped because they were not read in time."""
        try:
            octets = self.sock.getsockopt(SO_MEMINFO.level, SO_MEMINFO.number, MEMINFO.size)
        except OSError:
            return 0
        numbers: tuple[int, ...] = MEMINFO.unpack(octets)
        return numbers[SK_MEMINFO_DROPS]

    def hush(self) -> None:
        """Let nobody connect any more; what another process has of it is deaf, too."""
        if self.is_ours and not self.is_datagram:
            with suppress(OSError):  # another worker was quicker
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it, and remove its file."""
        if self.file is not None:
            self.file.remove()
        self.sock.close()


def listen(
    address: Address, settings: Settings, *, reuse_port: bool = False
) -> tuple[Listener, ...]:
    """Open every socket that an address stands for.

    Args:
        address: where; a host name may stand for several.
        settings: how the sockets are to be.
        reuse_port: let other sockets share the port (SO_REUSEPORT).

    Raises:
        ListenRefused: the kernel refuses; the message says why.
        NameNotFound: the host has no address.
        OptionRefused: the kernel did not take an option of the settings.
        UsageError: nobody can be served there.
    """
    if isinstance(address, DescriptorAddress):
        return (_adopted(address),)
    if address.kind.word == "packet":
        raise UsageError(f"{address}: frames are not served; rawkit sniff hears them")
    opened: list[Listener] = []
    try:
        for target in resolve(address, passive=True):
            if opened:
                target = _with_port_of(opened[0], target)
            try:
                opened.append(_open(address, target, settings, reuse_port=reuse_port))
            except ListenRefused as error:
                if not opened or error.errno not in NO_FAMILY:
                    raise
    except BaseException:
        for one in opened:
            one.close()
        raise
    return tuple(opened)


def _open(address: Address, target: Target, settings: Settings, *, reuse_port: bool) -> Listener:
    """Open one socket.

    Raises:
        ListenRefused: the kernel refuses.
    """
    notes: list[str] = []
    try:
        sock = _socket(target, notes)
    except OSError as error:
        kind = kind_for(target.family, target.type, target.protocol)
        why = explain(error.errno or 0, "socket", kind)
        raise ListenRefused(error.errno, f"cannot open a socket for {address}: {why}") from error
    try:
        _set_options(sock, settings, notes, reuse_port=reuse_port)
        file = _bind(sock, target, settings)
        if file is not None and file.replaced:
            notes.append("a server that is gone had left its file: replaced")
        _ask_where_to(sock)
        if sock.type != socket.SOCK_DGRAM:
            sock.listen(settings.backlog)
            most = sysctl.numbers("net.core.somaxconn")
            if most and settings.backlog > most[0]:
                notes.append(f"backlog: {most[0]}, which is net.core.somaxconn")
        sock.setblocking(False)
        return Listener(sock, local_address(sock), address, file, notes=tuple(notes))
    except OSError as error:
        sock.close()
        if isinstance(error, RawkitError):
            raise  # it says all there is to say
        raise _refusal(target, error) from error
    except BaseException:
        sock.close()
        raise


def _socket(target: Target, notes: list[str]) -> socket.socket:
    """Open the socket; plain TCP, where there is no multipath TCP."""
    try:
        return target.open()
    except OSError as error:
        if target.protocol != socket.IPPROTO_MPTCP or error.errno not in NO_MPTCP:
            raise
        notes.append(f"plain TCP: {explain(error.errno, 'socket', 'mptcp')}")
        return replace(target, protocol=socket.IPPROTO_TCP).open()


def _set_options(
    sock: socket.socket, settings: Settings, notes: list[str], *, reuse_port: bool
) -> None:
    """Set what connections then inherit (tcp(7)), before anybody can come.

    Raises:
        MissingCapability: an option takes one.
        OptionRefused: the kernel did not take an option.
    """
    is_internet = sock.family in (socket.AF_INET, socket.AF_INET6)
    if is_internet and sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(settings.no_delay))
        if settings.keepalive is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(settings.keepalive))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_INTERVAL)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
        if settings.fast_open:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, settings.fast_open)
            allowed = sysctl.numbers("net.ipv4.tcp_fastopen") or (0,)
            if not allowed[0] & TCP_FASTOPEN_SERVER:
                notes.append("no fast open: net.ipv4.tcp_fastopen lacks bit 2 (try: 3)")
    if is_internet and reuse_port:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    for setting in settings.options:
        setting.apply(sock)


def _ask_where_to(sock: socket.socket) -> None:
    """Have the kernel say which of our addresses a datagram is for: the answer leaves from it.

    A client that has connected its socket hears nobody else.
    """
    if sock.type != socket.SOCK_DGRAM or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    if sock.getsockname()[0] not in UNSPECIFIED:
        return
    if sock.family == socket.AF_INET:
        IP_PKTINFO.set(sock)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def _bind(sock: socket.socket, target: Target, settings: Settings) -> socket_file.SocketFile | None:
    address = target.address
    if isinstance(address, UnixAddress) and not address.abstract:
        path = os.fsencode(address.path)
        return socket_file.bind(sock, path, settings.mode, settings.owner)
    sock.bind(target.sockaddr)
    return None


def _adopted(address: DescriptorAddress) -> Listener:
    """Take a socket that was passed to us.

    Raises:
        UsageError: it is none, or waits for nobody.
    """
    sock = adopt(address)
    is_datagram = sock.type == socket.SOCK_DGRAM
    if not is_datagram and not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.detach()
        raise UsageError(f"{address}: the socket does not listen")
    sock.setblocking(False)
    sock.set_inheritable(False)
    _ask_where_to(sock)
    return Listener(sock, local_address(sock), address, is_ours=False)


def _with_port_of(first: Listener, target: Target) -> Target:
    """Return a target at the same port as the first one, if any port will do."""
    address = target.address
    if not isinstance(address, InternetAddress) or address.port != 0:
        return target
    match target.sockaddr:
        case (str() as host, int(), *scope):
            port = first.sock.getsockname()[1]
            sockaddr: SockAddr = (host, port, *scope)
            return replace(target, address=replace(address, port=port), sockaddr=sockaddr)
    return target


def _refusal(target: Target, error: OSError) -> ListenRefused:
    """Return the error that says why a socket cannot be bound there, or cannot listen."""
    from rawkit.posix.taken import who_has

    address, number = target.address, error.errno or 0
    why = explain(number, "bind", kind_for(target.family, target.type, target.protocol))
    if isinstance(address, UnixAddress) and address.abstract and number == errno.EADDRINUSE:
        why = f"{said(number)}: whoever has it lives (try: ss -xlp; or another name)"
    elif isinstance(address, InternetAddress):
        host = address.host
        if number == errno.EADDRINUSE and isinstance(host, IPv4Address | IPv6Address):
            if (who := who_has(target.type, host, address.port)) is not None:
                why = f"{said(number)}: {who} has it (try: port 0)"
        elif number == errno.EACCES:
            cause, ways = why_missing(Capability.NET_BIND_SERVICE)
            ways = ("port 0, or one from 1024 on", f"sysctl {UNPRIVILEGED}={address.port}", *ways)
            why = f"{cause} (try: {'; or '.join(ways)})"
    return ListenRefused(number, f"cannot listen at {address}: {why}")
