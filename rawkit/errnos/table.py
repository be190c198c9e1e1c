"""The table: every errno of every socket call, found by number, name, call and kind."""

import errno
import os
from collections.abc import Iterator
from functools import cache

from rawkit.errnos import icmp
from rawkit.errnos.meaning import Meaning
from rawkit.errors import UsageError

CALLS = {
    "socket": "open a socket (socket(2), socketpair(2))",
    "bind": "give it an address (bind(2))",
    "listen": "let others connect (listen(2))",
    "accept": "take the next connection (accept(2))",
    "connect": "connect to somebody (connect(2))",
    "send": "send (send(2), sendto(2), sendmsg(2), write(2))",
    "recv": "receive (recv(2), recvfrom(2), recvmsg(2), read(2))",
    "shutdown": "end one direction (shutdown(2))",
    "getsockopt": "read an option (getsockopt(2))",
    "setsockopt": "set an option (setsockopt(2))",
    "any": "any of these",
}
SAME_AS = {
    **dict.fromkeys(("socketpair",), "socket"),
    **dict.fromkeys(("accept4",), "accept"),
    **dict.fromkeys(("sendto", "sendmsg", "sendmmsg", "write", "writev", "sendfile"), "send"),
    **dict.fromkeys(("recvfrom", "recvmsg", "recvmmsg", "read", "readv"), "recv"),
}
PREFERRED = {errno.EOPNOTSUPP: "EOPNOTSUPP", errno.EAGAIN: "EAGAIN"}
"""Numbers with several names on Linux: that which is usual for sockets."""


@cache
def table() -> tuple[Meaning, ...]:
    """Return all meanings, call by call."""
    from rawkit.errnos import connecting, opening, options, transfer

    return (
        *(*opening.SOCKET, *opening.BIND, *opening.LISTEN, *opening.ACCEPT),
        *(*connecting.CONNECT, *transfer.SEND, *transfer.RECV, *connecting.SHUTDOWN),
        *(*options.GETSOCKOPT, *options.SETSOCKOPT, *options.ANY),
    )


def name_of(number: int) -> str:
    """Return the name of an errno, or the number in digits."""
    return PREFERRED.get(number) or errno.errorcode.get(number, str(number))


def number_of(word: str) -> int:
    """Return the errno that a name or a number stands for, whatever the case of its letters.

    Raises:
        UsageError: there is none of that name or number here.
    """
    if word.isascii() and word.isdecimal():
        number = int(word[:9])
        if number not in errno.errorcode:
            raise UsageError(f"no errno has the number {word}")
        return number
    found = getattr(errno, word.upper(), None) if word.upper().startswith("E") else None
    if isinstance(found, int):
        return found
    raise UsageError(f"no errno is called {word!r}{_suggestion(word.upper())}")


def call_of(word: str) -> str:
    """Return the call by whose name the table knows the errors of a call.

    Raises:
        UsageError: the table knows no such call.
    """
    call = SAME_AS.get(word, word)
    if call in CALLS:
        return call
    raise UsageError(f"no call {word!r}: one of {', '.join(CALLS)}")


def meanings_of(
    number: int | None = None, call: str | None = None, kind: str | None = None
) -> Iterator[Meaning]:
    """Yield the meanings that are asked for, in the order of the table.

    Args:
        number: of this errno only.
        call: of this call only; what is true of any call belongs to it.
        kind: of this kind of sockets only, one of ``KINDS``.
    """
    for one in table():
        if number is not None and one.number != number:
            continue
        if call is not None and one.call not in (call, "any"):
            continue
        if kind is None or one.is_about(kind):
            yield one


def meaning(number: int, call: str, kind: str | None = None) -> Meaning | None:
    """Return what an errno of a call on a kind of socket means, if the table knows."""
    found = list(meanings_of(number, call, kind))
    if kind is None:
        return next((one for one in found if not one.kinds), found[0] if found else None)
    return next((one for one in found if kind in one.kinds), found[0] if found else None)


def said(number: int) -> str:
    """Return what the C library says of an errno, and its name: ``broken pipe (EPIPE)``."""
    return f"{os.strerror(number).lower()} ({name_of(number)})"


def explain(number: int, call: str, kind: str | None = None) -> str:
    """Return an errno in a line: what it is called, why, and what to try.

    Args:
        number: the errno.
        call: the call that failed, as in ``CALLS``.
        kind: of which socket, as in ``KINDS``; none: of any.
    """
    if (known := meaning(number, call, kind)) is not None:
        return f"{said(number)}: {known.told}"
    if any(icmp.behind(number)):
        return f"{said(number)}: an ICMP error says so (try: rawkit errno {name_of(number)})"
    return said(number)


def kind_for(family: int, type_: int, protocol: int) -> str | None:
    """Return the kind by which the table knows a socket; ``None``: by none."""
    import socket

    match family:
        case socket.AF_UNIX:
            return "unix"
        case socket.AF_VSOCK:
            return "vsock"
        case socket.AF_PACKET:
            return "packet"
        case socket.AF_INET | socket.AF_INET6:
            return _internet_kind(type_, protocol)
    return None


def _internet_kind(type_: int, protocol: int) -> str | None:
    import socket

    match type_, protocol:
        case socket.SOCK_STREAM, _:
            return "mptcp" if protocol == socket.IPPROTO_MPTCP else "tcp"
        case socket.SOCK_DGRAM, socket.IPPROTO_ICMP | socket.IPPROTO_ICMPV6:
            return "ping"
        case socket.SOCK_DGRAM, _:
            return "udp"
        case socket.SOCK_RAW, _:
            return "raw"
    return None


def _suggestion(word: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, errno.errorcode.values(), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
