"""Filters as packet sockets need them: for every link there, each packet once, in one direction."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Literal

from rawkit.errors import FilterError, UsageError
from rawkit.filters.filter import Filter
from rawkit.filters.links import Link
from rawkit.sockets.frame_news import FRAMED
from rawkit.sockets.options import ARPHRD_LOOPBACK, PACKET_OUTGOING
from rawkit.wire.bpf import (
    ALL,
    INSTRUCTION,
    JUMP_ALWAYS,
    JUMP_EQUAL,
    LOAD_WORD,
    MOST_INSTRUCTIONS,
    RETURN,
    Ancillary,
    Line,
    Op,
    assemble,
)

Way = Literal["in", "out"]
NOTHING = INSTRUCTION.pack(RETURN, 0, 0, 0)
SAID = {Link.FRAMES: "an interface", Link.COOKED: "an interface of this type"}
"""What links are called where it is about interfaces."""


def socket_filter(
    expression: str | Filter, hardware: int | None, way: Way | None, keep: int = 0
) -> bytes:
    """Return the program that a packet socket is to be given.

    Args:
        expression: in tcpdump's words, or a filter that is made already.
        hardware: the type of the interface (``ARPHRD_…``); ``None``: all interfaces, of
            whatever type.
        way: what is wanted; ``None``: both. The loopback interface shows each packet as it
            leaves and as it comes; one of the two is left out.
        keep: octets to keep of each packet; 0: all.

    Raises:
        FilterError: the expression makes no sense, or cannot be asked there.
        UsageError: it is too long.
    """
    program = _once(hardware, way)
    if hardware is None:
        framed, bare = (_compiled(expression, link, keep) for link in (Link.FRAMES, Link.COOKED))
        program += framed if framed == bare else _by_link(framed, bare)
    else:
        link = Link.FRAMES if hardware in FRAMED else Link.COOKED
        program += _compiled(expression, link, keep, is_only=True)
    if (count := len(program) // INSTRUCTION.size) > MOST_INSTRUCTIONS:
        problem = f"it takes {count} instructions for all interfaces: name one"
        raise UsageError(f"filter: {problem}, for the kernel takes {MOST_INSTRUCTIONS}")
    return program


def _compiled(expression: str | Filter, link: Link, keep: int, *, is_only: bool = False) -> bytes:
    """Return the filter for one kind of link; where it cannot be asked, nothing passes."""
    if isinstance(expression, Filter):
        return expression.program
    from rawkit.host import names

    def resolve(name: str) -> Iterable[IPv4Address]:
        return names.resolve(name)  # type: ignore[return-value]  # of either version

    interfaces = {name: number for number, name in socket.if_nameindex()}
    try:
        return Filter.compile(
            expression, link, resolve=resolve, interfaces=interfaces, keep=keep or ALL
        ).program
    except FilterError as error:
        if not is_only and link is Link.COOKED:
            return NOTHING
        problem = error.problem.replace(link.value, SAID[link])
        raise FilterError(problem, error.text, error.column, error.end) from error


def _once(hardware: int | None, way: Way | None) -> bytes:
    """Return the instructions that leave out one of the two directions, where that is wanted."""
    if way is None and hardware not in (None, ARPHRD_LOOPBACK):
        return b""
    is_outgoing = [Op(LOAD_WORD, Ancillary.PACKET_TYPE.place)]
    lines: list[Line]
    match way:
        case "out":
            lines = [*is_outgoing, Op(JUMP_EQUAL, PACKET_OUTGOING, "go on", "drop")]
        case "in":
            lines = [*is_outgoing, Op(JUMP_EQUAL, PACKET_OUTGOING, "drop", "go on")]
        case None:
            lines = [
                *is_outgoing,
                Op(JUMP_EQUAL, PACKET_OUTGOING, "", "go on"),
                Op(LOAD_WORD, Ancillary.HARDWARE_TYPE.place),
                Op(JUMP_EQUAL, ARPHRD_LOOPBACK, "drop", "go on"),
            ]
    return assemble([*lines, "drop", Op(RETURN, 0), "go on"])


def _by_link(framed: bytes, bare: bytes) -> bytes:
    """Return both programs behind a switch: for links with Ethernet headers, and for others."""
    count = len(FRAMED)
    switch = INSTRUCTION.pack(LOAD_WORD, 0, 0, Ancillary.HARDWARE_TYPE.place)
    for place, hardware in enumerate(sorted(FRAMED)):
        switch += INSTRUCTION.pack(JUMP_EQUAL, count - place, 0, hardware)
    return (
        switch
        + INSTRUCTION.pack(JUMP_ALWAYS, 0, 0, len(framed) // INSTRUCTION.size)
        + framed
        + bare
    )
