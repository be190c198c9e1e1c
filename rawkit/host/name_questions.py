"""The questions that a program can ask the resolver for a name: answers, times, errors.

getaddrinfo(3) gives the addresses of both versions of IP in the order in which they are to
be tried (RFC 6724). gethostbyname(3) is what there was before: IPv4 only, and in no order.
"""

import ctypes
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from time import perf_counter
from typing import Literal

from rawkit.errnos.resolver import GETADDRINFO, GETHOSTBYNAME, cause_of
from rawkit.host.calls import libc
from rawkit.host.names import FAMILIES, Address
from rawkit.record import record, replace

ROOM = 8192
"""Octets for what gethostbyname_r(3) writes."""
TIMED_OUT = "timed out"

Question = Literal["getaddrinfo", "gethostbyname"]


@record
class Answer:
    """What became of a question."""

    question: Question
    version: int | None = None
    """Of IP, if it was asked for one only."""
    addresses: tuple[Address, ...] = ()
    """In the resolver's order, each once."""
    canonical: str | None = None
    """What the name stands for in the end."""
    aliases: tuple[str, ...] = ()
    error: str = ""
    """Name of the error, such as ``"EAI_NONAME"``; ``TIMED_OUT``; empty: there was none."""
    cause: str = ""
    """The error in words."""
    took: float = 0.0
    """Seconds."""


class _HostEnt(ctypes.Structure):
    """``struct hostent`` (netdb.h)."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("aliases", ctypes.POINTER(ctypes.c_char_p)),
        ("address_type", ctypes.c_int),
        ("length", ctypes.c_int),
        ("addresses", ctypes.POINTER(ctypes.c_void_p)),
    )


def ask(
    question: Question, name: str, version: int | None = None, timeout: float | None = None
) -> Answer:
    """Ask the resolver, and return what it says.

    Args:
        question: which function of the C library.
        name: the name; an IDN is put into its ASCII form.
        version: 4 or 6; without it, either. The old question is about 4 only.
        timeout: the longest to wait, in seconds; without it, as long as resolv.conf(5) says.
    """
    encoded = name if name.isascii() else name.encode("idna").decode()
    call = _getaddrinfo if question == "getaddrinfo" else _gethostbyname
    if timeout is None:
        return _timed(call, encoded, version)
    answers: list[Answer] = []
    began = perf_counter()
    # A silent resolver cannot be interrupted: its thread is left behind, and keeps nobody.
    worker = threading.Thread(
        target=lambda: answers.append(_timed(call, encoded, version)),
        name="rawkit-names",
        daemon=True,
    )
    worker.start()
    worker.join(timeout)
    if answers:
        return answers[0]
    cause = f"no answer in {timeout:g} s"
    took = perf_counter() - began
    return Answer(question, version, error=TIMED_OUT, cause=cause, took=took)


def _timed(call: Callable[[str, int | None], Answer], name: str, version: int | None) -> Answer:
    began = perf_counter()
    answer = call(name, version)
    return replace(answer, took=perf_counter() - began)


def _getaddrinfo(name: str, version: int | None) -> Answer:
    try:
        found = socket.getaddrinfo(
            name, None, FAMILIES[version], socket.SOCK_STREAM, 0, socket.AI_CANONNAME
        )
    except socket.gaierror as error:
        code = error.errno or 0
        names = {one.number: one.name for one in GETADDRINFO}
        said, cause = names.get(code, str(code)), cause_of(code, version)
        return Answer("getaddrinfo", version, error=said, cause=cause)
    addresses: dict[Address, None] = {}
    for family, _, _, _, sockaddr in found:
        host = str(sockaddr[0])
        addresses[IPv4Address(host) if family == socket.AF_INET else IPv6Address(host)] = None
    return Answer("getaddrinfo", version, tuple(addresses), found[0][3] or None)


def _gethostbyname(name: str, version: int | None) -> Answer:
    """Call gethostbyname_r(3); Python's own function asks getaddrinfo(3) first."""
    entry, result = _HostEnt(), ctypes.POINTER(_HostEnt)()
    room, code = ctypes.create_string_buffer(ROOM), ctypes.c_int()
    references = ctypes.byref(result), ctypes.byref(code)
    libc().gethostbyname_r(name.encode(), ctypes.byref(entry), room, ROOM, *references)
    if not result:
        known = {one.number: one for one in GETHOSTBYNAME}
        if (error := known.get(code.value)) is None:
            return Answer("gethostbyname", 4, error=str(code.value), cause="no answer")
        return Answer("gethostbyname", 4, error=error.name, cause=error.says)
    addresses: dict[Address, None] = {}
    for place in _until_null(entry.addresses):
        addresses[IPv4Address(ctypes.string_at(place, entry.length))] = None
    aliases = tuple(_text(one) for one in _until_null(entry.aliases))
    return Answer("gethostbyname", 4, tuple(addresses), _text(entry.name), aliases)


def _until_null(
    pointers: "ctypes._Pointer[ctypes.c_char_p] | ctypes._Pointer[ctypes.c_void_p]",
) -> list[bytes | int]:
    found: list[bytes | int] = []
    while (one := pointers[len(found)]) is not None:
        found.append(one)
    return found


def _text(octets: bytes | int | None) -> str:
    return octets.decode(errors="backslashreplace") if isinstance(octets, bytes) else ""
