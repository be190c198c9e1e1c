"""What stands behind the qualifiers of a filter: addresses, networks, ports, protocols."""

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import FilterError
from rawkit.filters.cursor import Cursor, number, quoted, suggestion
from rawkit.filters.lexer import Kind, Token
from rawkit.filters.syntax import Carries, Expression, Hosts, Network, Ports, Span, Stations
from rawkit.filters.words import (
    ETHER,
    ETHER_TYPES,
    PORTS,
    PROTOCOL_NUMBERS,
    WITH_PORTS,
)
from rawkit.record import record

Address = IPv4Address | IPv6Address
Resolve = Callable[[str], Iterable[Address]]
"""Looks a name up; raises ``LookupError`` where nobody has it."""

BITS = {4: 32, 6: 128}
QUAD = re.compile(r"\d+(?:\.\d+){0,3}")
MAC = re.compile(r"[0-9a-fA-F]{1,2}(?:[:.-][0-9a-fA-F]{1,2}){5}")
MAC_TOGETHER = re.compile(r"[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}|[0-9a-fA-F]{12}")
ADDRESSED = (None, "ip", "ip6", "arp", "rarp")
MOST = {ETHER: 0xFFFF}
"""The highest number of a protocol, where it has more than eight bits."""


@record
class Qualifiers:
    """The words before an address, a port or the like."""

    protocol: str | None = None
    direction: str = "or"
    kind: str | None = None
    """``host``, ``net``, ``port``, ``portrange``, ``proto``; ``None``: not said."""


NONE = Qualifiers()


def identified(cursor: Cursor, qualifiers: Qualifiers, resolve: Resolve | None) -> Expression:
    """Read what the qualifiers are about.

    Raises:
        FilterError: it is none of the things that can stand there.
    """
    token = cursor.take()
    if token.kind is not Kind.WORD:
        wanted = {"port": "a port", "portrange": "ports", "proto": "a protocol"}
        what = wanted.get(qualifiers.kind or "", "an address")
        raise cursor.problem(f"{what} is missing before {quoted(token)}", token)
    match qualifiers.kind:
        case "port" | "portrange":
            return _ports(cursor, token, qualifiers)
        case "proto":
            return _protocol(cursor, token, qualifiers)
        case _:
            return _hosts(cursor, token, qualifiers, resolve)


def looks_like_one(token: Token) -> bool:
    """Whether a word is an address or a number, and no word of the language."""
    return token.kind is Kind.WORD and (
        token.escaped
        or number(token.text) is not None
        or _address(token.text) is not None
        or _mac(token.text) is not None
        or QUAD.fullmatch(token.text) is not None
    )


def _ports(cursor: Cursor, token: Token, qualifiers: Qualifiers) -> Ports:
    protocol = qualifiers.protocol
    if protocol is not None and protocol not in WITH_PORTS:
        raise cursor.problem(f"{protocol!r} has no ports; {', '.join(WITH_PORTS)} have", token)
    low, high = _port(token.text), None
    if low is None and qualifiers.kind == "portrange":
        low, high = _range(token.text)
    if low is None:
        raise cursor.problem(f"{token.text!r} is no port{suggestion(token.text, PORTS)}", token)
    high = low if high is None else high
    for port in (low, high):
        if port > 0xFFFF:
            raise cursor.problem(f"port {port} is above 65535", token)
    ranges = ((min(low, high), max(low, high)),)
    return Ports(protocol, qualifiers.direction, ranges, _span(token))


def _port(text: str) -> int | None:
    return PORTS.get(text, number(text))


def _range(text: str) -> tuple[int, int] | tuple[None, None]:
    """Return two ports; there may be a hyphen in the name of each."""
    for place, char in enumerate(text):
        if char == "-":
            low, high = _port(text[:place]), _port(text[place + 1 :])
            if low is not None and high is not None:
                return low, high
    return None, None


def _protocol(cursor: Cursor, token: Token, qualifiers: Qualifiers) -> Carries:
    layer = qualifiers.protocol
    if layer not in (None, ETHER, "ip", "ip6"):
        raise cursor.problem(f"'proto' goes with ether, ip and ip6, not with {layer!r}", token)
    names = ETHER_TYPES if layer == ETHER else PROTOCOL_NUMBERS
    value = names.get(token.text, number(token.text))
    if value is None:
        raise cursor.problem(f"{token.text!r} is no protocol{suggestion(token.text, names)}", token)
    if value > (most := MOST.get(layer or "", 0xFF)):
        raise cursor.problem(f"protocol {value} is above {most}", token)
    return Carries(layer, value, _span(token))


