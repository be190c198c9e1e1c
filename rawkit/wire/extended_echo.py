"""PROBE: a node is asked about one of its interfaces (RFC 8335).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
4-5    identifier
6      sequence              8 bits
7      request: local        the lowest bit: an interface of the node itself
       reply: state, A, 4, 6 3 bits, 2 reserved; active, IPv4 and IPv6 run on it
8-     request: which one    an extension structure (RFC 4884) with one object
====== ===================== =================================================

This module has the messages of ICMP for IPv4, and what they share with those of
ICMPv6 in :mod:`rawkit.wire.extended_echo_ipv6`.
"""

import struct
from enum import IntEnum
from typing import ClassVar, TypeVar

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import Address, ipv4_address, ipv6_address
from rawkit.wire.icmp import Message, Other, message_octets
from rawkit.wire.multipart import HEADER as STRUCTURE
from rawkit.wire.multipart import OBJECT, AddressFamily, ExtensionObject, ObjectClass, build
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!BBHHBB")
NUMBERS = struct.Struct("!HBB")
ADDRESS = struct.Struct("!HBx")
INDEX = struct.Struct("!I")
REST = slice(4, 8)
LOCAL = 0x01
ACTIVE, IPV4, IPV6 = 0x04, 0x02, 0x01
WORD = 4


class By(IntEnum):
    """How an interface is named: the type of its object (RFC 8335 §2.1)."""

    NAME = 1
    INDEX = 2
    ADDRESS = 3


class Code(IntEnum):
    """What became of a request (RFC 8335 §3)."""

    NO_ERROR = 0
    MALFORMED_QUERY = 1
    NO_SUCH_INTERFACE = 2
    NO_SUCH_TABLE_ENTRY = 3
    MULTIPLE_INTERFACES = 4


class State(IntEnum):
    """The entry of an address that is not the node's own in its neighbour table."""

    RESERVED = 0
    INCOMPLETE = 1
    REACHABLE = 2
    STALE = 3
    DELAY = 4
    PROBE = 5
    FAILED = 6


@record
class InterfaceName:
    """An interface by its name (RFC 8343)."""

    name: str


@record
class InterfaceIndex:
    """An interface by its number (``ifIndex``)."""

    index: int


@record
class InterfaceAddress:
    """An interface by an address of its own, or of a neighbour's."""

    address: Address


Interface = InterfaceName | InterfaceIndex | InterfaceAddress


@record
class Request(Header):
    """What the requests of both versions have in common."""

    identifier: int
    sequence: int
    local: bool = True
    """Whether the interface is the asked node's own; else it is a neighbour's."""
    object: Interface | bytes = b""
    """Which interface; or what stands there instead, unread."""
    code: int = 0
    reserved: int = 0
    """The 7 bits before the last."""
    checksum: int | None = computed(default=None)

    def body(self) -> tuple[bytes, bytes]:
        """Return octets 4 to 7, and those behind them.

        Raises:
            BuildError: a value does not fit.
        """
        try:
            rest = NUMBERS.pack(self.identifier, self.sequence, self.reserved << 1 | self.local)
        except struct.error as error:
            raise BuildError(f"PROBE: {error} in {self}") from error
        return rest, self.object if isinstance(self.object, bytes) else structure(self.object)


@record
class Reply(Header):
    """What the replies of both versions have in common. Any payload is the request's."""

    identifier: int
    sequence: int
    code: int = Code.NO_ERROR
    state: int = State.RESERVED
    """Only of a neighbour's interface."""
    active: bool = False
    """Whether the interface works. This and the next two only of an interface of its own."""
    ipv4: bool = False
    ipv6: bool = False
    reserved: int = 0
    """The 2 bits between the state and these."""
    checksum: int | None = computed(default=None)

    def body(self) -> tuple[bytes, bytes]:
        """Return octets 4 to 7, and those behind them.

        Raises:
            BuildError: a value does not fit.
        """
        if not 0 <= self.state <= 7 or not 0 <= self.reserved <= 3:
            raise BuildError(f"PROBE: state above 7 or reserved above 3 in {self}")
        bits = self.state << 5 | self.reserved << 3
        bits |= self.active * ACTIVE | self.ipv4 * IPV4 | self.ipv6 * IPV6
        try:
            return NUMBERS.pack(self.identifier, self.sequence, bits), b""
        except struct.error as error:
            raise BuildError(f"PROBE: {error} in {self}") from error


RequestT = TypeVar("RequestT", bound=Request)
ReplyT = TypeVar("ReplyT", bound=Reply)


