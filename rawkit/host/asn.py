"""Which autonomous systems an address belongs to, by a table in a local file."""

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Network, IPv6Network, NetmaskValueError

from rawkit.errors import UsageError
from rawkit.host.names import Address
from rawkit.record import record

LARGEST = 2**32 - 1
"""The largest number of an autonomous system (RFC 6793)."""
NUMBERS = re.compile(r"(?:AS)?(\d+)", re.IGNORECASE)


@record
class AutonomousSystem:
    """Who announces an address; several numbers where several do."""

    numbers: tuple[int, ...]
    name: str | None = None
    """Of the first one."""

    def __str__(self) -> str:
        """Return traceroute(8)'s form: ``AS64500/AS64501``."""
        return "/".join(f"AS{number}" for number in self.numbers)


class SystemTable:
    """Prefixes and their autonomous systems; of several that hold an address the longest counts."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], dict[int, AutonomousSystem]] = {}
        """By version and prefix length, and there by the leading bits."""

    def add(self, network: IPv4Network | IPv6Network, system: AutonomousSystem) -> None:
        """Enter a prefix; a second entry for it replaces the first."""
        leading = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        self._found.setdefault((network.version, network.prefixlen), {})[leading] = system

    def known(self, address: Address) -> AutonomousSystem | None:
        """Return the systems of the longest prefix that holds an address, if one does."""
        bits, number = address.max_prefixlen, int(address)
        for version, length in sorted(self._found, reverse=True):
            if version == address.version:
                found = self._found[version, length].get(number >> (bits - length))
                if found is not None:
                    return found
        return None

    def __len__(self) -> int:
        """Return the number of prefixes."""
        return sum(map(len, self._found.values()))


def read_table(path: str) -> SystemTable:
    """Read a table: lines of a prefix, an AS number (several joined by ``,`` or ``/``), a name.

    Empty lines, and what follows ``#`` or ``;``, are passed over.

    Raises:
        UsageError: the file cannot be read, or a line is none of a table; it says which.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return parse_table(file, path)
    except OSError as error:
        raise UsageError(f"cannot read {path!r}: {error.strerror}") from error


def parse_table(lines: Iterable[str], path: str) -> SystemTable:
    """Return the table in these lines; ``path`` is for messages.

    Raises:
        UsageError: as for :func:`read_table`.
    """
    table = SystemTable()
    for number, line in enumerate(lines, start=1):
        words = re.split("[#;]", line, maxsplit=1)[0].split(maxsplit=2)
        if not words:
            continue
        try:
            table.add(_network(words[0]), _system(words[1:]))
        except ValueError as error:
            raise UsageError(f"{path}: line {number}: {error}: PREFIX ASN [NAME]") from error
    return table


def _network(word: str) -> IPv4Network | IPv6Network:
    try:
        return IPv6Network(word) if ":" in word else IPv4Network(word)
    except (AddressValueError, NetmaskValueError) as error:
        raise ValueError(f"{word!r} is no prefix") from error


def _system(words: list[str]) -> AutonomousSystem:
    if not words:
        raise ValueError("no AS number")
    numbers = []
    for part in re.split("[,/]", words[0]):
        found = NUMBERS.fullmatch(part)
        if found is None or int(found[1]) > LARGEST:
            raise ValueError(f"{words[0]!r} is no AS number")
        numbers.append(int(found[1]))
    return AutonomousSystem(tuple(numbers), _printable(words[1]) if len(words) > 1 else None)


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name.strip())