def _hosts(
    cursor: Cursor, token: Token, qualifiers: Qualifiers, resolve: Resolve | None
) -> Expression:
    protocol = qualifiers.protocol
    if (mac := _mac(token.text)) and (protocol == ETHER or _is_plain(token.text, qualifiers)):
        if qualifiers.kind == "net":
            raise cursor.problem("a hardware address is in no network", token)
        return Stations(qualifiers.direction, mac, _span(token))
    if protocol == ETHER:
        raise cursor.problem(
            f"{token.text!r} is no hardware address, as 02:00:00:00:00:01 is", token
        )
    if protocol not in ADDRESSED:
        raise cursor.problem(f"{protocol!r} has no addresses: say 'host', or 'ip host'", token)
    networks = _networks(cursor, token, qualifiers, resolve)
    at = cursor.since(token.start)
    for network in networks:
        if protocol is not None and network.version != (6 if protocol == "ip6" else 4):
            raise FilterError(
                f"{protocol!r} does not go with IPv{network.version} addresses", cursor.text, *at
            )
    return Hosts(protocol, qualifiers.direction, networks, at)


def _is_plain(text: str, qualifiers: Qualifiers) -> bool:
    """Whether a hardware address can be nothing else, so that ``ether`` need not be said."""
    return qualifiers.protocol is None and MAC.fullmatch(text) is not None


def _networks(
    cursor: Cursor, token: Token, qualifiers: Qualifiers, resolve: Resolve | None
) -> tuple[Network, ...]:
    if cursor.sees("/") or cursor.sees_word(("mask",)):
        if qualifiers.kind == "host":
            raise cursor.problem("'host' takes one address, and 'net' a network", token)
        return (_masked(cursor, token),)
    if address := _address(token.text):
        return (_network(address, BITS[address.version]),)
    if qualifiers.kind == "net" and QUAD.fullmatch(token.text):
        return (_short(cursor, token, None),)
    if QUAD.fullmatch(token.text):
        what = "a network: say 'net'" if "." in token.text else "a number: say of what, as 'port'"
        raise cursor.problem(f"{token.text!r} is no address but {what}", token)
    return _looked_up(cursor, token, resolve)


def _looked_up(cursor: Cursor, token: Token, resolve: Resolve | None) -> tuple[Network, ...]:
    if resolve is None:
        raise cursor.problem(
            f"{token.text!r} is no address, and names are not looked up here", token
        )
    try:
        found = tuple(resolve(token.text))
    except LookupError as error:
        raise FilterError(str(error), cursor.text, token.start, token.end) from error
    return tuple(_network(address, BITS[address.version]) for address in found)


def _masked(cursor: Cursor, token: Token) -> Network:
    """Read a network with the length of its prefix, or with its mask."""
    if cursor.take().text == "mask":
        word = cursor.take()
        mask = _address(word.text)
        if not isinstance(mask, IPv4Address):
            raise cursor.problem(f"{quoted(word)} is no mask, as 255.255.255.0 is", word)
        network = _short(cursor, token, int(mask))
    else:
        word = cursor.take()
        length = number(word.text)
        address = _address(token.text)
        most = BITS[address.version] if address else 32
        if length is None or length > most:
            raise cursor.problem(f"{quoted(word)} is no length of a prefix: 0 to {most} are", word)
        if isinstance(address, IPv6Address):
            network = _network(address, length)
        else:
            network = _short(cursor, token, (1 << 32) - (1 << 32 - length))
    if network.address & ~network.mask:
        at = cursor.since(token.start)
        raise FilterError("the address has bits beyond its prefix", cursor.text, *at)
    return network


def _network(address: Address, length: int) -> Network:
    bits = BITS[address.version]
    return Network(address.version, int(address), (1 << bits) - (1 << bits - length))


def _short(cursor: Cursor, token: Token, mask: int | None) -> Network:
    """Return an IPv4 network that may lack octets: ``10``, ``172.16``, ``192.0.2``."""
    parts = token.text.split(".")
    if not QUAD.fullmatch(token.text) or any(int(part) > 255 for part in parts):
        raise cursor.problem(f"{token.text!r} is no network", token)
    missing = 4 - len(parts)
    address = int.from_bytes(bytes([*map(int, parts), *bytes(missing)]), "big")
    return Network(4, address, (1 << 32) - (1 << 8 * missing) if mask is None else mask)


def _address(text: str) -> Address | None:
    try:
        return IPv6Address(text) if ":" in text else IPv4Address(text)
    except ValueError:
        return None


def _mac(text: str) -> bytes | None:
    if MAC.fullmatch(text):
        return bytes(int(part, 16) for part in re.split("[:.-]", text))
    return bytes.fromhex(text.replace(".", "")) if MAC_TOGETHER.fullmatch(text) else None


def _span(token: Token) -> Span:
    return token.start, token.end
