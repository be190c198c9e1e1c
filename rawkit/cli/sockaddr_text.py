"""What ``rawkit sockaddr`` prints: an annotated hexdump, and notes on what one sees in it."""

import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from rawkit.cli.columns import beside, rows
from rawkit.posix import ports
from rawkit.posix.address import InternetAddress, UnixAddress
from rawkit.posix.resolution import Target
from rawkit.posix.sockaddr import SockAddrLayout

OCTETS = 8
"""In a line."""


def dump(target: Target, found: SockAddrLayout) -> Iterator[str]:
    """Yield the lines of a ``struct sockaddr``."""
    size = len(found.octets)
    handed = "" if found.used == size else f", of which {found.used} are handed over"
    yield f"{target.address}: struct {found.struct}, {size} octets{handed} ({found.manual})"
    yield from (f"  {line}" for line in rows(_cells(found)))


def notes(targets: Iterable[Target]) -> Iterator[str]:
    """Yield what is worth knowing about what was shown."""
    internet = dict.fromkeys(
        target.address for target in targets if isinstance(target.address, InternetAddress)
    )
    files = any(isinstance(target.address, UnixAddress) for target in targets)
    for address in dict.fromkeys((one.port, one.kind.service_protocol) for one in internet):
        yield from beside("port:", ports.explain(*address), 12)
    if internet:
        first = next(iter(internet))
        yield from beside("byte order:", _byte_order(first.port or 80), 12)
        if isinstance(first.host, IPv4Address):
            yield from beside("", _htonl(first.host), 12)
    yield from beside("zeros:", _zeros(internet=bool(internet), files=files), 12)


def _byte_order(port: int) -> str:
    here, there = struct.pack("=H", port).hex(" "), struct.pack("!H", port).hex(" ")
    if sys.byteorder == "big":
        return (
            "this machine keeps numbers as networks do, high octet first, so htons(3) does nothing"
        )
    return (
        f"this machine (host) keeps the low octet of a number first, networks the high one. Port"
        f" {port}"
        f" is {here} here and {there} in a packet: htons(3), host to network short, swaps the two,"
        f" and ntohs(3) swaps them back. Forgotten, it is port {socket.htons(port)}."
    )


def _htonl(host: IPv4Address) -> str:
    number = int(host)
    here = struct.pack("=I", number).hex(" ")
    return (
        f"htonl(3), the same for 4 octets, is for addresses written as numbers: {host} is"
        f" {number:#010x}, which is {here} here. inet_pton(3) gives network order by itself."
    )


def _zeros(*, internet: bool, files: bool) -> str:
    words = [
        "bzero(3), today memset(3) or = {0}, cleared the struct before it was filled, for a"
        " variable begins with what was in memory."
    ]
    if internet:
        words.append(
            "Linux does not look at sin_zero; a scope that was not cleared sends a link-local"
            " address of IPv6 to another interface, or nowhere."
        )
    if files:
        words.append("In sun_path it puts the NUL behind the path.")
    return " ".join(words)


def _cells(found: SockAddrLayout) -> Iterator[tuple[str, ...]]:
    at = 0
    for one in found.members:
        inside = max(0, min(len(one.octets), found.used - at))
        told = (one.name, one.c_type, one.order, one.says)
        for start, octets in _pieces(one.octets[:inside]):
            yield (f"{at + start:3}", octets, *(("",) * 4 if start else told))
        if rest := len(one.octets) - inside:
            unused = ("", "", "", "not looked at") if inside else told
            yield (f"{at + inside:3}", f"00 ({rest} times)", *unused)
        at += len(one.octets)


def _pieces(octets: bytes) -> Iterator[tuple[int, str]]:
    """Yield where each line of a hexdump begins, and the line."""
    for start in range(0, len(octets), OCTETS):
        yield start, octets[start : start + OCTETS].hex(" ")