class ExtendedEchoRequest(Request, Message):
    """Asks a node for the state of an interface."""

    __slots__ = ()

    TYPE: ClassVar[int] = 42

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest, body = self.body()
        return message_octets(self.TYPE, self.code, self.checksum, rest, body + payload)


class ExtendedEchoReply(Reply, Message):
    """Answers an :class:`ExtendedEchoRequest`."""

    __slots__ = ()

    TYPE: ClassVar[int] = 43

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest, body = self.body()
        return message_octets(self.TYPE, self.code, self.checksum, rest, body + payload)


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into one of the two messages of ICMP, and its payload.

    Raises:
        TruncatedError: fewer octets than the shortest message has.
    """
    match read_type(data):
        case ExtendedEchoRequest.TYPE:
            return read_request(ExtendedEchoRequest, data)
        case ExtendedEchoReply.TYPE:
            return read_reply(ExtendedEchoReply, data)
    type_, code, checksum, *_ = LAYOUT.unpack_from(data)
    return Other(type_, code, bytes(data[REST]), checksum), data[LAYOUT.size :]


def structure(interface: Interface) -> bytes:
    """Return the extension structure that names an interface.

    Raises:
        BuildError: a value does not fit.
    """
    try:
        match interface:
            case InterfaceName(name=name):
                octets = name.encode()
                by, payload = By.NAME, octets + bytes(-len(octets) % WORD)
            case InterfaceIndex(index=index):
                by, payload = By.INDEX, INDEX.pack(index)
            case InterfaceAddress(address=address):
                family = AddressFamily.IPV4 if address.version == 4 else AddressFamily.IPV6
                packed = address.packed
                by, payload = By.ADDRESS, ADDRESS.pack(family, len(packed)) + packed
    except (struct.error, AttributeError, UnicodeEncodeError) as error:
        raise BuildError(f"PROBE: {error} in {interface}") from error
    return build([ExtensionObject(ObjectClass.INTERFACE_IDENTIFICATION, by, payload)])


def read_type(data: memoryview) -> int:
    """Return the type of a message.

    Raises:
        TruncatedError: fewer octets than the shortest message has.
    """
    if len(data) < LAYOUT.size:
        raise TruncatedError(f"PROBE: {len(data)} of {LAYOUT.size} header octets")
    return data[0]


def read_request(kind: type[RequestT], data: memoryview) -> tuple[RequestT, memoryview]:
    """Return a request, and what is behind its object."""
    _, code, checksum, identifier, sequence, bits = LAYOUT.unpack_from(data)
    named, rest = _object(data[LAYOUT.size :])
    local, reserved = bool(bits & LOCAL), bits >> 1
    return kind(identifier, sequence, local, named, code, reserved, checksum), rest


def read_reply(kind: type[ReplyT], data: memoryview) -> tuple[ReplyT, memoryview]:
    """Return a reply, and what is behind it."""
    _, code, checksum, identifier, sequence, bits = LAYOUT.unpack_from(data)
    active, ipv4, ipv6 = (bool(bits & flag) for flag in (ACTIVE, IPV4, IPV6))
    state, reserved = bits >> 5, bits >> 3 & 0b11
    reply = kind(identifier, sequence, code, state, active, ipv4, ipv6, reserved, checksum)
    return reply, data[LAYOUT.size :]


def _object(data: memoryview) -> tuple[Interface | bytes, memoryview]:
    """Split off the structure that names an interface; all of it, if it cannot be one."""
    start = STRUCTURE.size
    if len(data) < start + OBJECT.size:
        return bytes(data), data[len(data) :]
    length, class_number, by = OBJECT.unpack_from(data, start)
    whole, rest = bytes(data[: start + length]), data[start + length :]
    if class_number == ObjectClass.INTERFACE_IDENTIFICATION:
        named = _interface(by, whole[start + OBJECT.size :])
        # What would not be written as it was read is kept as it is.
        if named is not None and structure(named) == whole:
            return named, rest
    return bytes(data), data[len(data) :]


def _interface(by: int, payload: bytes) -> Interface | None:
    match by, len(payload):
        case By.NAME, _:
            try:
                return InterfaceName(payload.rstrip(b"\0").decode())
            except UnicodeDecodeError:
                return None
        case By.INDEX, INDEX.size:
            return InterfaceIndex(*INDEX.unpack(payload))
        case By.ADDRESS, 8:
            return InterfaceAddress(ipv4_address(payload[ADDRESS.size :]))
        case By.ADDRESS, 20:
            return InterfaceAddress(ipv6_address(payload[ADDRESS.size :]))
    return None
