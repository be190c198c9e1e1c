"""Errors of connect(2) and shutdown(2), and what a route to nowhere is called."""

import errno as e

from rawkit.errnos.meaning import meanings
from rawkit.errnos.routes import clause

CONNECT = meanings(
    "connect",
    (
        e.ECONNREFUSED,
        "tcp",
        "nobody listens at that port: the other host answered with RST, or somebody on the way"
        " with an ICMP error",
        "ss -lnt over there; is it the right port, and the right address?",
    ),
    (
        e.ECONNREFUSED,
        "unix",
        "nobody listens there: the server has ended and left the file behind, or the file is"
        " no socket; of an abstract name, nobody has it",
        "start the server; ss -lx lists those that listen",
    ),
    (
        e.ETIMEDOUT,
        "tcp",
        "no answer to the SYN, nor to its repetitions (net.ipv4.tcp_syn_retries): a firewall"
        " drops it, the host is down, or its queue of connections is full",
        "rawkit trace --tcp shows how far it comes",
    ),
    (e.ETIMEDOUT, "vsock", "nobody answers at that cid, or not in time", ""),
    (e.ECONNRESET, "vsock", "nobody listens at that port", "start the server"),
    (
        e.EINPROGRESS,
        "",
        "it is under way; the socket does not block",
        "poll until it can be written to: then SO_ERROR is the outcome",
    ),
    (e.EALREADY, "", "an earlier connect is still under way", "poll until it is through"),
    (e.EISCONN, "", "the socket is connected already, or it listens", "a new socket"),
    (
        e.EAGAIN,
        "unix",
        "the server's queue of connections is full; the socket does not block",
        "again a little later; a larger backlog there",
    ),
    (
        e.EAGAIN,
        "udp ping",
        "no source port is left (net.ipv4.ip_local_port_range)",
        "ss -s shows how many are in use",
    ),
    (
        e.EPROTOTYPE,
        "unix",
        "the socket there is of another type",
        "unix:, unix-dgram: or unix-seqpacket:, as ss -xl shows it",
    ),
    (
        e.EACCES,
        "tcp udp raw ping",
        f"{clause(e.EACCES)}; or the address is a broadcast one and SO_BROADCAST is not set",
        "ip route get ADDRESS",
    ),
    (
        e.EACCES,
        "unix",
        "no permission to write to the socket's file, or to search a directory on the way to it",
        "ls -l the file: its mode and owner decide",
    ),
    (
        e.EPERM,
        "",
        "a rule of this host forbids it: of a firewall, a security module, or a BPF program of"
        " the cgroup",
        "nft list ruleset",
    ),
    (e.ENOENT, "unix", "there is no such file", "start the server; is it the right path?"),
    (e.ENOTDIR, "unix", "something on the way to the file is no directory", ""),
    (
        e.ENETUNREACH,
        "",
        f"{clause(e.ENETUNREACH)}, or (IPv6) not over the interface that it names",
        "ip route; ip -6 route",
    ),
    (
        e.EHOSTUNREACH,
        "",
        f"{clause(e.EHOSTUNREACH)}, nobody on the link has the address, or a router says so"
        " by ICMP",
        "ip route get ADDRESS; rawkit resolve ADDRESS",
    ),
    (
        e.EADDRNOTAVAIL,
        "",
        "no source port is left (net.ipv4.ip_local_port_range); or the one chosen is connected"
        " to the same place, or was a moment ago (TIME_WAIT); or there is no source address: IPv6"
        " may be switched off",
        "another port, or none; ss -tan shows those in use",
    ),
    (
        e.EINVAL,
        "",
        f"a link-local address without its interface; or {clause(e.EINVAL)}; or the address is"
        " too short; or (unix) the socket listens",
        "say [fe80::1%eth0]; ip route get ADDRESS",
    ),
    (e.ENODEV, "", "the interface that the socket is bound to is gone", "ip link lists them"),
    (e.EAFNOSUPPORT, "", "the address is of another family than the socket", ""),
    (e.EOPNOTSUPP, "packet", "packet sockets do not connect", "bind, and sendto"),
)

SHUTDOWN = meanings(
    "shutdown",
    (
        e.ENOTCONN,
        "",
        "the socket is not connected, or not any more: the other side has reset it",
        "close it",
    ),
    (e.EINVAL, "", "how is none of SHUT_RD, SHUT_WR and SHUT_RDWR", ""),
)
