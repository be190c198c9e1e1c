"""Packets for ``rawkit send`` and ``rawkit exchange``: in words, in hexadecimal, of a capture."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawkit.cli.errors import cause_of, complain
from rawkit.errors import NotationError, RawkitError, UsageError
from rawkit.wire.link_types import LinkType, dissect_on
from rawkit.wire.packet import Header, Packet

if TYPE_CHECKING:
    from rawkit.api.outgoing import Sendable
    from rawkit.capture.reader import Capture

BELOW_LINKS = ("ipv4", "ipv6", "icmpv6", "cooked")
"""Layers of packets without a link's header."""
COMMENT = "#"


class DamagedCapture(RawkitError):
    """A capture file that cannot be read to its end; what came before was sent."""


def packets_in_words(word: str) -> "Iterator[Sendable]":
    """Yield the packets that a word of the command line stands for.

    Args:
        word: a packet in notation; ``-`` or ``@FILE``: one in each line of a file.

    Raises:
        NotationError: a line makes no sense; the message says which.
        OSError: the file cannot be read.
    """
    if word != "-" and not word.startswith("@"):
        yield word
        return
    from rawkit.wire.notation import parse_to_pack

    for number, line in enumerate(lines_of(word), start=1):
        if not line.strip() or line.lstrip().startswith(COMMENT):
            continue
        try:
            parse_to_pack(line)
        except NotationError as error:
            problem = f"{name_of(word)}, line {number}: {error.problem}"
            raise NotationError(problem, line, error.column) from None
        yield line


def packets_in_hex(word: str, layer: str) -> Iterator[Packet]:
    """Yield packets given as octets in hexadecimal; see :mod:`rawkit.wire.hex_text`.

    Args:
        word: the digits; ``-`` or ``@FILE``: a file of them.
        layer: where they are to be sent, which says what they begin with; ``auto``: guess.

    Raises:
        NotationError: something is no octet.
        UsageError: there are none.
        OSError: the file cannot be read.
    """
    from rawkit.wire.hex_text import read_hex

    is_file = word == "-" or word.startswith("@")
    text = "\n".join(lines_of(word)) if is_file else word
    found = read_hex(text, name_of(word) if is_file else "PACKET")
    if not found:
        raise UsageError("PACKET holds no octets")
    for octets in found:
        yield dissect_on(link_of(octets, layer), octets)


def packets_of(capture: "Capture", layer: str) -> Iterator[Packet]:
    """Yield the packets of a capture file.

    Args:
        capture: the file.
        layer: where they are to be sent; below a link's header that is taken off.

    Raises:
        DamagedCapture: behind what can be read.
    """
    for block in capture:
        yield without_link(block.dissect(), layer)
    if capture.error is not None:
        raise DamagedCapture(str(capture.error))


def link_of(octets: bytes, layer: str) -> LinkType:
    """Return what octets begin with that are sent at a layer."""
    if layer == "frame":
        return LinkType.ETHERNET
    if layer in BELOW_LINKS:
        return LinkType.RAW
    from rawkit.wire.link_guess import link_of

    return link_of(octets)


def without_link(packet: Packet, layer: str) -> Packet:
    """Return a packet without the headers in front that are not sent at a layer."""
    from rawkit.wire.cooked import Cooked, Loopback
    from rawkit.wire.ethernet import Ethernet
    from rawkit.wire.vlan import VLANTag

    made_up: tuple[type[Header], ...] = (Cooked, Loopback)
    taken_off = (*made_up, Ethernet, VLANTag) if layer in BELOW_LINKS else made_up
    headers = list(packet.headers)
    while headers and isinstance(headers[0], taken_off):
        del headers[0]
    return packet if len(headers) == len(packet.headers) else Packet(tuple(headers), packet.payload)


def lines_of(word: str) -> Iterator[str]:
    """Yield the lines of a file as they come, ``-`` for standard input."""
    with ExitStack() as opened:
        stdin = sys.stdin.buffer
        file = stdin if word == "-" else opened.enter_context(open(word[1:], "rb"))
        for line in file:
            yield line.decode(errors="replace").rstrip("\r\n")


def name_of(word: str) -> str:
    """Return what a file is called in messages."""
    return "standard input" if word == "-" else word[1:]


def tell(command: str, error: Exception) -> None:
    """Say on stderr what went wrong, and if it is notation, where."""
    complain(command, cause_of(error))
    if isinstance(error, NotationError):
        sys.stderr.write(f"{error.pointed()}\n")
