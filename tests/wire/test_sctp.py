"""SCTP packets, their chunks and their checksum, on the wire and off it."""

import time
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError, TruncatedError
from rawkit.wire.crc32c import crc32c
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.received import Checksum
from rawkit.wire.sctp import SCTP, Chunk, ChunkType
from rawkit.wire.sctp_chunks import Data, DataFlag, Init, Sack, decode
from rawkit.wire.verify import verdict

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")

# RFC 3720 appendix B.4 (the same CRC), as octets in the order in which they are sent there;
# the string of digits is the usual check value of CRC-32C.
CHECKS = [
    (bytes(32), "aa36918a"),
    (b"\xff" * 32, "43aba862"),
    (bytes(range(32)), "4e79dd46"),
    (bytes(range(31, -1, -1)), "5cdb3f11"),
    (b"123456789", "839206e3"),
    (b"", "00000000"),
]

# One table, read in both directions; the octets are laid out by hand from RFC 9260 §3.
VECTORS = [
    pytest.param(SCTP(1, 2), "0001 0002 00000000 ....", id="no chunk"),
    pytest.param(
        SCTP(65535, 65535, 0xFFFFFFFF, (Chunk(ChunkType.COOKIE_ACK),)),
        "ffff ffff ffffffff .... 0b 00 0004", id="the shortest chunk",
    ),
    pytest.param(
        SCTP(5000, 80, 0, (Init(0x11223344, 65536, 10, 2048, 7).chunk,)),
        "1388 0050 00000000 .... 01 00 0014 11223344 00010000 000a 0800 00000007", id="INIT",
    ),
    pytest.param(
        SCTP(80, 5000, 1, (Init(2, 3, 4, 5, 6, b"\0\x07\0\x08cook", 0, True).chunk,)),
        "0050 1388 00000001 .... 02 00 001c 00000002 00000003 0004 0005 00000006 00070008636f6f6b",
        id="INIT ACK with a cookie",
    ),
    pytest.param(
        SCTP(1, 2, 3, (Data(4, 5, 6, b"hello", 7).chunk, Sack(8, 9, ((2, 3),), (4,)).chunk)),
        "0001 0002 00000003 .... 00 03 0015 00000004 0005 0006 00000007 68656c6c6f 000000"
        "03 00 0018 00000008 00000009 0001 0001 0002 0003 00000004", id="DATA and SACK",
    ),
    pytest.param(
        SCTP(1, 2, 3, (Chunk(0xFE, b"abc", 0xFF), Chunk(ChunkType.PAD, b"x"))),
        "0001 0002 00000003 .... fe ff 0007 616263 00 84 00 0005 78 000000", id="unknown",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "octets"), CHECKS)
def test_the_checksum_is_crc32c(data: bytes, octets: str) -> None:
    assert crc32c(data).to_bytes(4, "little").hex() == octets
    assert crc32c(memoryview(data)) == crc32c(bytearray(data))


@pytest.mark.parametrize(("packet", "octets"), VECTORS)
def test_packs_to(packet: SCTP, octets: str) -> None:
    packed = packet.pack()
    bare = bytes.fromhex(octets.replace("....", "00000000"))

    assert packed[:8] + bytes(4) + packed[12:] == bare
    assert packed[8:12] == crc32c(bare).to_bytes(4, "little")


@pytest.mark.parametrize(("packet", "octets"), VECTORS)
def test_parses_from(packet: SCTP, octets: str) -> None:
    data = bytes.fromhex(octets.replace("....", "deadbeef"))

    parsed, payload = SCTP.parse(memoryview(data))

    assert (parsed, bytes(payload), parsed.checksum) == (packet, b"", 0xDEADBEEF)
    assert parsed.pack() == data


@pytest.mark.parametrize("outer", [IPv4(A, B), IPv6(A6, B6)])
def test_it_is_found_in_ip_and_its_checksum_is_looked_at(outer: IPv4 | IPv6) -> None:
    packet = outer / SCTP(1, 2, 3, (Init(7).chunk,)) / b""
    wrong = packet.replace(SCTP, checksum=0)

    assert dissect_ip(bytes(packet)) == packet
    assert verdict(dissect_ip(bytes(packet))) is Checksum.VALID
    assert verdict(dissect_ip(bytes(wrong))) is Checksum.BAD


