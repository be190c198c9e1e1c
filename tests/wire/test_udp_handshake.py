"""The three messages of a handshake over UDP; the layout is rawkit's own, written by hand here."""

import pytest

from rawkit.errors import BuildError, ParseError
from rawkit.wire.udp_handshake import NO_TOKEN, HandshakeMessage, Kind, parse

CALLER, CALLEE = bytes(range(1, 9)), bytes(range(0x11, 0x19))
VECTORS = [
    (
        HandshakeMessage(Kind.REQUEST, CALLER, asked=2),
        "726b687301020000 0102030405060708 0000000000000000",
    ),
    (
        HandshakeMessage(Kind.REPLY, CALLER, CALLEE, 2, 3),
        "726b687302020300 0102030405060708 1112131415161718",
    ),
    (
        HandshakeMessage(Kind.CONFIRMATION, CALLER, CALLEE, 2, 3),
        "726b687303020300 0102030405060708 1112131415161718",
    ),
]
REQUEST = VECTORS[0][0].pack()


@pytest.mark.parametrize(("message", "octets"), VECTORS)
def test_a_message_is_written_and_read(message: HandshakeMessage, octets: str) -> None:
    packed = message.pack()

    assert packed == bytes.fromhex(octets)
    assert parse(packed) == message


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        REQUEST[:-1],
        REQUEST + b"\0",
        b"x" + REQUEST[1:],
        REQUEST[:4] + b"\x04" + REQUEST[5:],
        REQUEST[:7] + b"\x01" + REQUEST[8:],
        REQUEST[:8] + NO_TOKEN + NO_TOKEN,
        REQUEST[:16] + CALLEE,
        VECTORS[1][0].pack()[:16] + NO_TOKEN,
    ],
    ids=["empty", "short", "long", "magic", "kind", "reserved", "nobody", "two", "one"],
)
def test_anything_else_is_no_message(octets: bytes) -> None:
    with pytest.raises(ParseError, match="UDP handshake"):
        parse(octets)


def test_what_does_not_fit_is_not_written() -> None:
    with pytest.raises(BuildError, match="a token has 8 octets"):
        HandshakeMessage(Kind.REQUEST, b"short").pack()
    with pytest.raises(BuildError, match="UDP handshake"):
        HandshakeMessage(Kind.REQUEST, CALLER, asked=256).pack()
