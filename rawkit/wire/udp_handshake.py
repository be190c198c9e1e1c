"""Messages of a handshake over UDP: request, reply and confirmation. Of rawkit's own making.

====== ================= =====================================================
octets field             note
====== ================= =====================================================
0-3    magic             "rkhs"
4      kind              1: request, 2: reply, 3: confirmation
5      asked             which of the requests it is, from 1; answers repeat it;
                         0 in a reply that comes by itself, for being unconfirmed
6      replied           which of the replies it is, from 1; 0 in a request
7      reserved          0
8-15   caller's token    chosen by who asks
16-23  callee's token    chosen by who is asked; 0 in a request
====== ================= =====================================================

Who repeats the other's token has received what was sent to its address. That all are of one
size leaves nothing to be gained from asking in somebody else's name.
"""

import struct
from enum import IntEnum

from rawkit.errors import BuildError, ParseError
from rawkit.record import record

LAYOUT = struct.Struct("!4sBBBB8s8s")
MAGIC = b"rkhs"
TOKEN_SIZE = 8
NO_TOKEN = bytes(TOKEN_SIZE)
MOST_TRIES = 0xFF


class Kind(IntEnum):
    """Which of the three it is."""

    REQUEST = 1
    REPLY = 2
    CONFIRMATION = 3


@record
class HandshakeMessage:
    """One of the three messages."""

    kind: Kind
    caller: bytes
    """8 octets, not all zero."""
    callee: bytes = NO_TOKEN
    asked: int = 1
    replied: int = 0

    def pack(self) -> bytes:
        """Return its octets.

        Raises:
            BuildError: a token has not 8 octets, or a number does not fit.
        """
        if len(self.caller) != TOKEN_SIZE or len(self.callee) != TOKEN_SIZE:
            raise BuildError(f"UDP handshake: a token has {TOKEN_SIZE} octets in {self}")
        numbers = self.asked, self.replied, 0
        try:
            return LAYOUT.pack(MAGIC, self.kind, *numbers, self.caller, self.callee)
        except struct.error as error:
            raise BuildError(f"UDP handshake: {error} in {self}") from error


def parse(octets: bytes) -> HandshakeMessage:
    """Read a message.

    Raises:
        ParseError: it is none.
    """
    if len(octets) != LAYOUT.size:
        raise ParseError(f"UDP handshake: {len(octets)} octets, not {LAYOUT.size}")
    magic, kind, asked, replied, reserved, caller, callee = LAYOUT.unpack(octets)
    if magic != MAGIC or kind not in KINDS or reserved:
        raise ParseError("UDP handshake: neither request nor reply nor confirmation")
    if caller == NO_TOKEN or (callee == NO_TOKEN) != (kind == Kind.REQUEST):
        raise ParseError("UDP handshake: a token is missing, or one too many")
    return HandshakeMessage(Kind(kind), caller, callee, asked, replied)


KINDS = frozenset(map(int, Kind))
