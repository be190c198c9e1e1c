"""Socket filters: classic BPF, run by the kernel (socket(7), filter.rst).

A filter is attached before its socket can hear anything of interest, and lets pass
what the socket waits for. On a raw IPv4 socket a program sees the IP header first;
on a raw IPv6 socket it starts behind all IPv6 headers.
"""

import errno
import socket
import struct
from array import array
from typing import NamedTuple

from rawkit.sockets import options
from rawkit.wire.bpf import (
    ADD,
    ADD_X,
    ALL,
    AND,
    INSTRUCTION,
    JUMP_ALWAYS,
    JUMP_EQUAL,
    JUMP_SET,
    LOAD_BYTE,
    LOAD_BYTE_FROM_X,
    LOAD_HALF,
    LOAD_HALF_FROM_X,
    LOAD_MEMORY,
    LOAD_X,
    LOAD_X_IHL,
    RETURN,
    SHIFT_LEFT,
    STORE_MEMORY,
    TO_A,
    TO_X,
    Line,
    Op,
    assemble,
)

PROGRAM = struct.Struct("@HP")

ICMPV6 = 58


def attach(sock: socket.socket, program: bytes) -> None:
    """Attach a program to a socket; what was queued before stays there.

    Raises:
        OSError: the kernel refuses the program, or has no memory for it.
    """
    instructions = array("B", program)
    address, _ = instructions.buffer_info()
    count = len(program) // INSTRUCTION.size
    try:
        options.SO_ATTACH_FILTER.set(sock, PROGRAM.pack(count, address))
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        way_out = "shorten it, or raise net.core.optmem_max"
        problem = f"no room for a filter of {count} instructions ({way_out})"
        raise OSError(errno.ENOMEM, problem) from error


class Query(NamedTuple):
    """A kind of ICMP message that is answered by another, and what a ping is known by."""

    request: int
    """Type of the message."""
    reply: int
    """Type of its answer."""
    identifier: int = 4
    """Where both have the identifier: octets from the start of the message."""


ECHO = {4: Query(8, 0), 6: Query(128, 129)}


def echo_filter(version: int, identifier: int) -> bytes:
    """Return a filter for raw ICMP sockets that lets pass what concerns one ping.

    That is: echo replies with this identifier, and ICMP errors, redirects and quenches
    that quote an echo request with this identifier.
    """
    return query_filter(version, identifier, ECHO[version])


def query_filter(version: int, identifier: int, query: Query) -> bytes:
    """Return the same for a ping by another kind of message."""
    lines = _query_v4(identifier, query) if version == 4 else _query_v6(identifier, query)
    return assemble(lines)


def _verdict(identifier: int) -> list[Line]:
    """Decide by the identifier in A."""
    return [
        Op(JUMP_EQUAL, identifier, "pass", "drop"),
        "pass",
        Op(RETURN, ALL),
        "drop",
        Op(RETURN, 0),
    ]


def _query_v4(identifier: int, query: Query) -> list[Line]:
    icmp, quote = 1, 8
    return [
        Op(LOAD_X_IHL, 0),
        Op(LOAD_BYTE_FROM_X, 0),
        Op(JUMP_EQUAL, query.reply, "reply"),
        *(Op(JUMP_EQUAL, error, "error") for error in (3, 4, 5, 11)),
        Op(JUMP_EQUAL, 12, "error", "drop"),
        "error",
        Op(LOAD_BYTE_FROM_X, quote + 9),
        Op(JUMP_EQUAL, icmp, "", "drop"),
        Op(LOAD_HALF_FROM_X, quote + 6),
        Op(JUMP_SET, 0x1FFF, "drop"),  # a later fragment: no ICMP header there
        Op(LOAD_BYTE_FROM_X, quote),
        Op(AND, 0x0F),
        Op(SHIFT_LEFT, 2),
        Op(ADD_X),
        Op(TO_X),  # X: both IP header lengths
        Op(LOAD_BYTE_FROM_X, quote),
        Op(JUMP_EQUAL, query.request, "", "drop"),
        Op(LOAD_HALF_FROM_X, quote + query.identifier),
        Op(JUMP_ALWAYS, 0, "identifier"),
        "reply",
        Op(LOAD_HALF_FROM_X, query.identifier),
        "identifier",
        *_verdict(identifier),
    ]


