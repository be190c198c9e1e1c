"""Options of IPv4 (ip(7), linux/in.h) and of raw sockets (raw(7))."""

from rawkit.sockets import options as o
from rawkit.sockets.known.option import rows

IP = rows(
    o.SOL_IP,
    ("IP_TOS", 1, "hex", "rw", "1.0", "DSCP and ECN of what is sent"),
    ("IP_TTL", 2, "hops", "rw", "1.0", "TTL of what is sent"),
    (o.IP_MINTTL, "hops", "rw", "what comes with a lower TTL is dropped"),
    (o.IP_MTU_DISCOVER, "choice", "rw", "whether datagrams may be fragmented"),
    (o.IP_MTU, "octets", "r", "path MTU as the kernel knows it; connected only"),
    (o.IP_RECVERR, "bool", "rw", "queue ICMP errors (MSG_ERRQUEUE)"),
    (o.IP_RECVERR_RFC4884, "bool", "rw", "with where their extensions begin"),
    (o.IP_PKTINFO, "bool", "rw", "tell interface and address that it came by"),
    (o.IP_RECVTTL, "bool", "rw", "tell the TTL of what comes"),
    ("IP_RECVTOS", 13, "bool", "rw", "2.2", "tell the TOS of what comes"),
    ("IP_RECVOPTS", 6, "bool", "rw", "2.2", "tell the IP options of what comes"),
    ("IP_RETOPTS", 7, "bool", "rw", "2.2", "the same, turned round for an answer"),
    (o.IP_ORIGDSTADDR, "bool", "rw", "tell whom it was for before it was redirected"),
    (o.IP_RECVFRAGSIZE, "bool", "rw", "tell the size of the largest fragment"),
    (o.IP_CHECKSUM, "bool", "rw", "tell the checksum over what came (UDP)"),
    ("IP_PASSSEC", 18, "bool", "rw", "2.6.17", "tell the security label of what comes"),
    ("IP_OPTIONS", 4, "data", "rw", "2.0", "IP options of what is sent"),
    ("IP_ROUTER_ALERT", 5, "bool", "rw", "2.2", "take what routers are to look at (raw)"),
    ("IP_HDRINCL", 3, "bool", "rw", "2.0", "the program writes the IP header (raw)"),
    (o.IP_NODEFRAG, "bool", "rw", "leave fragments apart where a firewall joins them (raw)"),
    (o.IP_FREEBIND, "bool", "rw", "bind to addresses that are not there (yet)"),
    (o.IP_TRANSPARENT, "bool", "rw", "bind to and send from addresses of others"),
    (o.IP_BIND_ADDRESS_NO_PORT, "bool", "rw", "bind(2) leaves the port to connect(2)"),
    ("IP_LOCAL_PORT_RANGE", 51, "hex", "rw", "6.3", "ports to choose from: high << 16 | low"),
    ("IP_PROTOCOL", 52, "int", "r", "6.4", "protocol of a raw socket"),
    ("IP_MULTICAST_TTL", 33, "hops", "rw", "1.2", "TTL of multicasts"),
    ("IP_MULTICAST_LOOP", 34, "bool", "rw", "1.2", "this host hears its own multicasts"),
    ("IP_MULTICAST_IF", 32, "address", "rw", "1.2", "address of the interface for multicasts"),
    (o.IP_MULTICAST_ALL, "bool", "rw", "hear groups that any socket of the host joined"),
    (o.IP_UNICAST_IF, "interface32", "rw", "interface to send by, of UDP and raw"),
    ("IP_ADD_MEMBERSHIP", 35, "struct", "w", "1.2", "join a group"),
    ("IP_DROP_MEMBERSHIP", 36, "struct", "w", "1.2", "leave it"),
)

RAW = rows(
    o.SOL_RAW,
    (o.ICMP_FILTER, "hex", "rw", "types of ICMP that do not come: a bit for each (raw)"),
)
ICMPV6 = rows(
    o.SOL_ICMPV6,
    (o.ICMPV6_FILTER, "data", "rw", "types of ICMPv6 that do not come: a bit for each (raw)"),
)
