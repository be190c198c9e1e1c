"""ICMPv6 (RFC 4443, RFC 4884): one class a message, told apart by its type octet.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      type                  below 128: an error, which quotes a packet
1      code                  which of the cases that share the type
2-3    checksum              over a pseudo header and the whole message
4-7    by type               identifier and sequence, MTU, pointer, …
8-     by type               echo: any octets; error: the packet that caused it
====== ===================== =================================================
"""

import struct
from collections.abc import Callable
from functools import cache
from ipaddress import IPv6Address
from typing import ClassVar

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import ipv6_address
from rawkit.wire.checksum import checksum_of, sum_of
from rawkit.wire.extended import padded, split
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!BBHHH")
HEAD = struct.Struct("!BBH")
REST = slice(4, 8)
REDIRECT_SIZE = 40
ENDS_EARLY = (152, 153)
"""Types of messages that may end after the checksum."""
UNIT = 8
"""Octets that the length field of an extended error counts by."""

NO_ADDRESS = IPv6Address(0)


class Message(Header):
    """An ICMPv6 message. Read one with :func:`parse`, which picks the class."""

    __slots__ = ()

    IP_PROTOCOL: ClassVar[int] = IPProtocol.ICMPV6
    COVERS_ADDRESSES: ClassVar[bool] = True
    TYPE: ClassVar[int]


class Quoting(Message):
    """An error or advice about a packet, which it quotes: the headers inside."""

    __slots__ = ()

    QUOTES: ClassVar[int] = IPProtocol.IPV6


@record
class Echo(Message):
    """What an echo request and its reply have in common."""

    identifier: int
    sequence: int
    code: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        try:
            head = LAYOUT.pack(
                self.TYPE, self.code, self.checksum or 0, self.identifier, self.sequence
            )
        except struct.error as error:
            raise BuildError(f"ICMPv6: {error} in {self}") from error
        return _finish(head + payload, self.checksum, outer)


class EchoRequest(Echo):
    """Asks for an :class:`EchoReply` with the same numbers and payload."""

    __slots__ = ()

    TYPE: ClassVar[int] = 128


class EchoReply(Echo):
    """Answers an :class:`EchoRequest`."""

    __slots__ = ()

    TYPE: ClassVar[int] = 129


@record
class Extended(Quoting):
    """What the errors that can carry extensions have in common (RFC 4884 §4)."""

    code: int = 0
    unused: int = 0
    """The 24 bits after the length."""
    extensions: bytes = b""
    """An extension structure; see :mod:`rawkit.wire.multipart`."""
    length: int | None = computed(default=None)
    """Units of 8 octets in the quote; 0 where no extensions follow."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        quote, length = payload, self.length
        if length is None:
            quote = padded(quote, UNIT) if self.extensions else quote
            length = len(quote) // UNIT if self.extensions else 0
        if length > 0xFF or self.unused > 0xFFFFFF:
            raise BuildError(f"ICMPv6: length {length} above 255 or unused too large in {self}")
        number = length << 24 | self.unused
        return _pack(self, self.code, number, quote + self.extensions, outer)


class Unreachable(Extended):
    """The packet quoted inside cannot be delivered; the code says why (RFC 4443 §3.1)."""

    __slots__ = ()

    TYPE: ClassVar[int] = 1


class TimeExceeded(Extended):
    """The packet quoted inside died; code 0: of its hop limit, 1: fragments were missing."""

    __slots__ = ()

    TYPE: ClassVar[int] = 3


@record
class PacketTooBig(Quoting):
    """The packet quoted inside does not fit the next link (RFC 4443 §3.2)."""

    TYPE: ClassVar[int] = 2

    mtu: int
    code: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return _pack(self, self.code, self.mtu, payload, outer)


@record
class ParameterProblem(Quoting):
    """An octet of the packet quoted inside makes no sense (RFC 4443 §3.4)."""

    TYPE: ClassVar[int] = 4

    code: int = 0
    """0: a wrong field, 1: an unknown next header, 2: an unknown option."""
    pointer: int = 0
    """The octet's place in the quoted packet."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return _pack(self, self.code, self.pointer, payload, outer)


@record
class Redirect(Message):
    """Another first hop is the better way to ``destination`` (RFC 4861 §4.5).

    The payload holds neighbour discovery options, raw; the packet that caused
    the redirect may be among them.
    """

    TYPE: ClassVar[int] = 137

    target: IPv6Address = NO_ADDRESS
    destination: IPv6Address = NO_ADDRESS
    code: int = 0
    reserved: int = 0
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        body = self.target.packed + self.destination.packed + payload
        return _pack(self, self.code, self.reserved, body, outer)


