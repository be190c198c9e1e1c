"""Filters for the raw sockets that wait for answers to UDP and TCP probes."""

from rawkit.sockets.bpf import past_ipv6_headers, to_ipv6_quote
from rawkit.wire.address import Address
from rawkit.wire.bpf import (
    ADD_X,
    ALL,
    AND,
    JUMP_EQUAL,
    JUMP_GREATER,
    JUMP_NOT_LESS,
    JUMP_SET,
    LOAD_BYTE,
    LOAD_BYTE_FROM_X,
    LOAD_HALF_FROM_X,
    LOAD_WORD_FROM_X,
    LOAD_X,
    LOAD_X_IHL,
    RETURN,
    SHIFT_LEFT,
    TO_X,
    Line,
    Op,
    assemble,
)

QUOTE = 8
"""Octets of an ICMP error before what it quotes."""
DESTINATION = {4: QUOTE + 16, 6: 24}
"""Where the quoted IP header has its destination, from X on."""
DST_PORT = 2


def error_filter(version: int, protocol: int, ports: range, target: Address | None = None) -> bytes:
    """Return a filter for raw ICMP sockets that lets pass errors about our probes.

    That is: errors, redirects and quenches that quote a packet of this protocol from one
    of our ports; or to our target, for an address translator may have changed the port.

    Args:
        version: 4 or 6.
        protocol: of the probes.
        ports: their source ports, without gaps.
        target: where all of them go; ``None``: not known.
    """
    lines = _errors_v4(protocol, target) if version == 4 else _errors_v6(protocol, target)
    return assemble([*lines, *_one_of(ports)])


def reply_filter(version: int, ports: range) -> bytes:
    """Return a filter for raw UDP or TCP sockets that lets pass what comes to our ports.

    Args:
        version: 4 or 6.
        ports: the source ports of the probes, without gaps.
    """
    start = Op(LOAD_X_IHL, 0) if version == 4 else Op(LOAD_X, 0)
    return assemble([start, Op(LOAD_HALF_FROM_X, DST_PORT), *_one_of(ports)])


def _errors_v4(protocol: int, target: Address | None) -> list[Line]:
    return [
        Op(LOAD_X_IHL, 0),
        Op(LOAD_BYTE_FROM_X, 0),
        *(Op(JUMP_EQUAL, error, "error") for error in (3, 4, 5, 11)),
        Op(JUMP_EQUAL, 12, "error", "drop"),
        "error",
        Op(LOAD_BYTE_FROM_X, QUOTE + 9),
        Op(JUMP_EQUAL, protocol, "", "drop"),
        Op(LOAD_HALF_FROM_X, QUOTE + 6),
        Op(JUMP_SET, 0x1FFF, "drop"),  # a later fragment: no ports there
        *_to_target(4, target),
        Op(LOAD_BYTE_FROM_X, QUOTE),
        Op(AND, 0x0F),
        Op(SHIFT_LEFT, 2),
        Op(ADD_X),
        Op(TO_X),  # X: both IP header lengths
        Op(LOAD_HALF_FROM_X, QUOTE),
    ]


def _errors_v6(protocol: int, target: Address | None) -> list[Line]:
    return [
        Op(LOAD_BYTE, 0),
        *to_ipv6_quote(),
        Op(LOAD_BYTE_FROM_X, 6),
        Op(JUMP_EQUAL, protocol, "", "elsewhere"),
        *_to_target(6, target),
        *past_ipv6_headers(protocol),
        "carried",
        Op(LOAD_HALF_FROM_X, 0),
    ]


def _to_target(version: int, target: Address | None) -> list[Line]:
    """Let pass what quotes a packet to the target."""
    octets = b"" if target is None else target.packed
    lines: list[Line] = []
    for place in range(0, len(octets), 4):
        word = int.from_bytes(octets[place : place + 4], "big")
        last = place + 4 == len(octets)
        lines += [
            Op(LOAD_WORD_FROM_X, DESTINATION[version] + place),
            Op(JUMP_EQUAL, word, "pass" if last else "", "elsewhere"),
        ]
    return [*lines, "elsewhere"]


def _one_of(ports: range) -> list[Line]:
    """Decide by the port in A."""
    return [
        Op(JUMP_NOT_LESS, ports[0], "", "drop"),
        Op(JUMP_GREATER, ports[-1], "drop", "pass"),
        "pass",
        Op(RETURN, ALL),
        "drop",
        Op(RETURN, 0),
    ]
