"""What the kernel says of a way that leads nowhere: one clause for each errno (ip-route(8))."""

import errno

CLAUSES = {
    errno.ENETUNREACH: "no {ip}route to it{over}",
    errno.EHOSTUNREACH: "the route to it{over} says unreachable",
    errno.EACCES: "the route to it{over} says prohibited",
    errno.EINVAL: "the route to it{over} throws packets away (blackhole)",
}


def clause(number: int, version: int | None = None, interface: str | None = None) -> str:
    """Return what an errno in ``CLAUSES`` says of a route.

    Args:
        number: the errno.
        version: of IP, if it is to be named.
        interface: the one that it was to be sent over, if one was named.
    """
    ip = "" if version is None else f"IPv{version} "
    return CLAUSES[number].format(ip=ip, over=f" over {interface}" if interface else "")
