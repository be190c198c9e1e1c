"""Errors of getsockopt(2) and setsockopt(2), and those that any call on a socket has."""

import errno as e

from rawkit.errnos.meaning import meanings

GETSOCKOPT = meanings(
    "getsockopt",
    (
        e.ENOPROTOOPT,
        "",
        "this kind of socket, or this kernel, has no such option to read",
        "rawkit sockopt ADDRESS lists those it has",
    ),
    (e.EOPNOTSUPP, "", "the option belongs to another protocol", "another level"),
    (e.ENOTCONN, "", "only a connected socket has a value to tell", "connect first"),
    (e.EINVAL, "", "too little room for the value, or none yet", ""),
    (e.ENODATA, "unix", "there is no peer to tell of", "connect first"),
)

SETSOCKOPT = meanings(
    "setsockopt",
    (
        e.ENOPROTOOPT,
        "",
        "this kind of socket, or this kernel, has no such option to set",
        "rawkit sockopt ADDRESS lists those it has",
    ),
    (e.EOPNOTSUPP, "", "the option is for another kind or protocol of sockets", "another level"),
    (
        e.EINVAL,
        "",
        "the value is out of range or of the wrong size, or it is too late for it (IPV6_V6ONLY"
        " behind bind)",
        "rawkit sockopt ADDRESS shows form and unit",
    ),
    (
        e.EPERM,
        "",
        "it takes a capability (CAP_NET_ADMIN for most), or it was locked",
        "rawkit caps",
    ),
    (e.EDOM, "", "the microseconds of a time are not 0 to 999999", ""),
    (e.ENODEV, "", "there is no such interface", "ip link lists them"),
    (
        e.ENOENT,
        "",
        "there is nothing of that name: no such algorithm, or no filter to take off",
        "sysctl net.ipv4.tcp_available_congestion_control",
    ),
    (e.EADDRINUSE, "", "the socket is a member of that group already", ""),
    (e.EADDRNOTAVAIL, "", "the socket is no member of that group, or the address is not ours", ""),
    (e.ENOTCONN, "", "only a connected socket has this", "connect first"),
    (e.EBUSY, "", "it is too late: the socket is in use", "set it before"),
    (
        e.ENOBUFS,
        "",
        "the socket is a member of too many groups (net.ipv4.igmp_max_memberships)",
        "another socket for the others",
    ),
    (
        e.ENOMEM,
        "",
        "the filter is too large for the socket (net.core.optmem_max)",
        "sysctl net.core.optmem_max",
    ),
)

ANY = meanings(
    "any",
    (
        e.EBADF,
        "",
        "the descriptor is not open: closed already, perhaps by another thread",
        "look for a second close; soon the number may stand for something else",
    ),
    (e.ENOTSOCK, "", "the descriptor is no socket, but a file, a pipe or a terminal", ""),
    (e.EFAULT, "", "a pointer leads to no memory of the process: a mistake in the program", ""),
    (
        e.EINTR,
        "",
        "a signal came before anything else did",
        "call again; Python does so by itself (PEP 475)",
    ),
)
