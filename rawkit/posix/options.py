"""Socket options by name: ``TCP_NODELAY=1`` and its like set, all of a socket read.

Every command that opens a socket takes ``--option NAME=VALUE``, and this is what it is read
by. Values have units: ``SO_RCVTIMEO=250ms``, ``SO_RCVBUF=64KiB``, ``TCP_USER_TIMEOUT=30s``,
``IP_MTU_DISCOVER=do``, ``SO_LINGER=off``.
"""

import errno
import socket
from collections.abc import Iterable, Iterator

from rawkit.errnos.table import explain, kind_for, meaning, said
from rawkit.errors import OptionRefused, UsageError
from rawkit.host import calls
from rawkit.posix import option_values
from rawkit.posix.option_values import Value
from rawkit.record import record
from rawkit.sockets.known.option import KnownOption
from rawkit.sockets.known.table import find, table

ABSENT = frozenset((errno.ENOPROTOOPT, errno.EOPNOTSUPP))
"""What the kernel says of an option that a kind of socket has not."""


@record
class Setting:
    """An option and the value that it is to be set to."""

    known: KnownOption
    word: str
    """The value as it was written."""
    octets: bytes
    """The value as setsockopt(2) takes it."""

    def __str__(self) -> str:
        return f"{self.known.name}={self.word}"

    def apply(self, sock: socket.socket) -> None:
        """Set the option.

        Raises:
            MissingCapability: it takes one.
            OptionRefused: the kernel did not take it; the message says why.
        """
        option = self.known.option
        try:
            if sock.family == socket.AF_VSOCK:  # of which Python sets 64 bits and nothing else
                calls.setsockopt(sock.fileno(), option.level, option.number, self.octets)
            else:
                sock.setsockopt(option.level, option.number, self.octets)
        except OSError as error:
            raise _refusal(self, sock, error) from error


@record
class Reading:
    """What the kernel says of an option of a socket."""

    known: KnownOption
    value: Value = None
    """In its unit; ``None``: none, or it could not be read."""
    problem: int = 0
    """The errno of why it could not be read."""
    is_kept: bool = False
    """Whether it was not read, for reading it takes what it tells."""

    @property
    def is_absent(self) -> bool:
        """Whether this kind of socket, or this kernel, has no such option."""
        return self.problem in ABSENT

    def __str__(self) -> str:
        if self.is_kept:
            return "not read: that would take it"
        if self.problem:
            return f"not readable: {said(self.problem)}"
        return option_values.show(self.known, self.value)


def parse_setting(text: str) -> Setting:
    """Return what ``NAME=VALUE`` asks for.

    Raises:
        UsageError: there is no such option, or it has no such value.
    """
    name, equals, word = text.partition("=")
    known = find(name)
    if not equals or not word:
        wanted = option_values.values_of(known)
        raise UsageError(f"{known.name}: no value; {known.name}=VALUE, with {wanted}")
    return Setting(known, word, option_values.parse(known, word))


def apply(sock: socket.socket, settings: Iterable[Setting]) -> None:
    """Set options, in order.

    Raises:
        MissingCapability: one takes a capability.
        OptionRefused: the kernel did not take one; the message says which, and why.
    """
    for setting in settings:
        setting.apply(sock)


def read(sock: socket.socket, known: KnownOption, *, take: bool = False) -> Reading:
    """Return what the kernel says of an option.

    Args:
        sock: the socket.
        known: the option.
        take: read it even if that takes what it tells, as with SO_ERROR.
    """
    if known.access == "take" and not take:
        return Reading(known, is_kept=True)
    if known.access == "w":
        return Reading(known, problem=errno.ENOPROTOOPT)
    try:
        return Reading(known, option_values.read(sock, known))
    except OSError as error:
        return Reading(known, problem=error.errno or errno.EINVAL)


def readings(sock: socket.socket) -> Iterator[Reading]:
    """Yield what the kernel says of every option that a socket has and that can be read."""
    for known in table():
        if known.is_readable and not (found := read(sock, known)).is_absent:
            yield found


def _refusal(setting: Setting, sock: socket.socket, error: OSError) -> Exception:
    """Return the error that says why an option was not set."""
    from rawkit.host import capability

    option = setting.known.option
    if error.errno == errno.EPERM and option.capability is not None:
        needed = capability.parse(option.capability.partition(" ")[0])
        return capability.missing(needed, to=f"set {option.name}")
    kind = kind_for(sock.family, sock.type, sock.proto)
    why = explain(error.errno or 0, "setsockopt", kind)
    known = meaning(error.errno or 0, "setsockopt", kind)
    if error.errno == errno.EINVAL and known is not None:
        wanted = option_values.values_of(setting.known)
        why = f"{said(errno.EINVAL)}: {known.says}; it takes {wanted}"
    refused = OptionRefused(f"{setting}: {why}")
    refused.errno = error.errno
    return refused
