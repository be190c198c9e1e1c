"""Sockets to send packets of one's own making by, whatever the layer (raw(7), packet(7))."""

from collections.abc import Callable
from typing import Protocol

from rawkit.errors import BuildError
from rawkit.sockets.kernel import KernelSocket
from rawkit.sockets.ladder import with_capabilities
from rawkit.sockets.sending import Layer
from rawkit.sockets.settings import Settings
from rawkit.wire.address import Address
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Packet

SOCKETS = {
    Layer.IPV4: "raw IPv4 socket, header included",
    Layer.IPV6: "raw IPv6 socket, header included",
    Layer.ICMPV6: "raw ICMPv6 socket",
    Layer.COOKED: "cooked packet socket",
    Layer.FRAME: "packet socket",
}


class Sender(Protocol):
    """A socket for those who have many packets to send."""

    def ready(self, packet: Packet) -> Callable[[], object]:
        """Return what hands a packet to the kernel when called, as often as it is called.

        Nothing is told of its departure. The call raises ``OSError`` if the kernel refuses.

        Raises:
            BuildError: this socket cannot send it.
        """
        ...

    def close(self) -> None:
        """Give the socket back."""
        ...


class Outwards:
    """A socket for a layer: packets go in as they were made, whatever the socket wants.

    Args:
        layer: where packets are handed to the kernel.
        settings: how to set the socket up; a link's socket needs an interface.
        via: send by way of this neighbour; ``None``: as the kernel routes it. Not for links.
        link: the header that a cooked socket asks the kernel for.
    """

    def __init__(
        self, layer: Layer, settings: Settings, via: Address | None, link: Ethernet | None = None
    ) -> None:
        self._link = link if layer is Layer.COOKED else None
        self._inner: Sender = with_capabilities(lambda: open_sender(layer, settings, via))

    def ready(self, packet: Packet) -> Callable[[], object]:
        return self._inner.ready(self._whole(packet))

    def close(self) -> None:
        self._inner.close()

    def _whole(self, packet: Packet) -> Packet:
        if self._link is None:
            return packet
        if not packet.headers or packet.headers[0].ETHER_TYPE is None:
            raise BuildError(f"{packet.outline} goes into no link's header")
        return self._link / packet


def open_sender(layer: Layer, settings: Settings, via: Address | None) -> KernelSocket:
    """Open the socket of a layer, to send by and not to hear; see :class:`Outwards`.

    Raises:
        PermissionError: ``CAP_NET_RAW`` is missing.
        UsageError: there is no such interface here.
    """
    match layer:
        case Layer.IPV4 | Layer.IPV6:
            from rawkit.sockets.header_included import HeaderIncludedSocket

            return HeaderIncludedSocket(4 if layer is Layer.IPV4 else 6, settings, via)
        case Layer.ICMPV6:
            from rawkit.sockets.ports import NOTHING
            from rawkit.sockets.raw import RawSocket

            return RawSocket(6, IPProtocol.ICMPV6, settings, NOTHING)
    from rawkit.sockets.frames import FrameSocket
    from rawkit.sockets.ports import NOTHING

    cooked = layer is Layer.COOKED
    return FrameSocket(settings.interface, cooked=cooked, program=NOTHING, settings=settings)
