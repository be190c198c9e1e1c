"""Addresses that become others: networks, ranges and globs, one to one or all to one (netaddr)."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple

from rawkit.errors import UsageError
from rawkit.host.names import Address, numeric

MOST_KNOWN = 65_536
"""Addresses whose others are remembered."""


class Span(NamedTuple):
    """Addresses one behind the other, as numbers."""

    version: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


class AddressMap:
    """Turns addresses into others; call it with one.

    ==========================  ==================================================
    ``192.0.2.0/24``            all addresses of a network
    ``192.0.2.1-192.0.2.9``     a range, both ends included
    ``192.0.2.*``, ``10.0.1-3.*``  as netaddr(3) has globs
    ``192.0.2.7``               one address
    ==========================  ==================================================

    Both sides have as many addresses, or the other side is one address; what comes first
    in the mapping counts.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        """Read what becomes of what.

        Raises:
            UsageError: a side is none of these, or they do not fit each other.
        """
        self._rows = [_row(old, new) for old, new in pairs.items()]
        self._known: dict[Address, Address] = {}

    def __call__(self, address: Address) -> Address:
        """Return what an address becomes; itself, if nothing is said of it."""
        found = self._known.get(address)
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = self._known[address] = self._found(address)
        return found

    def _found(self, address: Address) -> Address:
        number = int(address)
        for old, new in self._rows:
            if old.version == address.version and old.first <= number <= old.last:
                number = new.first if new.size == 1 else new.first + number - old.first
                return IPv4Address(number) if new.version == 4 else IPv6Address(number)
        return address


def _row(old: str, new: str) -> tuple[Span, Span]:
    before, after = _span(old), _span(new)
    if before.version != after.version:
        raise UsageError(f"{old}={new}: IPv{before.version} cannot become IPv{after.version}")
    if after.size not in (1, before.size):
        sizes = f"{before.size} addresses cannot become {after.size}"
        raise UsageError(f"{old}={new}: {sizes}: as many, or one")
    return before, after


def _span(word: str) -> Span:
    """Return the addresses that a word means.

    Raises:
        UsageError: it means none.
    """
    from netaddr import AddrFormatError, IPNetwork, IPRange, glob_to_iprange, valid_glob

    found: Any
    try:
        if (one := numeric(word)) is not None:
            return Span(one.version, int(one), int(one))
        if "/" in word:
            found = IPNetwork(word)
        elif valid_glob(word):
            found = glob_to_iprange(word)
        else:
            first, _, last = word.partition("-")
            found = IPRange(first, last)
    except (AddrFormatError, ValueError, TypeError) as error:
        ways = "192.0.2.0/24, 192.0.2.1-192.0.2.9, 192.0.2.*, 192.0.2.7"
        raise UsageError(f"{word!r} is no address and no range of them: {ways}") from error
    return Span(found.version, found.first, found.last)
