"""Node information queries of ICMPv6: what is your name, what are your addresses? (RFC 4620).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
1      code                  query: what the subject is; reply: whether it is one
4-5    qtype                 what is asked for
6-7    flags                 by qtype: which addresses
8-15   nonce                 the reply has the query's
16-    data                  query: the subject; reply: the answer
====== ===================== =================================================
"""

import struct
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from typing import ClassVar

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import Address, ipv4_address, ipv6_address
from rawkit.wire.icmpv6 import Message, Other, message_octets
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!BBHHH8s")
ASKED = struct.Struct("!HH")
TTL = struct.Struct("!I")
NONCE = 8
SHORTEST = 8
LONGEST_LABEL = 63
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class QType(IntEnum):
    """What is asked for (RFC 4620 §5)."""

    NOTHING = 0
    NAME = 2
    ADDRESSES = 3
    IPV4_ADDRESSES = 4


class Subject(IntEnum):
    """The code of a query: what its data is (RFC 4620 §4)."""

    IPV6 = 0
    NAME = 1
    IPV4 = 2


class Answered(IntEnum):
    """The code of a reply (RFC 4620 §4)."""

    SUCCESS = 0
    REFUSED = 1
    UNKNOWN = 2


class Flags(IntFlag):
    """Which addresses are asked for (RFC 4620 §6.3, §6.4), and what of them came."""

    TRUNCATED = 0x01
    ALL = 0x02
    """Of all interfaces, and not only of the one that the subject belongs to."""
    COMPATIBLE = 0x04
    """The rest are kinds of IPv6 addresses."""
    LINK_LOCAL = 0x08
    SITE_LOCAL = 0x10
    GLOBAL = 0x20


@record
class NodeQuery(Message):
    """Asks a node about itself."""

    TYPE: ClassVar[int] = 139

    nonce: bytes
    """8 octets."""
    qtype: int
    flags: int = 0
    code: int = Subject.IPV6
    subject: Address | bytes = b""
    """Whom the question is about: an address, or a name as :func:`encode_name` makes it."""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        subject = self.subject if isinstance(self.subject, bytes) else self.subject.packed
        return _packed(self, subject + payload, outer)


@record
class NodeReply(Message):
    """Answers a :class:`NodeQuery`; see :func:`names` and :func:`addresses`."""

    TYPE: ClassVar[int] = 140

    nonce: bytes
    qtype: int
    flags: int = 0
    code: int = Answered.SUCCESS
    data: bytes = b""
    checksum: int | None = computed(default=None)

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return _packed(self, self.data + payload, outer)


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into a query or a reply and its payload, which is empty.

    Raises:
        TruncatedError: fewer octets than the shortest message has.
    """
    if len(data) < LAYOUT.size:
        raise TruncatedError(f"ICMPv6: {len(data)} of {LAYOUT.size} header octets")
    type_, code, checksum, qtype, flags, nonce = LAYOUT.unpack_from(data)
    rest = bytes(data[LAYOUT.size :])
    match type_:
        case NodeQuery.TYPE:
            subject = _subject(code, rest)
            return NodeQuery(nonce, qtype, flags, code, subject, checksum), data[len(data) :]
        case NodeReply.TYPE:
            return NodeReply(nonce, qtype, flags, code, rest, checksum), data[len(data) :]
    return Other(type_, code, bytes(data[4:8]), checksum), data[SHORTEST:]


def names(reply: NodeReply) -> tuple[str, ...]:
    r"""Return the names in a reply to a question for them; none, if there are none.

    A name that ends with a dot is a whole one, others are short for one (RFC 4620 §6.3.1).
    Octets other than letters, digits, ``-`` and ``_`` are written ``\DDD``, in decimal.
    """
    if reply.qtype != QType.NAME or reply.code != Answered.SUCCESS:
        return ()
    return tuple(decode_names(reply.data[TTL.size :]))


def addresses(reply: NodeReply) -> tuple[Address, ...]:
    """Return the addresses in a reply to a question for them; none, if there are none."""
    if reply.code != Answered.SUCCESS:
        return ()
    data = reply.data
    match reply.qtype:
        case QType.ADDRESSES:
            entries = range(0, len(data) - TTL.size - 15, TTL.size + 16)
            return tuple(ipv6_address(data[at + 4 : at + 20]) for at in entries)
        case QType.IPV4_ADDRESSES:
            entries = range(0, len(data) - TTL.size - 3, TTL.size + 4)
            return tuple(ipv4_address(data[at + 4 : at + 8]) for at in entries)
    return ()


def encode_name(name: str) -> bytes:
    """Return a name as in DNS (RFC 1035 §3.1); one without a dot at its end is no whole name.

    Raises:
        BuildError: a label is empty or longer than 63 octets.
    """
    labels = [label.encode() for label in name.removesuffix(".").split(".")]
    if not all(1 <= len(label) <= LONGEST_LABEL for label in labels):
        raise BuildError(f"node information: a label of {name!r} is not of 1 to 63 octets")
    octets = b"".join(bytes((len(label),)) + label for label in labels)
    # RFC 4620 §6.3.1: two empty labels say that the name is not fully qualified.
    return octets + (b"\0" if name.endswith(".") else b"\0\0")


def decode_names(data: bytes) -> Iterator[str]:
    """Yield the names in ``data``, one after the other, as far as they make sense."""
    labels: list[str] = []
    at = 0
    while at < len(data):
        length = data[at]
        label = data[at + 1 : at + 1 + length]
        if length > LONGEST_LABEL or len(label) < length:
            return
        at += 1 + length
        if length:
            labels.append(_shown(label))
        elif labels:
            whole = data[at : at + 1] != b"\0"
            at += not whole
            yield ".".join(labels) + "." * whole
            labels = []


def _shown(label: bytes) -> str:
    return "".join(chr(octet) if octet in PLAIN else f"\\{octet:03d}" for octet in label)


def _subject(code: int, data: bytes) -> Address | bytes:
    match code, len(data):
        case Subject.IPV6, 16:
            return ipv6_address(data)
        case Subject.IPV4, 4:
            return ipv4_address(data)
    return data


def _packed(message: NodeQuery | NodeReply, data: bytes, outer: Header | None) -> bytes:
    if len(message.nonce) != NONCE:
        raise BuildError(f"ICMPv6: the nonce is {len(message.nonce)} octets, not {NONCE}")
    try:
        rest = ASKED.pack(message.qtype, message.flags)
    except struct.error as error:
        raise BuildError(f"ICMPv6: {error} in {message}") from error
    body = message.nonce + data
    return message_octets(message.TYPE, message.code, message.checksum, rest, body, outer)