@record
class Other(Message):
    """A message whose type has no class here."""

    type: int
    code: int = 0
    rest: bytes = bytes(4)
    """Octets 4 to 7."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return message_octets(self.type, self.code, self.checksum, self.rest, payload, outer)


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into an ICMPv6 message of the right class and its payload.

    Raises:
        TruncatedError: fewer octets than the message's type needs.
    """
    if len(data) < LAYOUT.size:
        return _parse_short(data)
    type_, code, checksum, first, second = LAYOUT.unpack_from(data)
    rest = data[LAYOUT.size :]
    if type_ == 129:
        return EchoReply.filled(first, second, code, checksum), rest
    if type_ == 128:
        return EchoRequest.filled(first, second, code, checksum), rest
    number = first << 16 | second
    match type_:
        case Unreachable.TYPE | TimeExceeded.TYPE:
            kind: type[Extended] = Unreachable if type_ == Unreachable.TYPE else TimeExceeded
            length, unused = first >> 8, number & 0xFFFFFF
            quote, extensions = split(rest, length * UNIT)
            return kind(code, unused, extensions, length, checksum), quote
        case PacketTooBig.TYPE:
            return PacketTooBig(number, code, checksum), rest
        case ParameterProblem.TYPE:
            return ParameterProblem(code, number, checksum), rest
        case Redirect.TYPE:
            return _parse_redirect(data, code, number, checksum)
    if (parser := _other_parser(type_)) is not None:
        return parser(data)
    return Other(type_, code, bytes(data[REST]), checksum), rest


def message_octets(
    type_: int,
    code: int,
    checksum: int | None,
    rest: bytes,
    payload: bytes,
    outer: Header | None,
) -> bytes:
    """Return a message; its checksum, unless given, covers the addresses of ``outer``.

    Args:
        type_: its type octet.
        code: its code octet.
        checksum: ``None``: to be worked out.
        rest: octets 4 to 7.
        payload: all after these.
        outer: the header around it, if it is known.

    Raises:
        BuildError: a value does not fit.
    """
    if len(rest) != 4:
        raise BuildError(f"ICMPv6: octets 4 to 7 are {len(rest)}, not 4")
    return short_message_octets(type_, code, checksum, rest + payload, outer)


def short_message_octets(
    type_: int, code: int, checksum: int | None, body: bytes, outer: Header | None
) -> bytes:
    """Return a message that may end after its checksum; as :func:`message_octets` else.

    Args:
        type_: its type octet.
        code: its code octet.
        checksum: ``None``: to be worked out.
        body: all after these 4 octets.
        outer: the header around it, if it is known.

    Raises:
        BuildError: a value does not fit.
    """
    try:
        head = HEAD.pack(type_, code, checksum or 0)
    except struct.error as error:
        what = f"type {type_}, code {code}, checksum {checksum}"
        raise BuildError(f"ICMPv6: {error} in {what}") from error
    return _finish(head + body, checksum, outer)


@cache
def _other_parser(type_: int) -> Callable[[memoryview], tuple[Message, memoryview]] | None:
    """Return the parser for a message that a ping seldom meets, loaded when it does."""
    match type_:
        case 130 | 131 | 132 | 143:
            from rawkit.wire import mld

            return mld.parse
        case 133 | 134 | 135 | 136:
            from rawkit.wire import ndp

            return ndp.parse
        case 139 | 140:
            from rawkit.wire import node_information

            return node_information.parse
        case 151 | 152 | 153:
            from rawkit.wire import multicast_routers_ipv6

            return multicast_routers_ipv6.parse
        case 160 | 161:
            from rawkit.wire import extended_echo_ipv6

            return extended_echo_ipv6.parse
    return None


def _parse_short(data: memoryview) -> tuple[Message, memoryview]:
    """Read one of the few messages of less than 8 octets (RFC 4286 §4.2, §4.3)."""
    if len(data) >= HEAD.size and data[0] in ENDS_EARLY:
        parser = _other_parser(data[0])
        if parser is not None:
            return parser(data)
    raise TruncatedError(f"ICMPv6: {len(data)} of {LAYOUT.size} header octets")


def _parse_redirect(
    data: memoryview, code: int, reserved: int, checksum: int
) -> tuple[Redirect, memoryview]:
    if len(data) < REDIRECT_SIZE:
        raise TruncatedError(f"ICMPv6: {len(data)} of {REDIRECT_SIZE} redirect octets")
    target, destination = ipv6_address(bytes(data[8:24])), ipv6_address(bytes(data[24:40]))
    return Redirect(target, destination, code, reserved, checksum), data[REDIRECT_SIZE:]


def _pack(
    message: Extended | PacketTooBig | ParameterProblem | Redirect,
    code: int,
    number: int,
    payload: bytes,
    outer: Header | None,
) -> bytes:
    try:
        head = struct.pack("!BBHI", message.TYPE, code, message.checksum or 0, number)
    except struct.error as error:
        raise BuildError(f"ICMPv6: {error} in {message}") from error
    return _finish(head + payload, message.checksum, outer)


def _finish(data: bytes, checksum: int | None, outer: Header | None) -> bytes:
    """Put the checksum in, unless it is given or the addresses it covers are unknown."""
    if checksum is not None or outer is None:
        return data
    covered = outer.pseudo_sum(len(data), IPProtocol.ICMPV6) + sum_of(data)
    return data[:2] + checksum_of(covered).to_bytes(2, "big") + data[4:]
