"""Options of TCP (tcp(7), linux/tcp.h), UDP (udp(7), linux/udp.h) and multipath TCP."""

import socket

from rawkit.sockets.known.option import rows

SOL_MPTCP = 284
ADMIN = "CAP_NET_ADMIN"

TCP = rows(
    socket.IPPROTO_TCP,
    ("TCP_NODELAY", 1, "bool", "rw", "2.2", "send at once, without waiting for more (Nagle)"),
    ("TCP_CORK", 3, "bool", "rw", "2.2", "send full segments only, 200 ms at the most"),
    (
        "TCP_QUICKACK",
        12,
        "bool",
        "rw",
        "2.4.4",
        "acknowledge at once, until the kernel thinks better",
    ),
    ("TCP_MAXSEG", 2, "octets", "rw", "2.2", "largest segment"),
    ("TCP_KEEPIDLE", 4, "seconds", "rw", "2.4", "silence before the first keepalive"),
    ("TCP_KEEPINTVL", 5, "seconds", "rw", "2.4", "time between keepalives"),
    ("TCP_KEEPCNT", 6, "times", "rw", "2.4", "keepalives without an answer before it is dead"),
    ("TCP_SYNCNT", 7, "times", "rw", "2.4", "SYNs sent again before connect(2) gives up"),
    ("TCP_USER_TIMEOUT", 18, "milliseconds", "rw", "2.6.37", "unacknowledged that long: dead"),
    ("TCP_LINGER2", 8, "seconds", "rw", "2.4", "time in FIN_WAIT2 without an owner"),
    ("TCP_DEFER_ACCEPT", 9, "seconds", "rw", "2.4", "accept(2) waits that long for data"),
    ("TCP_WINDOW_CLAMP", 10, "octets", "rw", "2.4", "largest window to announce; 0: no bound"),
    ("TCP_NOTSENT_LOWAT", 25, "octets", "rw", "3.12", "more unsent, and poll says it is full"),
    ("TCP_CONGESTION", 13, "text", "rw", "2.6.13", "algorithm of congestion control"),
    ("TCP_CC_INFO", 26, "data", "r", "4.2", "what that algorithm knows"),
    ("TCP_INFO", 11, "struct", "r", "2.4", "what the kernel knows of the connection (ss -i)"),
    ("TCP_FASTOPEN", 23, "int", "rw", "3.7", "connections in Fast Open at once, listening"),
    ("TCP_FASTOPEN_CONNECT", 30, "bool", "rw", "4.11", "connect(2) waits for data to send along"),
    ("TCP_FASTOPEN_KEY", 33, "data", "rw", "4.15", "key of Fast Open's cookies"),
    ("TCP_FASTOPEN_NO_COOKIE", 34, "bool", "rw", "4.15", "Fast Open without cookies"),
    ("TCP_SAVE_SYN", 27, "bool", "rw", "4.2", "keep the SYN of each connection, listening"),
    ("TCP_SAVED_SYN", 28, "struct", "take", "4.2", "that SYN; told, it is gone"),
    ("TCP_INQ", 36, "bool", "rw", "4.18", "tell how much more there is to read"),
    ("TCP_TX_DELAY", 37, "microseconds", "rw", "5.3", "delay added to all that is sent"),
    ("TCP_THIN_LINEAR_TIMEOUTS", 16, "bool", "rw", "2.6.34", "no growing waits where data are few"),
    ("TCP_THIN_DUPACK", 17, "bool", "rw", "2.6.34", "of no effect since 4.16"),
    ("TCP_RTO_MAX_MS", 44, "milliseconds", "rw", "6.15", "longest wait before sending again"),
    ("TCP_RTO_MIN_US", 45, "microseconds", "rw", "6.15", "shortest wait before sending again"),
    ("TCP_DELACK_MAX_US", 46, "microseconds", "rw", "6.15", "longest delay of an acknowledgment"),
    ("TCP_ULP", 31, "text", "rw", "4.13", "what runs on top in the kernel: tls, mptcp …"),
    ("TCP_IS_MPTCP", 43, "bool", "r", "6.10", "it is multipath TCP, and has not fallen back"),
    ("TCP_TIMESTAMP", 24, "hex", "rw", "3.9", "value of the next timestamp; set in repair"),
    ("TCP_REPAIR", 19, "int", "rw", f"3.5 {ADMIN}", "state is read and set without packets"),
    ("TCP_REPAIR_QUEUE", 20, "choice", "rw", "3.5", "queue that is meant, in repair"),
    ("TCP_QUEUE_SEQ", 21, "hex", "rw", "3.5", "its sequence number, in repair"),
    ("TCP_REPAIR_OPTIONS", 22, "struct", "w", "3.5", "options agreed on, in repair"),
    ("TCP_REPAIR_WINDOW", 29, "struct", "rw", "4.8", "windows, in repair"),
    ("TCP_MD5SIG", 14, "struct", "w", "2.6.20", "key of MD5 digests (RFC 2385)"),
    ("TCP_MD5SIG_EXT", 32, "struct", "w", "4.13", "the same for a whole network"),
    ("TCP_ZEROCOPY_RECEIVE", 35, "struct", "take", "4.18", "map what has come into memory"),
)

UDP = rows(
    socket.IPPROTO_UDP,
    ("UDP_CORK", 1, "bool", "rw", "2.5.44", "what is sent becomes one datagram when it ends"),
    ("UDP_SEGMENT", 103, "octets", "rw", "4.18", "the kernel cuts datagrams of this size (GSO)"),
    ("UDP_GRO", 104, "bool", "rw", "5.0", "datagrams come several at once"),
    ("UDP_ENCAP", 100, "int", "rw", "2.6", "kind of IPsec or L2TP in UDP"),
    ("UDP_NO_CHECK6_TX", 101, "bool", "rw", "3.16", "send over IPv6 without a checksum"),
    ("UDP_NO_CHECK6_RX", 102, "bool", "rw", "3.16", "take those that have none"),
)

MPTCP = rows(
    SOL_MPTCP,
    ("MPTCP_INFO", 1, "struct", "r", "5.16", "what the kernel knows of the connection"),
)
