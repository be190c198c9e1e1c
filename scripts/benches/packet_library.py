"""What each library has to do: the same for all, each in its own way."""

from collections.abc import Callable
from typing import Any, NamedTuple

from scripts.benches.packet_values import Values

Fields = tuple[Any, ...]
"""Both hardware addresses, both IP addresses, TTL, both ports, sequence number and flags of TCP
(0 for UDP), the payload: in the library's own types."""


class Library(NamedTuple):
    """One library's ways."""

    prepared: Callable[[Values], Any]
    """Returns values as the library takes them. This is not measured."""
    build: dict[str, Callable[[Any], bytes]]
    """By kind of packet: from prepared values to octets, checksums filled in."""
    dissect: dict[str, Callable[[bytes], Fields]]
    """By kind of packet: from octets to named fields, all of which are looked at."""
    plain: Callable[[Fields], Fields]
    """Returns fields as octets and numbers, to be compared. This is not measured."""
    patch: dict[str, Callable[[Values], Callable[[Any, int, int], bytes]]]
    """By way: builds a TCP packet, and returns what gives its octets with another destination,
    identification and sequence number, checksums and all."""
    checksum: Callable[[bytes], int]
