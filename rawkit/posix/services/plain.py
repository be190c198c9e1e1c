"""Services that remember nothing: echo (RFC 862), discard (RFC 863), upper, rot1."""

from rawkit.posix.service import Offer, Sender, as_datagram

NEWLINE = 0x0A
PLUS_ONE = bytes((octet + 1) & 0xFF if octet != NEWLINE else NEWLINE for octet in range(256))


def same(data: bytes) -> bytes:
    """Return what has come."""
    return data


def nothing(data: bytes) -> bytes:
    """Return nothing."""
    return b""


def capitals(data: bytes) -> bytes:
    """Return ASCII letters as capitals, all else as it is."""
    return data.upper()


def one_more(data: bytes) -> bytes:
    """Return every octet plus one; line ends stay, so that a line comes back as a line."""
    return data.translate(PLUS_ONE)


def silence(data: bytes, sender: Sender) -> None:
    """Answer no datagram, an empty one neither."""


echo = Offer("echo", "says what it hears", "RFC 862", same, None, as_datagram(same))
discard = Offer("discard", "hears and says nothing", "RFC 863", nothing, None, silence)
upper = Offer("upper", "says it in capitals", "", capitals, None, as_datagram(capitals))
rot1 = Offer("rot1", "adds one to every octet of a line", "", one_more, None, as_datagram(one_more))
