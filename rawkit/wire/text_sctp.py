"""What an SCTP packet says, in tcpdump(8)'s words, and its chunks one a line."""

from collections.abc import Iterator

from rawkit.wire.packet import Header
from rawkit.wire.sctp import KNOWN, SCTP, Chunk, ChunkType
from rawkit.wire.sctp_chunks import Data, DataFlag, Init, Sack, decode

NAMES = {
    ChunkType.INIT_ACK: "INIT ACK",
    ChunkType.HEARTBEAT: "HB REQ",
    ChunkType.HEARTBEAT_ACK: "HB ACK",
    ChunkType.SHUTDOWN_ACK: "SHUTDOWN ACK",
    ChunkType.ERROR: "OP ERR",
    ChunkType.COOKIE_ECHO: "COOKIE ECHO",
    ChunkType.COOKIE_ACK: "COOKIE ACK",
    ChunkType.ECNE: "ECN ECHO",
    ChunkType.CWR: "ECN CWR",
    ChunkType.SHUTDOWN_COMPLETE: "SHUTDOWN COMPLETE",
}
LETTERS = ((DataFlag.UNORDERED, "(U)"), (DataFlag.BEGINNING, "(B)"), (DataFlag.END, "(E)"))


def describe_sctp(packet: Header) -> str:
    """Return what the chunks of a packet say, numbered from 1."""
    if not isinstance(packet, SCTP):
        return type(packet).__name__
    told = [f"({number}) {_chunk(chunk)}" for number, chunk in enumerate(packet.chunks, 1)]
    return f"sctp {', '.join(told)}" if told else "sctp"


def chunk_lines(packet: Header) -> Iterator[str]:
    """Yield the chunks of a packet, one a line."""
    for chunk in packet.chunks if isinstance(packet, SCTP) else ():
        yield f"{_chunk(chunk)} flags 0x{chunk.flags:02x}, {len(chunk.value)} octets"


def _chunk(chunk: Chunk) -> str:
    if chunk.type not in KNOWN:
        return f"[Unknown chunk type: 0x{chunk.type:x}]"
    kind = ChunkType(chunk.type)
    words = [f"[{NAMES.get(kind, kind.name)}]"]
    match decode(chunk):
        case Data() as data:
            letters = "".join(letter for flag, letter in LETTERS if data.flags & flag)
            words += [letters] if letters else []
            words += [f"[TSN: {data.tsn}]", f"[SID: {data.stream}]", f"[SSEQ {data.sequence}]"]
            words.append(f"[PPID {data.protocol}]")
        case Init() as init:
            words += [f"[init tag: {init.tag}]", f"[rwnd: {init.window}]", f"[OS: {init.outbound}]"]
            words += [f"[MIS: {init.inbound}]", f"[init TSN: {init.tsn}]"]
        case Sack() as sack:
            words += [f"[cum ack {sack.tsn}]", f"[a_rwnd {sack.window}]"]
            words.append(f"[#gap acks {len(sack.blocks)}]")
            words.append(f"[#dup tsns {len(sack.duplicates)}]")
    return " ".join(words)
