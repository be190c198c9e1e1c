"""What the verbs have in common: who is meant, and from where."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from rawkit.errors import UsageError
from rawkit.host.names import numeric
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.address import Address

Host = str | Address
LOOPBACK: dict[int, Address] = {4: IPv4Address("127.0.0.1"), 6: IPv6Address(1)}


class Place(Protocol):
    """Somewhere to be, such as a node of a lab."""

    def here(self) -> AbstractContextManager[object]:
        """Return a context in which this thread is in the place's network."""
        ...


def inside(place: Place | None) -> AbstractContextManager[object]:
    """Return a context in which this thread is there; nowhere else, if there is no place."""
    return place.here() if place else nullcontext()


def check_keywords(verb: str, given: Mapping[str, object], known: frozenset[str]) -> None:
    """Refuse keywords that a verb does not have, as Python does of other functions.

    Raises:
        TypeError: there is one; with the one that may have been meant.
    """
    for name in given:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, 1)
            hint = f": did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{verb}() got an unexpected keyword argument {name!r}{hint}")


def wrapped(io: PacketIO, wrap: Callable[[PacketIO], PacketIO] | None) -> PacketIO:
    """Return a pipe with one of the caller's around it, if there is one; closed, if that fails."""
    if wrap is None:
        return io
    try:
        return wrap(io)
    except BaseException:
        io.close()
        raise


def source_address(source: Host | None) -> Address | None:
    """Return the source address that was asked for, if one was.

    Raises:
        UsageError: it is none.
    """
    address = numeric(source) if isinstance(source, str) else source
    if address is None and source is not None:
        raise UsageError(f"source is {source!r}, not an address")
    return address


def meant(address: Address) -> Address:
    """Return the address that the kernel would send to (ip(7), ipv6(7))."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        plain = address.ipv4_mapped
        raise UsageError(f"{address} is IPv4 in IPv6 form: ping {plain}")
    return LOOPBACK[address.version] if address.is_unspecified else address
