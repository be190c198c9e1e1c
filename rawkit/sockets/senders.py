"""Sockets to send packets of one's own making by, whatever the layer (raw(7), packet(7))."""

from rawkit.sockets.kernel import KernelSocket
from rawkit.sockets.sending import Layer
from rawkit.sockets.settings import Settings
from rawkit.wire.address import Address

SOCKETS = {
    Layer.IPV4: "raw IPv4 socket, header included",
    Layer.IPV6: "raw IPv6 socket, header included",
    Layer.ICMPV6: "raw ICMPv6 socket",
    Layer.COOKED: "cooked packet socket",
    Layer.FRAME: "packet socket",
}


def open_sender(layer: Layer, settings: Settings, via: Address | None) -> KernelSocket:
    """Open the socket of a layer, to send by and not to hear.

    Raises:
        PermissionError: ``CAP_NET_RAW`` is missing.
        UsageError: there is no such interface here.
    """
    match layer:
        case Layer.IPV4 | Layer.IPV6:
            from rawkit.sockets.header_included import HeaderIncludedSocket

            return HeaderIncludedSocket(4 if layer is Layer.IPV4 else 6, settings, via)
        case Layer.ICMPV6:
            from rawkit.sockets.icmpv6_sender import ICMPv6Sender

            return ICMPv6Sender(settings)
    from rawkit.sockets.frames import FrameSocket
    from rawkit.sockets.ports import NOTHING

    cooked = layer is Layer.COOKED
    return FrameSocket(settings.interface, cooked=cooked, program=NOTHING, settings=settings)
