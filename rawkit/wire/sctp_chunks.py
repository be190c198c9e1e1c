"""What stands in chunks of SCTP that open a connection and carry data (RFC 9260 §3.3).

====================== ====== =================================================
chunk                  type   value
====================== ====== =================================================
:class:`Data`          0      TSN, stream and its sequence number, payload protocol, data
:class:`Init`          1, 2   tag, window, outbound and inbound streams, first TSN,
                              parameters
:class:`Sack`          3      TSN up to which all is there, window, numbers of blocks and
                              duplicates, then these
====================== ====== =================================================

``decode(chunk)`` reads one, ``.chunk`` makes one. A TSN counts chunks of data.
"""

import struct
from enum import IntFlag

from rawkit.errors import BuildError
from rawkit.record import record
from rawkit.wire.sctp import Chunk, ChunkType

DATA = struct.Struct("!IHHI")
INIT = struct.Struct("!IIHHI")
SACK = struct.Struct("!IIHH")
BLOCK = struct.Struct("!HH")
TSN = struct.Struct("!I")


class DataFlag(IntFlag):
    """The flags of a data chunk (RFC 9260 §3.3.1)."""

    END = 0x01
    """The last fragment of a message."""
    BEGINNING = 0x02
    """The first; with the last: the only one."""
    UNORDERED = 0x04
    IMMEDIATE = 0x08
    """To be acknowledged without delay."""


@record
class Data:
    """User data, or a part of it (RFC 9260 §3.3.1)."""

    tsn: int
    stream: int
    sequence: int
    """Of the message in its stream."""
    data: bytes
    protocol: int = 0
    """What the data are (PPID, IANA); nothing to SCTP itself."""
    flags: int = DataFlag.BEGINNING | DataFlag.END
    """:class:`DataFlag`, and bits without a name."""

    @property
    def chunk(self) -> Chunk:
        """The chunk on the wire. Raises ``BuildError``: a value does not fit."""
        head = _packed(DATA, self, self.tsn, self.stream, self.sequence, self.protocol)
        return Chunk(ChunkType.DATA, head + self.data, self.flags)


@record
class Init:
    """Asks for a connection, or agrees to one (RFC 9260 §3.3.2, §3.3.3)."""

    tag: int
    """What the other is to put into ``verification_tag``; not 0."""
    window: int = 65536
    """Octets that the sender has room for."""
    outbound: int = 10
    """Streams that the sender wants to open."""
    inbound: int = 65535
    """Streams that it lets the other open."""
    tsn: int = 0
    """Of its first chunk of data."""
    parameters: bytes = b""
    """Raw (RFC 9260 §3.2.1); the answer needs a state cookie among them."""
    flags: int = 0
    is_answer: bool = False

    @property
    def chunk(self) -> Chunk:
        """The chunk on the wire. Raises ``BuildError``: a value does not fit."""
        numbers = (self.tag, self.window, self.outbound, self.inbound, self.tsn)
        kind = ChunkType.INIT_ACK if self.is_answer else ChunkType.INIT
        return Chunk(kind, _packed(INIT, self, *numbers) + self.parameters, self.flags)


@record
class Sack:
    """Tells which data arrived (RFC 9260 §3.3.4)."""

    tsn: int
    """All up to this one arrived."""
    window: int
    blocks: tuple[tuple[int, int], ...] = ()
    """First and last of what arrived beyond a gap, counted from ``tsn``."""
    duplicates: tuple[int, ...] = ()
    """TSNs that arrived more than once."""
    flags: int = 0

    @property
    def chunk(self) -> Chunk:
        """The chunk on the wire. Raises ``BuildError``: a value does not fit."""
        counts = (len(self.blocks), len(self.duplicates))
        value = _packed(SACK, self, self.tsn, self.window, *counts)
        value += b"".join(_packed(BLOCK, self, *block) for block in self.blocks)
        value += b"".join(_packed(TSN, self, tsn) for tsn in self.duplicates)
        return Chunk(ChunkType.SACK, value, self.flags)


def decode(chunk: Chunk) -> Data | Init | Sack | None:
    """Return what stands in ``chunk``; ``None`` if it is of another type, or cut short."""
    value = chunk.value
    match chunk.type:
        case ChunkType.DATA if len(value) >= DATA.size:
            tsn, stream, sequence, protocol = DATA.unpack_from(value)
            flags = DataFlag(chunk.flags)
            return Data(tsn, stream, sequence, value[DATA.size :], protocol, flags)
        case (ChunkType.INIT | ChunkType.INIT_ACK) as kind if len(value) >= INIT.size:
            tag, window, outbound, inbound, tsn = INIT.unpack_from(value)
            parameters, is_answer = value[INIT.size :], kind == ChunkType.INIT_ACK
            return Init(tag, window, outbound, inbound, tsn, parameters, chunk.flags, is_answer)
        case ChunkType.SACK if len(value) >= SACK.size:
            return _sack(value, chunk.flags)
    return None


def _sack(value: bytes, flags: int) -> Sack | None:
    tsn, window, blocks, duplicates = SACK.unpack_from(value)
    middle = SACK.size + blocks * BLOCK.size
    if len(value) != middle + duplicates * TSN.size:
        return None
    told = tuple(BLOCK.iter_unpack(value[SACK.size : middle]))
    twice = tuple(tsn for (tsn,) in TSN.iter_unpack(value[middle:]))
    return Sack(tsn, window, told, twice, flags)


def _packed(layout: struct.Struct, of: Data | Init | Sack, *numbers: int) -> bytes:
    try:
        return layout.pack(*numbers)
    except struct.error as error:
        raise BuildError(f"SCTP: {error} in {of}") from error
