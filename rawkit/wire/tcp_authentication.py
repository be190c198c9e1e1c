"""TCP-AO: message authentication codes of segments, and the keys they are made with.

A master key makes four traffic keys of a connection: one for each way, and one for each SYN,
in which the other side's initial sequence number is not known yet (RFC 5925 §5, RFC 5926).
"""

import struct
from enum import Enum

from rawkit.errors import BuildError
from rawkit.record import replace
from rawkit.wire import tcp_options
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import SIZE, TCP
from rawkit.wire.tcp_md5 import offset_of, segment_of
from rawkit.wire.tcp_options import Authentication, Option

LABEL = b"TCP-AO"
ENDS = struct.Struct("!HHII")
MAC = 12
"""Octets of a code, by either algorithm."""


class Algorithm(Enum):
    """How traffic keys and codes are made (RFC 5926)."""

    SHA1 = "KDF_HMAC_SHA1 and HMAC-SHA-1-96"
    AES = "KDF_AES_128_CMAC and AES-128-CMAC-96"


def traffic_key(
    packet: Packet,
    master: bytes,
    src_isn: int,
    dst_isn: int = 0,
    algorithm: Algorithm = Algorithm.SHA1,
) -> bytes:
    """Return the key that the code of a segment is made with (RFC 5926 §3.1).

    Args:
        packet: the segment, and what is around it: addresses and ports count.
        master: the master key, of any length.
        src_isn: initial sequence number of who sends the segment.
        dst_isn: that of the other side; 0 in a SYN that is no answer.
        algorithm: how keys are made.

    Raises:
        BuildError: there is no segment inside IP, or a number does not fit.
    """
    segment, outer, _ = segment_of(packet)
    if not isinstance(outer, IPv4 | IPv6):
        raise BuildError(f"TCP: no segment inside IP in {packet.outline}")
    try:
        ends = ENDS.pack(segment.src_port, segment.dst_port, src_isn, dst_isn)
    except struct.error as error:
        raise BuildError(f"TCP: {error} of {src_isn} and {dst_isn}") from error
    context = b"\1" + LABEL + outer.src.packed + outer.dst.packed + ends
    if algorithm is Algorithm.SHA1:
        return _sha1(master, context + (160).to_bytes(2, "big"))
    from rawkit.wire.cmac import BLOCK, cmac

    short = master if len(master) == BLOCK else cmac(bytes(BLOCK), master)
    return cmac(short, context + (128).to_bytes(2, "big"))


def code(
    packet: Packet,
    key: bytes,
    algorithm: Algorithm = Algorithm.SHA1,
    *,
    extension: int = 0,
    covers_options: bool = True,
) -> bytes:
    """Return the code of a segment (RFC 5925 §5.1).

    Args:
        packet: the segment, and what is around it; it has a TCP-AO option.
        key: its traffic key.
        algorithm: how codes are made.
        extension: how often sequence numbers have wrapped since the SYN (RFC 5925 §6.2).
        covers_options: whether options beside TCP-AO count: both ends have agreed on that.

    Raises:
        BuildError: there is no such segment.
    """
    segment, outer, data = segment_of(packet)
    options = tcp_options.decode(segment.options)
    if not any(isinstance(one, Authentication) for one in options):
        raise BuildError(f"TCP: no TCP-AO option in {segment}")
    blank = (_blank(one) for one in options)
    kept = [one for one in blank if covers_options or isinstance(one, Authentication)]
    counted = replace(
        segment,
        options=tcp_options.encode(*kept),
        data_offset=offset_of(segment),
        checksum=0,
    )
    length = SIZE + len(segment.options) + len(data)
    covered = outer.pseudo_header(length, IPProtocol.TCP) + counted.pack() + data
    if not 0 <= extension < 1 << 32:
        raise BuildError(f"TCP: an extension of {extension} is not within 32 bits")
    message = extension.to_bytes(4, "big") + covered
    if algorithm is Algorithm.SHA1:
        return _sha1(key, message)[:MAC]
    from rawkit.wire.cmac import cmac

    return cmac(key, message)[:MAC]


def signed(
    packet: Packet,
    key: bytes,
    algorithm: Algorithm = Algorithm.SHA1,
    *,
    extension: int = 0,
    covers_options: bool = True,
) -> Packet:
    """Return the packet with the right code in its TCP-AO option.

    Args:
        packet: as for :func:`code`, and so are the others.
        key: its traffic key.
        algorithm: how codes are made.
        extension: how often sequence numbers have wrapped.
        covers_options: whether options beside TCP-AO count.

    Raises:
        BuildError: there is no such segment.
    """
    options = tcp_options.decode(segment_of(packet)[0].options)
    sized = [_blank(one) for one in options]
    blank = packet.replace(TCP, options=tcp_options.encode(*sized))
    mac = code(blank, key, algorithm, extension=extension, covers_options=covers_options)
    filled = [replace(o, mac=mac) if isinstance(o, Authentication) else o for o in sized]
    return blank.replace(TCP, options=tcp_options.encode(*filled))


def is_signed(
    packet: Packet,
    key: bytes,
    algorithm: Algorithm = Algorithm.SHA1,
    *,
    extension: int = 0,
    covers_options: bool = True,
) -> bool:
    """Whether a segment has a TCP-AO option with the right code.

    Args:
        packet: as for :func:`code`, and so are the others.
        key: its traffic key.
        algorithm: how codes are made.
        extension: how often sequence numbers have wrapped.
        covers_options: whether options beside TCP-AO count.
    """
    from hmac import compare_digest

    options = tcp_options.decode(segment_of(packet)[0].options)
    found = next((one for one in options if isinstance(one, Authentication)), None)
    if found is None:
        return False
    mac = code(packet, key, algorithm, extension=extension, covers_options=covers_options)
    return compare_digest(found.mac, mac)


def _blank(option: Option) -> Option:
    """Return an option as the code covers it: TCP-AO with zeros for its code."""
    return replace(option, mac=bytes(MAC)) if isinstance(option, Authentication) else option


def _sha1(key: bytes, message: bytes) -> bytes:
    import hmac

    return hmac.digest(key, message, "sha1")
