"""Errors of the calls that open and name sockets: socket, bind, listen, accept."""

import errno as e

from rawkit.errnos.meaning import meanings

LEAK = (
    "ulimit -n shows the limit, ls -l /proc/PID/fd what is open: raise the one, or close some of"
    " the other"
)

SOCKET = meanings(
    "socket",
    (
        e.EPERM,
        "raw packet",
        "raw and packet sockets take CAP_NET_RAW in the user namespace that owns the network",
        "rawkit caps tells what is missing; rawkit lab gives a network where you have it",
    ),
    (
        e.EACCES,
        "ping",
        "ping sockets are for the groups in net.ipv4.ping_group_range and for nobody else, root"
        " included",
        "sysctl net.ipv4.ping_group_range; or a raw socket",
    ),
    (
        e.EAFNOSUPPORT,
        "",
        "this kernel has no sockets of that family: it was built or booted without, or a sandbox"
        " hides them",
        "rawkit doctor; for IPv6, IPv4 instead",
    ),
    (
        e.EPROTONOSUPPORT,
        "raw",
        "a raw socket needs a protocol, and 0 is none for it",
        "name one: IPPROTO_ICMP, or IPPROTO_RAW to send with headers of your own",
    ),
    (
        e.EPROTONOSUPPORT,
        "ping",
        "this kernel has no ping sockets",
        "a raw socket",
    ),
    (
        e.EPROTONOSUPPORT,
        "mptcp",
        "this kernel has no multipath TCP",
        "plain TCP, which is what it falls back to anyhow",
    ),
    (
        e.EPROTONOSUPPORT,
        "",
        "the family has no such protocol, or not for this type: a stream of UDP, say",
        "protocol 0 takes the usual one of the type",
    ),
    (
        e.ENOPROTOOPT,
        "mptcp",
        "multipath TCP is switched off in this network (net.mptcp.enabled is 0)",
        "sysctl net.mptcp.enabled=1; or plain TCP",
    ),
    (
        e.ESOCKTNOSUPPORT,
        "",
        "the family has no sockets of that type: no seqpacket of IPv4, for one",
        "SOCK_STREAM or SOCK_DGRAM",
    ),
    (
        e.EINVAL,
        "",
        "the type has a flag, or is a number, that this kernel does not know",
        "SOCK_NONBLOCK and SOCK_CLOEXEC are the only flags",
    ),
    (e.EMFILE, "", "this process has as many descriptors open as it may", LEAK),
    (
        e.ENFILE,
        "",
        "the whole machine has as many files open as it may (fs.file-max)",
        "cat /proc/sys/fs/file-nr; look for the process that leaks them",
    ),
    (e.ENOBUFS, "", "the kernel has no memory for it now", "close others; free memory"),
    (e.ENOMEM, "", "the kernel has no memory for it now", "close others; free memory"),
)

BIND = meanings(
    "bind",
    (
        e.EADDRINUSE,
        "tcp udp",
        "another socket has that port; of TCP it may also be a connection that has ended"
        " (TIME_WAIT), unless SO_REUSEADDR is set",
        "ss -lntup shows whose it is; another port, or 0 for any free one",
    ),
    (
        e.EADDRINUSE,
        "unix",
        "the name is taken: of a file, perhaps by what a server left behind that is gone",
        "connect to it: if that is refused, nobody listens, and the file can be removed",
    ),
    (e.EADDRINUSE, "", "another socket has that address", "another one"),
    (
        e.EADDRNOTAVAIL,
        "tcp udp raw ping",
        "the address is none of this host's, or (IPv6) not yet proved to be unique",
        "ip address lists them; IP_FREEBIND binds to others, too",
    ),
    (e.EADDRNOTAVAIL, "vsock", "the cid is not this machine's", "any"),
    (
        e.EACCES,
        "tcp udp",
        "ports below net.ipv4.ip_unprivileged_port_start take CAP_NET_BIND_SERVICE",
        "a port from 1024 on; or give the program that one capability; or lower the sysctl",
    ),
    (
        e.EACCES,
        "unix",
        "no permission to write into the directory, or to search one on the way to it",
        "ls -ld the directories; a path under $XDG_RUNTIME_DIR",
    ),
    (e.EACCES, "vsock", "ports below 1024 take CAP_NET_BIND_SERVICE", "a port from 1024 on"),
    (
        e.EINVAL,
        "",
        "the socket is bound already; or the address is too short, or (IPv6) a link-local"
        " one without its interface",
        "bind once; say [fe80::1%eth0]",
    ),
    (
        e.ENODEV,
        "tcp udp raw ping packet",
        "there is no interface of that number",
        "ip link lists them",
    ),
    (e.EAFNOSUPPORT, "", "the address is of another family than the socket", ""),
    (e.ENOENT, "unix", "a directory on the way to the file is missing", "mkdir -p it"),
    (e.ENOTDIR, "unix", "something on the way to the file is no directory", ""),
    (e.ELOOP, "unix", "symbolic links on the way to the file lead in a circle", ""),
    (e.EROFS, "unix", "the file system is read-only", "a path below /run or /tmp"),
)

LISTEN = meanings(
    "listen",
    (
        e.EADDRINUSE,
        "tcp",
        "another socket listens at that port: SO_REUSEADDR let both bind, but one may listen",
        "ss -lntp shows whose it is; SO_REUSEPORT on both lets both",
    ),
    (
        e.EINVAL,
        "",
        "the socket is connected; or (unix) it has no name yet",
        "bind first, and listen on a socket that does nothing else",
    ),
    (
        e.EOPNOTSUPP,
        "",
        "only streams and seqpackets have connections to listen for",
        "recv at once",
    ),
)

ACCEPT = meanings(
    "accept",
    (
        e.EAGAIN,
        "",
        "nobody waits to be accepted, or not any more; the socket does not block",
        "poll, and then accept again",
    ),
    (
        e.ECONNABORTED,
        "",
        "the connection was given up before it was accepted; Linux hands most such out all the"
        " same, and recv says ECONNRESET",
        "accept the next",
    ),
    (e.EINVAL, "", "the socket does not listen, or was shut down", "listen first"),
    (e.EOPNOTSUPP, "", "datagram sockets have no connections", "recvfrom tells who sent what"),
    (
        e.EMFILE,
        "",
        "this process has as many descriptors open as it may; the connection goes on waiting,"
        " so poll reports it at once again",
        f"{LEAK}; until then, do not poll for a while",
    ),
    (
        e.ENFILE,
        "",
        "the whole machine has as many files open as it may (fs.file-max)",
        "cat /proc/sys/fs/file-nr; look for the process that leaks them",
    ),
    (e.ENOBUFS, "", "the kernel has no memory for it now", "accept again a little later"),
    (e.ENOMEM, "", "the kernel has no memory for it now", "accept again a little later"),
)
