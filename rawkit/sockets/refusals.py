"""Why the kernel refuses a packet, and what to do: each errno in words (raw(7), packet(7))."""

import errno
import os

from rawkit.errors import SendRefused
from rawkit.sockets.sending import Layer

TOO_LONG = "at this layer the kernel cuts nothing: fragment it (--fragment, fragment=)"
MALFORMED = {
    Layer.IPV4: "the header length is below 20 octets or beyond the end (layer cooked takes it)",
    Layer.IPV6: "it is shorter than an IPv6 header (layer cooked takes it)",
    Layer.ICMPV6: "the kernel does not take a value of the header",
    Layer.COOKED: "the kernel does not take the frame",
    Layer.FRAME: "it is shorter than the link's header",
}
MEANINGS = {
    errno.EPERM: "a firewall rule on this host drops it (nft list ruleset)",
    errno.EACCES: "a broadcast, or a route that says prohibited",
    errno.ENETUNREACH: "no route leads there (ip route)",
    errno.EHOSTUNREACH: "the route says unreachable, or the neighbour does not answer",
    errno.ENOBUFS: "the interface's queue is full: send more slowly (--rate)",
    errno.EAGAIN: "the socket's buffer is full: send more slowly (--rate)",
    errno.ENETDOWN: "the interface is down (ip link set IF up)",
    errno.ENXIO: "the interface is gone",
    errno.ENODEV: "the interface is gone",
    errno.EADDRNOTAVAIL: "the source is no address of this host",
}


def explained(number: int, layer: Layer, octets: int, mtu: int | None) -> str:
    """Return what an errno of sending means.

    Args:
        number: the errno.
        layer: where the packet was handed over.
        octets: its length.
        mtu: of the interface, if known.
    """
    name, said = errno.errorcode.get(number, str(number)), os.strerror(number).lower()
    match number:
        case errno.EMSGSIZE:
            limit = "the MTU" if mtu is None else f"an MTU of {mtu}"
            meaning = f"{octets} octets for {limit}; {TOO_LONG}"
        case errno.EINVAL:
            meaning = MALFORMED[layer]
        case _:
            meaning = MEANINGS.get(number, "")
    return f"{said} ({name}): {meaning}" if meaning else f"{said} ({name})"


def refused(error: OSError, layer: Layer, octets: int, mtu: int | None) -> SendRefused:
    """Return an error that says why the kernel did not take a packet."""
    number = error.errno or 0
    found = SendRefused(f"not sent: {explained(number, layer, octets, mtu)}")
    found.errno = number
    return found
