"""Many targets from few words: addresses, networks, ranges, globs, files (netaddr)."""

import sys
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path

from rawkit.errors import NameNotFound, UsageError
from rawkit.host import names
from rawkit.host.names import Address

MOST = 1 << 20
"""The most targets that one word may stand for, unless told otherwise."""


def expand(
    specs: Iterable[str], files: Iterable[str] = (), *, most: int = MOST
) -> Iterator[str | Address]:
    """Yield targets in order, as they are needed; a repeated one is repeated.

    ==========================  ==================================================
    ``example.org``             a name, yielded as it stands
    ``192.0.2.7``, ``fe80::1%eth0``  an address
    ``192.0.2.0/24``            the hosts of a network: of IPv4 without network and
                                broadcast address, if longer than two
    ``192.0.2.1-192.0.2.9``     a range, both ends included
    ``192.0.2.1-9``             the same
    ``192.0.2.*``, ``10.0-3.0.1,5``  octet by octet, exactly as written
    ``@hosts``                  the words of a file (``-``: standard input), ``#``
                                up to the end of the line being a comment
    ==========================  ==================================================

    Args:
        specs: the words.
        files: files of words, read before them.
        most: a word that stands for more addresses is refused.

    Raises:
        UsageError: a word makes no sense, or stands for too many; a file cannot be read.
    """
    for file in files:
        yield from _expand_file(file, most)
    for spec in specs:
        if spec.startswith("@"):
            yield from _expand_file(spec[1:], most)
        else:
            yield from _expand_word(spec, most)


def _expand_file(name: str, most: int) -> Iterator[str | Address]:
    for number, line in enumerate(_lines(name), start=1):
        for word in line.partition("#")[0].split():
            try:
                yield from _expand_word(word, most)
            except UsageError as error:
                raise UsageError(f"{name or '-'}, line {number}: {error}") from error


def _lines(name: str) -> Iterator[str]:
    if name == "-":
        yield from sys.stdin
        return
    try:
        with Path(name).open(encoding="utf-8") as file:
            yield from file
    except OSError as error:
        raise UsageError(f"cannot read targets from {name!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read targets from {name!r}: not a text file") from error


def _expand_word(word: str, most: int) -> Iterator[str | Address]:
    if (address := names.numeric(word)) is not None:
        yield address
    elif "/" in word:
        yield from _network(word, most)
    elif _is_octets(word):
        yield from _octets(word, most)
    elif "-" in word and names.numeric(word.partition("-")[0]) is not None:
        yield from _range(word, most)
    else:
        try:
            names.refuse_odd(word)
        except NameNotFound as error:
            raise UsageError(f"no target: {error}") from error
        yield word


def _network(word: str, most: int) -> Iterator[Address]:
    from netaddr import IPNetwork

    base, _, prefix = word.partition("/")
    if names.numeric(base) is None:
        raise UsageError(f"{word}: only an address can have a prefix length, as in 192.0.2.0/24")
    try:
        network = ip_network(word, strict=False)
    except ValueError as error:
        raise UsageError(f"{word}: /{prefix} is no prefix length of such an address") from error
    _refuse_more_than(most, network.num_addresses, word, _shorter(network, most))
    if network.version == 4:
        for host in IPNetwork(str(network)).iter_hosts():
            yield IPv4Address(int(host))
        return
    scope = base.partition("%")[2]
    for member in network:
        yield IPv6Address(f"{member}%{scope}" if scope else str(member))


def _shorter(network: IPv4Network | IPv6Network, most: int) -> str:
    """Return the way out for a network that is too large."""
    longest = network.max_prefixlen - (most.bit_length() - 1)
    return f"take a /{longest} or longer, or list the hosts in a file: @hosts"


def _range(word: str, most: int) -> Iterator[Address]:
    from netaddr import iter_iprange

    left, _, right = word.partition("-")
    first = names.numeric(left)
    last = names.numeric(right)
    if first is None or last is None or first.version != last.version:
        raise UsageError(f"{word}: a range is written 192.0.2.1-192.0.2.9 or 192.0.2.1-9")
    if int(last) < int(first):
        raise UsageError(f"{word}: the range ends before it begins")
    _refuse_more_than(most, int(last) - int(first) + 1, word, "split it")
    make = IPv4Address if first.version == 4 else IPv6Address
    for address in iter_iprange(left, right):
        yield make(int(address))


def _is_octets(word: str) -> bool:
    """Whether the word is four parts of digits and signs, as nmap(1) has them."""
    parts = word.split(".")
    return (
        len(parts) == 4
        and all(part and not part.strip("0123456789*,-") for part in parts)
        and any(part.strip("0123456789") for part in parts)
    )


def _octets(word: str, most: int) -> Iterator[Address]:
    from netaddr import iter_nmap_range, valid_nmap_range

    plain = word.replace("*", "0-255")
    if not valid_nmap_range(plain):
        raise UsageError(f"{word}: each part is 0 to 255, a range 1-9, a list 1,5 or *")
    count = 1
    for part in plain.split("."):
        count *= len({n for piece in part.split(",") for n in _span(piece)})
    _refuse_more_than(most, count, word, "split it")
    for address in iter_nmap_range(plain):
        yield IPv4Address(int(address))


def _span(piece: str) -> range:
    low, _, high = piece.partition("-")
    return range(int(low or 0), int(high or (low if "-" not in piece else 255)) + 1)


def _refuse_more_than(most: int, count: int, word: str, way_out: str) -> None:
    if count > most:
        shown = f"2^{count.bit_length() - 1}" if count.bit_count() == 1 else f"{count}"
        raise UsageError(f"{word} stands for {shown} targets, the most is {most}: {way_out}")