def test_what_fills_a_chunk_is_kept_and_the_last_may_lack_it() -> None:
    head = SCTP(1, 2).pack()
    octets = head + bytes.fromhex("00 00 0005 61 112233 0b 00 0005 62")

    parsed, payload = SCTP.parse(memoryview(octets))

    assert [chunk.padding for chunk in parsed.chunks] == [b"\x11\x22\x33", b""]
    assert parsed.chunks == (Chunk(ChunkType.DATA, b"a"), Chunk(ChunkType.COOKIE_ACK, b"b"))
    assert parsed.pack(bytes(payload)) == octets


@pytest.mark.parametrize(
    "tail", ["00 00 0003 00", "00 00 0000 0000 0000", "00 00 0009 61626364", "00"]
)
def test_where_no_chunk_can_be_the_rest_is_payload(tail: str) -> None:
    packet = SCTP(1, 2, 3, (Chunk(ChunkType.COOKIE_ACK),))
    octets = packet.pack(bytes.fromhex(tail))

    parsed, payload = SCTP.parse(memoryview(octets))

    assert (parsed, bytes(payload)) == (packet, bytes.fromhex(tail))
    assert parsed.is_intact(bytes(payload), None)


def test_a_length_that_lies_is_sent_as_it_is() -> None:
    assert Chunk(1, b"abc", length=2, padding=b"").pack() == bytes.fromhex("01 00 0002 616263")


def test_known_types_have_names_and_unknown_ones_stay_numbers() -> None:
    packet = SCTP(1, 2, 3, (Chunk(1), Chunk(99)))

    parsed, _ = SCTP.parse(memoryview(packet.pack()))

    assert parsed.chunks[0].type is ChunkType.INIT
    assert (type(parsed.chunks[1].type), parsed.chunks[1].type) == (int, 99)


@pytest.mark.parametrize("size", range(12))
def test_refuses_what_is_cut_off(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"SCTP: {size} of 12"):
        SCTP.parse(memoryview(bytes(size)))


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (SCTP(65536, 1), "src_port=65536"),
        (SCTP(1, 1, 1 << 32), "verification_tag=4294967296"),
        (SCTP(1, 1, checksum=1 << 32), "checksum=4294967296"),
        (SCTP(1, 1, 1, (Chunk(256),)), "type=256"),
        (SCTP(1, 1, 1, (Chunk(1, flags=256),)), "flags=256"),
        (SCTP(1, 1, 1, (Chunk(1, bytes(65532)),)), "SCTP"),
    ],
)
def test_refuses_what_does_not_fit(packet: SCTP, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        packet.pack()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (Data(1 << 32, 1, 1, b""), "tsn=4294967296"),
        (Init(1, outbound=65536), "outbound=65536"),
        (Sack(1, 1, ((1, 65536),)), "65536"),
        (Sack(1, 1, duplicates=(-1,)), "duplicates"),
    ],
)
def test_refuses_contents_that_do_not_fit(content: Data | Init | Sack, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        content.chunk  # noqa: B018  # it is made when asked for


@pytest.mark.parametrize(
    "chunk",
    [
        Chunk(ChunkType.DATA, bytes(11)),
        Chunk(ChunkType.INIT, bytes(15)),
        Chunk(ChunkType.SACK, bytes(11)),
        Chunk(ChunkType.SACK, Sack(1, 2, ((1, 2),)).chunk.value[:-1]),
        Chunk(ChunkType.SACK, Sack(1, 2).chunk.value + b"1"),
        Chunk(ChunkType.HEARTBEAT, bytes(40)),
    ],
)
def test_what_is_cut_short_or_unknown_is_left_as_it_is(chunk: Chunk) -> None:
    assert decode(chunk) is None


def test_flags_of_data_have_names() -> None:
    read = decode(Data(1, 2, 3, b"x", flags=5).chunk)

    assert isinstance(read, Data)
    assert read.flags == DataFlag.END | DataFlag.UNORDERED


@pytest.mark.alone
def test_the_most_chunks_are_read_in_time() -> None:
    def duration(count: int) -> float:
        data = memoryview(SCTP(1, 2, 3, (Chunk(11),) * count, checksum=0).pack())
        times = []
        for _ in range(3):
            start = time.process_time()
            SCTP.parse(data)
            times.append(time.process_time() - start)
        return min(times)

    assert duration(16_000) < 20 * duration(4_000)


def test_a_packet_that_was_quoted_in_part_is_read_as_far_as_it_goes() -> None:
    octets = bytes(IPv4(A, B) / SCTP(1, 2, 3, (Init(7).chunk,)))[:28]

    read = dissect(octets)

    assert str(read.error) == "SCTP: 8 of 12 header octets"
    assert bytes(read) == octets
