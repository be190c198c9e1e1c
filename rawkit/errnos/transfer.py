"""Errors of the calls that move data: send, recv and their like."""

import errno as e

from rawkit.errnos.meaning import meanings
from rawkit.errnos.routes import clause

RESET = (
    "the other side has reset the connection: it closed with data unread, its process or host"
    " is gone, or somebody on the way did it"
)
SILENCE = "the other side has not acknowledged in time: the host or the way to it is gone"

SEND = meanings(
    "send",
    (
        e.EPIPE,
        "",
        "no way to send: the other side is gone, shutdown(2) was called here, or (TCP) the"
        " socket was never connected; SIGPIPE comes along unless it is ignored",
        "read what is left, and close",
    ),
    (e.ECONNRESET, "", RESET, "read what is left, and connect anew"),
    (e.ETIMEDOUT, "tcp", f"{SILENCE} (tcp_retries2, TCP_USER_TIMEOUT)", "connect anew"),
    (
        e.ECONNREFUSED,
        "udp",
        "an earlier datagram met a closed port: ICMP says so; this one has not been sent",
        "send again if it is to be sent all the same",
    ),
    (
        e.ECONNREFUSED,
        "unix",
        "nobody has the socket open that the datagram is for, or the file is no socket",
        "start the server",
    ),
    (
        e.EAGAIN,
        "",
        "the socket's buffer is full, or the receiver's (unix datagrams)",
        "send more slowly, or poll until there is room",
    ),
    (
        e.ENOBUFS,
        "",
        "the interface's queue is full, or the kernel has no memory now",
        "send more slowly",
    ),
    (
        e.EMSGSIZE,
        "udp",
        "the datagram is too long: 65507 octets is the most over IPv4, the path MTU where it"
        " must not be fragmented",
        "shorter ones; rawkit pmtu finds the limit",
    ),
    (
        e.EMSGSIZE,
        "unix",
        "the message is longer than the buffer (SO_SNDBUF)",
        "shorter ones, or a larger buffer",
    ),
    (
        e.EMSGSIZE,
        "raw packet ping",
        "longer than the MTU, and at this layer the kernel cuts nothing",
        "fragment it",
    ),
    (
        e.EDESTADDRREQ,
        "udp",
        "no address is given, and the socket is not connected to one",
        "connect, or sendto",
    ),
    (e.ENOTCONN, "", "the socket is not connected", "connect first"),
    (e.EISCONN, "", "the socket is connected, and yet an address is given", "send, not sendto"),
    (
        e.EACCES,
        "unix",
        "no permission to write to the socket's file, or to search a directory on the way to it",
        "ls -l the file: its mode and owner decide",
    ),
    (
        e.EACCES,
        "",
        f"a broadcast, and SO_BROADCAST is not set; or {clause(e.EACCES)}",
        "ip route get ADDRESS",
    ),
    (e.EPERM, "", "a firewall rule on this host drops it", "nft list ruleset"),
    (e.ENETUNREACH, "", clause(e.ENETUNREACH), "ip route; ip -6 route"),
    (
        e.EHOSTUNREACH,
        "",
        f"{clause(e.EHOSTUNREACH)}, or the neighbour does not answer",
        "ip route get ADDRESS; rawkit resolve ADDRESS",
    ),
    (e.ENETDOWN, "", "the interface is down", "ip link set INTERFACE up"),
    (
        e.ENXIO,
        "packet",
        "the interface is gone, or the socket was bound to none and none is named",
        "ip link; bind, or name it in sendto",
    ),
    (e.ENODEV, "", "the interface is gone", "ip link"),
    (e.EADDRNOTAVAIL, "", "the source is no address of this host", "ip address"),
    (e.EPROTOTYPE, "unix", "the socket there is of another type", "ss -xl shows which"),
    (e.ENOENT, "unix", "there is no such file", "start the server; is it the right path?"),
    (
        e.EINVAL,
        "",
        "a header, length or address that the kernel does not take: port 0, a frame shorter"
        " than its header",
        "",
    ),
    (e.EAFNOSUPPORT, "", "the address is of another family than the socket", ""),
    (e.EOPNOTSUPP, "", "a flag that this kind of socket does not know, such as MSG_OOB", ""),
    (
        e.ETOOMANYREFS,
        "unix",
        "too many descriptors are on their way over unix sockets (RLIMIT_NOFILE)",
        "receive them; keep no sockets in flight inside sockets",
    ),
)

RECV = meanings(
    "recv",
    (
        e.EAGAIN,
        "",
        "nothing has come: the socket does not block, or SO_RCVTIMEO is over",
        "poll until there is something",
    ),
    (e.ECONNRESET, "", RESET, "connect anew"),
    (
        e.ECONNREFUSED,
        "udp",
        "a datagram that was sent met a closed port: ICMP says so",
        "is the server there? Later datagrams may get through",
    ),
    (e.ETIMEDOUT, "tcp", f"{SILENCE} (keepalive, tcp_retries2, TCP_USER_TIMEOUT)", "connect anew"),
    (e.ENOTCONN, "", "the socket is not connected", "connect, or accept, first"),
    (
        e.EINVAL,
        "",
        "there is no urgent data (MSG_OOB), or (unix) the socket is not connected",
        "",
    ),
    (e.EOPNOTSUPP, "", "a flag that this kind of socket does not know, such as MSG_OOB", ""),
    (
        e.EMSGSIZE,
        "udp",
        "a datagram that was sent was too long for a link on the way: a router says so, and"
        " IP_MTU has the limit",
        "shorter ones; rawkit pmtu finds the limit",
    ),
    (
        e.EHOSTUNREACH,
        "",
        "what was sent does not arrive: nobody on the link has the address, or a router says"
        " so by ICMP",
        "rawkit trace shows how far it comes",
    ),
    (e.ENETDOWN, "packet", "the interface has gone down", "ip link set INTERFACE up"),
)
