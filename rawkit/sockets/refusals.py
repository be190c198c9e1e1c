"""Why the kernel refuses a packet, and what to do: each errno in words (raw(7), packet(7))."""

import errno

from rawkit.errnos.table import explain, said
from rawkit.errors import SendRefused
from rawkit.sockets.sending import Layer

TOO_LONG = "at this layer the kernel cuts nothing: fragment it (--fragment, fragment=)"
MALFORMED = {
    Layer.IPV4: "the header length is below 20 octets or beyond the end (layer cooked takes it)",
    Layer.IPV6: "it is shorter than an IPv6 header (layer cooked takes it)",
    Layer.ICMPV6: "the source is no address of this host (layer ipv6 takes any)",
    Layer.COOKED: "the kernel does not take the frame",
    Layer.FRAME: "it is shorter than the link's header",
}
LINK = frozenset((Layer.COOKED, Layer.FRAME))


def explained(number: int, layer: Layer, octets: int, mtu: int | None) -> str:
    """Return what an errno of sending means.

    Args:
        number: the errno.
        layer: where the packet was handed over.
        octets: its length.
        mtu: of the interface, if known.
    """
    match number:
        case errno.EMSGSIZE:
            limit = "the MTU" if mtu is None else f"an MTU of {mtu}"
            return f"{said(number)}: {octets} octets for {limit}; {TOO_LONG}"
        case errno.EINVAL:
            return f"{said(number)}: {MALFORMED[layer]}"
    return explain(number, "send", "packet" if layer in LINK else "raw")


def refused(error: OSError, layer: Layer, octets: int, mtu: int | None) -> SendRefused:
    """Return an error that says why the kernel did not take a packet."""
    number = error.errno or 0
    found = SendRefused(f"not sent: {explained(number, layer, octets, mtu)}")
    found.errno = number
    return found
