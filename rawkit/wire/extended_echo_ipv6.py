"""PROBE over ICMPv6 (RFC 8335 §2, §3): the messages of :mod:`rawkit.wire.extended_echo`."""

from typing import ClassVar

from rawkit.wire.extended_echo import (
    LAYOUT,
    REST,
    Reply,
    Request,
    read_reply,
    read_request,
    read_type,
)
from rawkit.wire.icmpv6 import Message, Other, message_octets
from rawkit.wire.packet import Header


class ExtendedEchoRequest(Request, Message):
    """Asks a node for the state of an interface."""

    __slots__ = ()

    TYPE: ClassVar[int] = 160

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest, body = self.body()
        return message_octets(self.TYPE, self.code, self.checksum, rest, body + payload, outer)


class ExtendedEchoReply(Reply, Message):
    """Answers an :class:`ExtendedEchoRequest`."""

    __slots__ = ()

    TYPE: ClassVar[int] = 161

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest, body = self.body()
        return message_octets(self.TYPE, self.code, self.checksum, rest, body + payload, outer)


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into one of the two messages, and its payload.

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
