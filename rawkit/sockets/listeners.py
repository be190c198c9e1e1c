"""Sockets to hear the answers to a packet by, whatever it is (raw(7), packet(7)).

Answers in IP are heard by raw sockets: one for each protocol in the question, and one for
ICMP errors. They open and close in microseconds, and put fragments together; but a
firewall on this host comes before them. Of frames, and below the firewall, a packet socket
hears everything; to close it takes the kernel some ten milliseconds.
"""

from collections.abc import Callable, Iterator
from functools import partial

from rawkit.sockets.frames import FrameSocket
from rawkit.sockets.kernel import KernelSocket
from rawkit.sockets.raw import RawSocket
from rawkit.sockets.sending import Layer
from rawkit.sockets.settings import Settings
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet

RECEIVE_BUFFER = 4 << 20
"""Octets asked for: a packet socket hears all that comes, whoever it is for."""
ICMP = {4: IPProtocol.ICMP, 6: IPProtocol.ICMPV6}
PASSED = frozenset(
    (
        *(IPProtocol.HOP_BY_HOP, IPProtocol.ROUTING, IPProtocol.FRAGMENT),
        *(IPProtocol.DESTINATION_OPTIONS, IPProtocol.NO_NEXT),
    )
)
"""Headers of IPv6 that the kernel has dealt with when a raw socket hears of a packet."""


def listeners(question: Packet, layer: Layer, mark: int | None) -> list[Callable[[], KernelSocket]]:
    """Return what opens each socket that answers to a question come by.

    Args:
        question: the packet, as it is sent.
        layer: where it is sent.
        mark: firewall mark of the sockets.
    """
    if layer in (Layer.IPV4, Layer.IPV6, Layer.ICMPV6):
        settings = Settings(mark=mark, transmit_stamps=False)
        kinds = dict.fromkeys(_protocols(question))
        return [partial(RawSocket, version, number, settings) for version, number in kinds]
    frames = Settings(mark=mark, transmit_stamps=False, receive_buffer=RECEIVE_BUFFER)
    return [partial(FrameSocket, None, ignore_outgoing=True, settings=frames)]


def _protocols(question: Packet) -> Iterator[tuple[int, int]]:
    """Yield each version of IP and each protocol that an answer may be of."""
    for place, header in enumerate(question.headers):
        version = 4 if isinstance(header, IPv4) else 6 if isinstance(header, IPv6) else 0
        if not version:
            continue
        yield version, ICMP[version]
        carried = _carried(header, question.headers[place + 1 :])
        if carried is not None:
            yield version, carried


def _carried(ip: Header, inside: tuple[Header, ...]) -> int | None:
    """Return the protocol behind an IP header and the extensions that it has."""
    number = ip.protocol if isinstance(ip, IPv4) else getattr(ip, "next_header", None)
    for header in inside:
        if number not in PASSED:
            break
        number = getattr(header, "next_header", None)
    return None if number in PASSED else number
