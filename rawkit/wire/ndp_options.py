"""Options of neighbour discovery (RFC 4861 §4.6): type, length in units of 8 octets, value.

============================ ================== ==============================
option                       type               source
============================ ================== ==============================
:class:`SourceLinkLayer`     1                  RFC 4861 §4.6.1
:class:`TargetLinkLayer`     2                  RFC 4861 §4.6.1
:class:`PrefixInformation`   3                  RFC 4861 §4.6.2, RFC 6275 §7.2
:class:`MTU`                 5                  RFC 4861 §4.6.4
:class:`Nonce`               14                 RFC 3971 §5.3.2, RFC 7527
:class:`RouteInformation`    24                 RFC 4191 §2.3
:class:`RDNSS`               25                 RFC 8106 §5.1
:class:`DNSSL`               31                 RFC 8106 §5.2
============================ ================== ==============================

Whatever does not come back octet for octet when it is packed again is an :class:`Other`.
"""

import struct
from collections.abc import Callable, Iterable
from enum import IntFlag
from ipaddress import IPv6Address
from typing import ClassVar, Self

from rawkit.errors import BuildError
from rawkit.record import computed, record
from rawkit.wire.address import MAC, ipv6_address

UNIT = 8
"""Octets that the length field counts by."""
HEAD = 2
INFINITE = 0xFFFF_FFFF
"""Seconds: for ever."""
LONGEST_LABEL = 63
PREFERENCES = {1: "high", 0: "medium", -1: "low", -2: "reserved"}
"""Of routers and routes (RFC 4191 §2.1)."""

PREFIX = struct.Struct("!BBIII16s")
LINK_MTU = struct.Struct("!HI")
ROUTE = struct.Struct("!BBI")
LIFETIME = struct.Struct("!HI")


class PrefixFlag(IntFlag):
    """What a prefix is good for."""

    ON_LINK = 0x80
    """Addresses with it are on this link."""
    AUTONOMOUS = 0x40
    """Hosts may make addresses of it (RFC 4862)."""
    ROUTER_ADDRESS = 0x20
    """The prefix field holds a whole address of the router (RFC 6275 §7.2)."""


@record
class LinkLayer:
    """A hardware address; what the options that bear one have in common."""

    TYPE: ClassVar[int]
    NAME: ClassVar[str]

    address: bytes
    """Of six octets a :class:`~rawkit.wire.address.MAC`; others with what fills them up."""

    @classmethod
    def decode(cls, value: bytes) -> Self:
        return cls(MAC(value) if len(value) == 6 else value)

    def value(self) -> bytes:
        return self.address

    def __str__(self) -> str:
        return f"{self.NAME} {self.address.hex(':')}"


class SourceLinkLayer(LinkLayer):
    """The sender's hardware address."""

    __slots__ = ()

    TYPE: ClassVar[int] = 1
    NAME: ClassVar[str] = "source link-layer address"


class TargetLinkLayer(LinkLayer):
    """The hardware address of the target."""

    __slots__ = ()

    TYPE: ClassVar[int] = 2
    NAME: ClassVar[str] = "target link-layer address"


@record
class PrefixInformation:
    """A prefix of this link."""

    TYPE: ClassVar[int] = 3

    prefix: IPv6Address
    length: int = 64
    """Bits."""
    flags: PrefixFlag | int = PrefixFlag.ON_LINK | PrefixFlag.AUTONOMOUS
    """:class:`PrefixFlag`, and bits without a name."""
    valid: int = 2_592_000
    """Seconds; ``INFINITE``: for ever. So is the next."""
    preferred: int = 604_800
    reserved: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        length, flags, valid, preferred, reserved, prefix = PREFIX.unpack(value)
        return cls(ipv6_address(prefix), length, PrefixFlag(flags), valid, preferred, reserved)

    def value(self) -> bytes:
        return PREFIX.pack(
            self.length,
            self.flags,
            self.valid,
            self.preferred,
            self.reserved,
            self.prefix.packed,
        )

    def __str__(self) -> str:
        names = ((PrefixFlag.ON_LINK, " on-link"), (PrefixFlag.AUTONOMOUS, " autonomous"))
        flags = "".join(name for flag, name in names if self.flags & flag)
        times = f"valid {lifetime_text(self.valid)}, preferred {lifetime_text(self.preferred)}"
        return f"prefix {self.prefix}/{self.length}{flags}, {times}"


