"""Which autonomous systems an address belongs to, by DNS: TXT records as Team Cymru has them.

=====================================  ==========================================
``4.3.2.1.origin.ZONE`` for 1.2.3.4    ``64500 64501 | 1.2.3.0/24 | ZZ | … | …``
``….6.0.7.1.origin6.ZONE`` for IPv6    the same; the nibbles in reverse order
``AS64500.ZONE``                       ``64500 | ZZ | … | … | EXAMPLE - Example, ZZ``
=====================================  ==========================================
"""

from typing import TYPE_CHECKING

from rawkit.errors import RawkitError
from rawkit.host.asn import AutonomousSystem
from rawkit.host.names import Address, LookUps

if TYPE_CHECKING:
    from dns.resolver import Resolver

ZONE = "asn.cymru.com"
ORIGINS = {4: ("origin", "in-addr.arpa"), 6: ("origin6", "ip6.arpa")}
PATIENCE = 3.0
"""Seconds for each question."""


def systems_by_dns(
    zone: str | None = None, resolver: "Resolver | None" = None
) -> LookUps[AutonomousSystem]:
    """Return look-ups beside the work, by questions to the name server of this host.

    Each address that is asked for is told to the name server, and to that of the zone;
    addresses that are not global (RFC 6890) are not asked for.

    Args:
        zone: below which the answers are; Team Cymru's, if not said otherwise.
        resolver: asks, in place of the one of resolv.conf(5).

    Raises:
        RawkitError: dnspython is not installed, or there is no name server.
    """
    try:
        from dns.exception import DNSException
        from dns.resolver import Resolver
    except ImportError as error:
        raise RawkitError(
            "AS numbers by DNS take dnspython: pip install 'rawkit[dns]'; or use --as-table FILE"
        ) from error
    try:
        resolver = resolver or Resolver()
    except DNSException as error:
        raise RawkitError(f"AS numbers by DNS: {error} (or use --as-table FILE)") from error
    return LookUps(_Asker(zone or ZONE, resolver).look_up)


class _Asker:
    def __init__(self, zone: str, resolver: "Resolver") -> None:
        self._zone = zone
        self._resolver = resolver
        self._names: dict[int, str | None] = {}

    def look_up(self, address: Address) -> AutonomousSystem | None:
        if not address.is_global:
            return None
        origin, arpa = ORIGINS[address.version]
        question = f"{address.reverse_pointer.removesuffix(arpa)}{origin}.{self._zone}"
        fields = self._ask(question)
        numbers = tuple(int(word) for word in (fields or [""])[0].split() if word.isdecimal())
        return AutonomousSystem(numbers, self._name(numbers[0])) if numbers else None

    def _name(self, number: int) -> str | None:
        if number not in self._names:
            fields = self._ask(f"AS{number}.{self._zone}")
            self._names[number] = fields[-1] if fields and len(fields) > 1 else None
        return self._names[number]

    def _ask(self, question: str) -> list[str] | None:
        """Return the fields of the first TXT record, if there is one."""
        from dns.exception import DNSException

        try:
            answer = self._resolver.resolve(question, "TXT", lifetime=PATIENCE)
            text = b"".join(next(iter(answer)).strings).decode("utf-8", "replace")
        except (DNSException, OSError, StopIteration):
            return None
        shown = "".join(letter if letter.isprintable() else "?" for letter in text)
        return [field.strip() for field in shown.split("|")]
