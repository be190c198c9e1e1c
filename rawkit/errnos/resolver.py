"""The errors of names: those of getaddrinfo(3), and the older ones of gethostbyname(3)."""

import socket

from rawkit.errors import UsageError
from rawkit.record import record


@record
class ResolverError:
    """What an error of the resolver means."""

    name: str
    number: int
    says: str
    """``{family}`` stands for the version of IP that was asked for, if one was."""
    way_out: str = ""


GETADDRINFO = (
    ResolverError(
        "EAI_NONAME",
        socket.EAI_NONAME,
        "unknown name",
        "is it spelt right? Look at /etc/hosts, and at the search domains in /etc/resolv.conf",
    ),
    ResolverError(
        "EAI_NODATA",
        socket.EAI_NODATA,
        "the name has no {family}address",
        "the other version of IP; a name may have mail or other records only",
    ),
    ResolverError(
        "EAI_ADDRFAMILY",
        socket.EAI_ADDRFAMILY,
        "the name has no {family}address",
        "the other version of IP",
    ),
    ResolverError(
        "EAI_AGAIN",
        socket.EAI_AGAIN,
        "no answer from the name server (is it reachable from here?)",
        "/etc/resolv.conf names it; a lab has none: rawkit lab --host NAME=ADDRESS",
    ),
    ResolverError(
        "EAI_FAIL",
        socket.EAI_FAIL,
        "the name server failed to answer",
        "another name server; the zone of the name may be broken",
    ),
    ResolverError(
        "EAI_SERVICE",
        socket.EAI_SERVICE,
        "no service of that name for this kind of socket",
        "the number of the port; /etc/services lists names",
    ),
    ResolverError(
        "EAI_SOCKTYPE",
        socket.EAI_SOCKTYPE,
        "no such kind of socket: type and protocol do not go together",
        "SOCK_STREAM or SOCK_DGRAM, and protocol 0",
    ),
    ResolverError(
        "EAI_FAMILY",
        socket.EAI_FAMILY,
        "no such family of addresses",
        "AF_INET, AF_INET6 or AF_UNSPEC",
    ),
    ResolverError(
        "EAI_BADFLAGS",
        socket.EAI_BADFLAGS,
        "flags that are unknown, or AI_CANONNAME without a name",
        "flags as in getaddrinfo(3)",
    ),
    ResolverError("EAI_MEMORY", socket.EAI_MEMORY, "no memory for the answer", ""),
    ResolverError(
        "EAI_OVERFLOW",
        socket.EAI_OVERFLOW,
        "the name is longer than the room for it",
        "a larger buffer",
    ),
    ResolverError(
        "EAI_SYSTEM",
        socket.EAI_SYSTEM,
        "a system call failed, and errno says why",
        "rawkit errno NUMBER",
    ),
)
GETHOSTBYNAME = (
    ResolverError("HOST_NOT_FOUND", 1, "unknown name", "as EAI_NONAME"),
    ResolverError("TRY_AGAIN", 2, "no answer from the name server, or not now", "as EAI_AGAIN"),
    ResolverError("NO_RECOVERY", 3, "the name server failed to answer", "as EAI_FAIL"),
    ResolverError(
        "NO_DATA", 4, "the name has no IPv4 address: others were not asked for", "getaddrinfo(3)"
    ),
)
"""Of ``h_errno`` (netdb.h), which Python's ``socket.herror`` bears."""
EVERY = (*GETADDRINFO, *GETHOSTBYNAME)


def cause_of(code: int, version: int | None = None) -> str:
    """Return in words what a getaddrinfo(3) error means.

    Args:
        code: the error, as ``socket.gaierror`` bears it.
        version: of IP, if it was asked for one only.
    """
    family = "" if version is None else f"IPv{version} "
    for one in GETADDRINFO:
        if one.number == code:
            return one.says.format(family=family)
    return f"resolver error {code}"


def find(name: str) -> ResolverError:
    """Return the error of a name, whatever the case of its letters.

    Raises:
        UsageError: there is none.
    """
    for one in EVERY:
        if one.name == name.upper():
            return one
    from difflib import get_close_matches

    close = get_close_matches(name.upper(), [one.name for one in EVERY], n=1)
    suggestion = f" (did you mean {close[0]}?)" if close else ""
    raise UsageError(f"no error of the resolver is called {name!r}{suggestion}")
