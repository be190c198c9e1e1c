"""Addresses as they stand in headers; each parsed one is made once and kept."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Self

from rawkit.errors import BuildError

Address = IPv4Address | IPv6Address
UNSPECIFIED: dict[int, Address] = {4: IPv4Address(0), 6: IPv6Address(0)}
"""By version: the address of who has none (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2)."""

# Most packets name the same few addresses over and over, and addresses never change.
ipv4_address = lru_cache(4096)(IPv4Address)
ipv6_address = lru_cache(4096)(IPv6Address)


def same_address(one: Address, other: Address) -> bool:
    """Compare addresses without their scope: a packet says nothing of it."""
    return one == other or (one.version == other.version and int(one) == int(other))


class MAC(bytes):
    """A 48-bit hardware address: six octets that print with colons."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``02:00:5e:10:00:01``, with colons or hyphens.

        Raises:
            BuildError: it is not six octets in hexadecimal.
        """
        parts = text.replace("-", ":").split(":")
        try:
            octets = bytes(int(part, 16) for part in parts)
        except ValueError:
            octets = b""
        if len(octets) != 6 or not all(1 <= len(part) <= 2 for part in parts):
            raise BuildError(f"MAC: {text!r} is not six octets in hexadecimal")
        return cls(octets)

    def __str__(self) -> str:
        return self.hex(":")

    def __repr__(self) -> str:
        return f"MAC.parse({str(self)!r})"


mac_address = lru_cache(4096)(MAC)
BROADCAST = MAC(b"\xff" * 6)
