"""The table of all socket options, found by name."""

from functools import cache

from rawkit.errors import UsageError
from rawkit.sockets.known.option import KnownOption

LEVELS = {
    1: "SOL_SOCKET",
    0: "IPPROTO_IP",
    41: "IPPROTO_IPV6",
    6: "IPPROTO_TCP",
    17: "IPPROTO_UDP",
    284: "SOL_MPTCP",
    255: "SOL_RAW",
    58: "IPPROTO_ICMPV6",
    263: "SOL_PACKET",
    40: "AF_VSOCK",
}
"""Names of levels, as setsockopt(2) takes them."""


@cache
def table() -> tuple[KnownOption, ...]:
    """Return all options, level by level."""
    from rawkit.sockets.known import internet, internet6, links, sockets, transport

    return (
        *(*sockets.SOCKET, *internet.IP, *internet6.IPV6, *transport.TCP, *transport.UDP),
        *(*transport.MPTCP, *internet.RAW, *internet.ICMPV6, *links.PACKET, *links.VSOCK),
    )


def find(name: str) -> KnownOption:
    """Return the option of a name, whatever the case of its letters.

    Raises:
        UsageError: there is none; the message says which names are like it.
    """
    upper = name.upper()
    for one in table():
        if one.name == upper:
            return one
    from difflib import get_close_matches

    names = [one.name for one in table()]
    ends = [known for known in names if upper and known.endswith(f"_{upper}")]
    close = ends or get_close_matches(upper, names, n=3, cutoff=0.75)
    way_out = f"did you mean {' or '.join(close[:3])}?" if close else "rawkit sockopt --list"
    raise UsageError(f"no socket option is called {name!r} ({way_out})")
