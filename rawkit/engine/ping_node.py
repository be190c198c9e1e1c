"""Ping by node information query: what is your name, what are your addresses? (RFC 4620).

The nonce, which the reply repeats, is our identifier, the sequence number, and a keyed
hash of both and of the target's number.
"""

import struct
from functools import partial

from rawkit.engine.echo_payload import NUMBERS
from rawkit.engine.ping_answers import NodeAnswer
from rawkit.engine.ping_question import Ask, Match, Question
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.ping_tally import Request, Tally
from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.node_information import (
    LAYOUT,
    Flags,
    NodeQuery,
    NodeReply,
    QType,
    Subject,
    addresses,
    names,
)
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received

NONCE = struct.Struct("!HHI")
THIRTY_TWO = 0xFFFF_FFFF


@record
class NodeAsked:
    """What a node is asked about itself."""

    qtype: int
    """A :class:`rawkit.wire.node_information.QType`."""
    flags: int = 0
    """Which addresses: :class:`rawkit.wire.node_information.Flags`."""
    subject: Address | bytes | None = None
    """Whom the question is about: an address, or a name as
    :func:`rawkit.wire.node_information.encode_name` makes it; ``None``: who is asked."""


def ask_the_node(asked: NodeAsked) -> Ask:
    """Return what makes a question to a node about itself."""
    return partial(NodeQuestion, asked=asked)


class NodeQuestion(Question):
    """Node information queries."""

    def __init__(
        self,
        tallies: list[Tally],
        settings: PingSettings,
        identifier: int,
        key: bytes,
        *,
        asked: NodeAsked,
    ) -> None:
        super().__init__(tallies, settings, identifier, key)
        for tally in tallies:
            if tally.target.address.version != 6:
                raise UsageError(f"{tally.target.address}: only IPv6 has node information")
        self.answer_kinds = {6: NodeReply}
        self._asked = asked

    def packet(self, request: Request) -> Packet:
        asked, outer = self._asked, self.outers[request.number]
        subject = outer.dst if asked.subject is None else asked.subject
        code = Subject.NAME
        if not isinstance(subject, bytes):
            code = Subject.IPV4 if subject.version == 4 else Subject.IPV6
        nonce = self._nonce(request)
        return Packet((outer, NodeQuery(nonce, asked.qtype, asked.flags, code, subject)))

    def match_answer(self, ip: IPv4 | IPv6, message: Header, received: Received) -> Match | None:
        if not isinstance(message, NodeReply):
            return None
        identifier, sequence, _ = NONCE.unpack(message.nonce)
        if identifier != self.identifier:
            return None
        known = self.known(ip.src)
        for number in known or self.groups or (0,):
            request = self._with_nonce(number, sequence, message.nonce)
            if request is not None:
                size = LAYOUT.size + len(message.data)
                return Match(ip, request, size, answer=_answer(message))
        self.stray(known)
        return None

    def quoted_request(self, ours: IPv4 | IPv6, quote: Packet) -> Request | None:
        query = quote.headers[-1]
        if not isinstance(query, NodeQuery):
            return None
        identifier, sequence, _ = NONCE.unpack(query.nonce)
        if identifier != self.identifier:
            return None
        known = self.known(ours.dst)
        for number in known:
            if (request := self._with_nonce(number, sequence, query.nonce)) is not None:
                return request
        self.stray(known)
        return None

    def _nonce(self, request: Request) -> bytes:
        digest = hash(self.key + NUMBERS.pack(request.number, request.sequence))
        return NONCE.pack(self.identifier, request.sequence & 0xFFFF, digest & THIRTY_TWO)

    def _with_nonce(self, number: int, sequence: int, nonce: bytes) -> Request | None:
        found = self.tallies[number].find(sequence)
        return next((request for request in found if self._nonce(request) == nonce), None)


def _answer(reply: NodeReply) -> NodeAnswer:
    asked_for_addresses = reply.qtype in (QType.ADDRESSES, QType.IPV4_ADDRESSES)
    truncated = asked_for_addresses and bool(reply.flags & Flags.TRUNCATED)
    return NodeAnswer(reply.code, reply.qtype, names(reply), addresses(reply), truncated)