def _query_v6(identifier: int, query: Query) -> list[Line]:
    return [
        Op(LOAD_BYTE, 0),
        Op(JUMP_EQUAL, query.reply, "reply"),
        *to_ipv6_quote(),
        *past_ipv6_headers(ICMPV6),
        "carried",
        Op(LOAD_BYTE_FROM_X, 0),
        Op(JUMP_EQUAL, query.request, "", "drop"),
        Op(LOAD_HALF_FROM_X, query.identifier),
        Op(JUMP_ALWAYS, 0, "identifier"),
        "reply",
        Op(LOAD_HALF, query.identifier),
        "identifier",
        *_verdict(identifier),
    ]


def to_ipv6_quote() -> list[Line]:
    """Move X to the packet that an ICMPv6 error or redirect quotes; its type is in A."""
    redirect, redirected_header, link_address = 137, 4, 2
    return [
        Op(JUMP_EQUAL, redirect, "redirect"),
        *(Op(JUMP_EQUAL, error, "error") for error in (1, 2, 3)),
        Op(JUMP_EQUAL, 4, "error", "drop"),
        # A redirect quotes in an option, often behind that with the link-layer address
        # (RFC 4861 §4.5, §4.6).
        "redirect",
        Op(LOAD_X, 40),
        Op(LOAD_BYTE, 40),
        Op(JUMP_EQUAL, redirected_header, "in option"),
        Op(JUMP_EQUAL, link_address, "", "drop"),
        Op(LOAD_BYTE, 41),
        Op(SHIFT_LEFT, 3),
        Op(ADD, 40),
        Op(TO_X),
        Op(LOAD_BYTE_FROM_X, 0),
        Op(JUMP_EQUAL, redirected_header, "in option", "drop"),
        "in option",
        Op(TO_A),
        Op(ADD, 8),
        Op(TO_X),
        Op(JUMP_ALWAYS, 0, "quote"),
        "error",
        Op(LOAD_X, 8),
        "quote",
    ]


def past_ipv6_headers(carried: int) -> list[Line]:
    """Move X from an IPv6 header to that of a protocol, past four others at most.

    Goes on at the label "carried"; at "drop", if the packet carries something else.
    """
    hop_by_hop, routing, fragment, destination = 0, 43, 44, 60
    lines: list[Line] = [
        Op(LOAD_BYTE_FROM_X, 6),
        Op(STORE_MEMORY, 0),
        Op(TO_A),
        Op(ADD, 40),
        Op(TO_X),
    ]
    for number in range(4):
        lines += [
            Op(LOAD_MEMORY, 0),
            Op(JUMP_EQUAL, carried, "carried"),
            Op(JUMP_EQUAL, fragment, f"fragment {number}"),
            Op(JUMP_EQUAL, hop_by_hop, f"options {number}"),
            Op(JUMP_EQUAL, routing, f"options {number}"),
            Op(JUMP_EQUAL, destination, f"options {number}", "drop"),
            f"fragment {number}",
            Op(LOAD_HALF_FROM_X, 2),
            Op(JUMP_SET, 0xFFF8, "drop"),  # a later fragment: no header of that protocol there
            Op(LOAD_BYTE_FROM_X, 0),
            Op(STORE_MEMORY, 0),
            Op(TO_A),
            Op(ADD, 8),
            Op(JUMP_ALWAYS, 0, f"next {number}"),
            f"options {number}",
            Op(LOAD_BYTE_FROM_X, 0),
            Op(STORE_MEMORY, 0),
            Op(LOAD_BYTE_FROM_X, 1),
            Op(ADD, 1),
            Op(SHIFT_LEFT, 3),
            Op(ADD_X),
            f"next {number}",
            Op(TO_X),
        ]
    return [*lines, Op(LOAD_MEMORY, 0), Op(JUMP_EQUAL, carried, "carried", "drop")]