@record
class MTU:
    """The largest packet on this link, in octets, where hosts could not know."""

    TYPE: ClassVar[int] = 5

    mtu: int
    reserved: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        reserved, mtu = LINK_MTU.unpack(value)
        return cls(mtu, reserved)

    def value(self) -> bytes:
        return LINK_MTU.pack(self.reserved, self.mtu)

    def __str__(self) -> str:
        return f"MTU {self.mtu}"


@record
class Nonce:
    """Random octets by which a sender knows its own message again (RFC 7527 §4)."""

    TYPE: ClassVar[int] = 14

    nonce: bytes

    @classmethod
    def decode(cls, value: bytes) -> Self:
        return cls(value)

    def value(self) -> bytes:
        return self.nonce

    def __str__(self) -> str:
        return f"nonce {self.nonce.hex()}"


@record
class RouteInformation:
    """A network that this router is a good way to (RFC 4191)."""

    TYPE: ClassVar[int] = 24

    prefix: IPv6Address
    length: int = 64
    """Bits."""
    lifetime: int = 1800
    """Seconds; ``INFINITE``: for ever."""
    flags: int = 0
    """Bits 3 and 4 are the preference: see :attr:`preference`."""
    octets: int | None = computed(default=None)
    """How many of the prefix's octets are sent: 0, 8 or 16."""

    @classmethod
    def decode(cls, value: bytes) -> Self:
        length, flags, lifetime = ROUTE.unpack_from(value)
        prefix = value[ROUTE.size :]
        address = ipv6_address(prefix.ljust(16, b"\0"))
        return cls(address, length, lifetime, flags, len(prefix))

    def value(self) -> bytes:
        octets = -(-self.length // 64) * 8 if self.octets is None else self.octets
        return ROUTE.pack(self.length, self.flags, self.lifetime) + self.prefix.packed[:octets]

    @property
    def preference(self) -> int:
        """1: high, 0: medium, -1: low, -2: reserved, to be ignored (RFC 4191 §2.1)."""
        return preference_of(self.flags)

    def __str__(self) -> str:
        preference = PREFERENCES[self.preference]
        return f"route {self.prefix}/{self.length} {preference}, {lifetime_text(self.lifetime)}"


@record
class RDNSS:
    """Recursive name servers."""

    TYPE: ClassVar[int] = 25

    lifetime: int
    """Seconds; 0: no longer, ``INFINITE``: for ever."""
    servers: tuple[IPv6Address, ...]
    reserved: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        reserved, lifetime = LIFETIME.unpack_from(value)
        places = range(LIFETIME.size, len(value), 16)
        return cls(lifetime, tuple(ipv6_address(value[at : at + 16]) for at in places), reserved)

    def value(self) -> bytes:
        head = LIFETIME.pack(self.reserved, self.lifetime)
        return head + b"".join(server.packed for server in self.servers)

    def __str__(self) -> str:
        return f"name servers {' '.join(map(str, self.servers))}, {lifetime_text(self.lifetime)}"


@record
class DNSSL:
    """Domains to look up short names in."""

    TYPE: ClassVar[int] = 31

    lifetime: int
    """Seconds; 0: no longer, ``INFINITE``: for ever."""
    domains: tuple[str, ...]
    """As they are written, without a final dot; of printable ASCII only."""
    reserved: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        reserved, lifetime = LIFETIME.unpack_from(value)
        return cls(lifetime, tuple(_domains(value[LIFETIME.size :])), reserved)

    def value(self) -> bytes:
        octets = LIFETIME.pack(self.reserved, self.lifetime)
        for domain in self.domains:
            labels = domain.encode("ascii").split(b".")
            if not all(0 < len(label) <= LONGEST_LABEL for label in labels):
                raise ValueError(f"{domain!r} has an empty label, or one above 63 octets")
            octets += b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
        return octets + bytes(-(len(octets) + HEAD) % UNIT)

    def __str__(self) -> str:
        return f"domains {' '.join(self.domains)}, {lifetime_text(self.lifetime)}"


@record
class Other:
    """An option unknown here, or one whose insides make no sense."""

    type: int
    data: bytes = bytes(6)
    """All after the length octet."""

    def value(self) -> bytes:
        return self.data

    def __str__(self) -> str:
        return f"option {self.type}: {self.data.hex(' ')}"


Option = (
    SourceLinkLayer
    | TargetLinkLayer
    | PrefixInformation
    | MTU
    | Nonce
    | RouteInformation
    | RDNSS
    | DNSSL
    | Other
)
KINDS: dict[int, Callable[[bytes], Option]] = {
    kind.TYPE: kind.decode
    for kind in (
        *(SourceLinkLayer, TargetLinkLayer, PrefixInformation, MTU, Nonce),
        *(RouteInformation, RDNSS, DNSSL),
    )
}


def pack_options(options: Iterable[Option]) -> bytes:
    """Return options as they stand in a message.

    Raises:
        BuildError: a value does not fit, or an option is no multiple of 8 octets long.
    """
    octets = b""
    for option in options:
        number = option.type if isinstance(option, Other) else option.TYPE
        try:
            value = option.value()
            units, over = divmod(HEAD + len(value), UNIT)
            if over:
                raise BuildError(f"NDP: {HEAD + len(value)} octets are no whole units: {option}")
            octets += bytes((number, units)) + value
        except (struct.error, AttributeError, ValueError) as error:
            if isinstance(error, BuildError):
                raise
            raise BuildError(f"NDP: {error} in {option}") from error
    return octets


def read_options(data: memoryview) -> tuple[tuple[Option, ...], memoryview]:
    """Return the options at the start of ``data``, and what is left: nothing, if all is well.

    An option of length 0, or one longer than what is there, ends the reading; such a
    message is to be thrown away (RFC 4861 §4.6, §6.1, §7.1).
    """
    options: list[Option] = []
    while len(data) >= UNIT and 0 < (length := data[1] * UNIT) <= len(data):
        options.append(_option(data[0], bytes(data[HEAD:length])))
        data = data[length:]
    return tuple(options), data


def lifetime_text(seconds: int) -> str:
    """Return a lifetime as it is said: ``1800 s``, or ``for ever``."""
    return "for ever" if seconds == INFINITE else f"{seconds} s"


def preference_of(flags: int) -> int:
    """Return the preference in a flags octet (RFC 4191 §2.1): 1 high, 0 medium, -1 low."""
    return (flags >> 3 & 0b11 ^ 0b10) - 2


def _option(number: int, value: bytes) -> Option:
    try:
        option = KINDS[number](value)
        if option.value() == value:
            return option
    except (KeyError, ValueError, struct.error):
        pass
    return Other(number, value)


def _domains(octets: bytes) -> Iterable[str]:
    """Read domains up to the padding (RFC 1035 §3.1, without compression).

    Raises:
        ValueError: they are none.
    """
    labels: list[str] = []
    at = 0
    while at < len(octets):
        length = octets[at]
        label = octets[at + 1 : at + 1 + length]
        at += 1 + length
        if length:
            text = label.decode("ascii")
            if length > LONGEST_LABEL or "." in text or not text.isprintable():
                raise ValueError(f"no label of a domain: {label!r}")
            labels.append(text)
        elif labels:
            yield ".".join(labels)
            labels = []
    if labels:
        raise ValueError("a domain without an end")
