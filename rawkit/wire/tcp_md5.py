"""The digest of TCP's MD5 option: made, and looked at (RFC 2385 §2).

It covers the pseudo header, the TCP header without options and with no checksum, the data,
and a secret. RFC 5925 has made the option obsolete; BGP still speaks it.
"""

from rawkit.errors import BuildError
from rawkit.record import replace
from rawkit.wire import tcp_options
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import SIZE, TCP
from rawkit.wire.tcp_options import Md5, Option


def signed(packet: Packet, key: bytes) -> Packet:
    """Return the packet with the right digest in its MD5 option, which is added if there is none.

    Args:
        packet: a segment, and what is around it: the addresses count.
        key: the secret.

    Raises:
        BuildError: there is no segment, nothing around it, or no room for the option.
    """
    options = [one for one in _options(packet) if not isinstance(one, tcp_options.End)]
    if not any(isinstance(one, Md5) for one in options):
        options.append(Md5())
    blank = packet.replace(TCP, options=tcp_options.encode(*options))
    done = Md5(digest(blank, key))
    filled = (done if isinstance(one, Md5) else one for one in options)
    return blank.replace(TCP, options=tcp_options.encode(*filled))


def is_signed(packet: Packet, key: bytes) -> bool:
    """Whether a segment has an MD5 option with the right digest."""
    from hmac import compare_digest

    found = next((one for one in _options(packet) if isinstance(one, Md5)), None)
    return found is not None and compare_digest(found.digest, digest(packet, key))


def digest(packet: Packet, key: bytes) -> bytes:
    """Return the digest over a segment.

    Raises:
        BuildError: there is no segment, or nothing around it.
    """
    from hashlib import md5

    segment, outer, data = segment_of(packet)
    bare = replace(segment, options=b"", data_offset=offset_of(segment), checksum=0)
    length = SIZE + len(segment.options) + len(data)
    covered = outer.pseudo_header(length, IPProtocol.TCP) + bare.pack() + data + key
    return md5(covered, usedforsecurity=False).digest()


def segment_of(packet: Packet) -> tuple[TCP, Header, bytes]:
    """Return the TCP header, the header whose addresses its checksum covers, and the data.

    Raises:
        BuildError: there is no segment, or nothing around it.
    """
    outer: Header | None = None
    for place, header in enumerate(packet.headers):
        if isinstance(header, TCP) and outer is not None:
            data = bytes(Packet(packet.headers[place + 1 :], packet.payload))
            return header, outer, data
        outer = header.covering(outer)
    raise BuildError(f"TCP: no segment inside IP in {packet.outline}")


def offset_of(segment: TCP) -> int:
    """Return the data offset that goes out, in units of 4 octets."""
    if segment.data_offset is not None:
        return segment.data_offset
    return (SIZE + len(segment.options)) // 4


def _options(packet: Packet) -> tuple[Option, ...]:
    return tcp_options.decode(segment_of(packet)[0].options)
