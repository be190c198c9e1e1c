"""The words of filters, and the numbers they stand for (pcap-filter(7), IANA)."""

from rawkit.wire.numbers import EtherType, IPProtocol

ETHER = "ether"
LINK_NAMES = {"ether": ETHER, "link": ETHER}

ETHER_TYPES: dict[str, int] = {
    "ip": EtherType.IPV4,
    "ip6": EtherType.IPV6,
    "arp": EtherType.ARP,
    "rarp": 0x8035,
}
"""Protocols that a link carries."""

IP_PROTOCOLS: dict[str, int] = {
    "ah": IPProtocol.AUTHENTICATION,
    "carp": 112,
    "esp": IPProtocol.ESP,
    "icmp": IPProtocol.ICMP,
    "icmp6": IPProtocol.ICMPV6,
    "igmp": 2,
    "igrp": 9,
    "pim": 103,
    "sctp": 132,
    "tcp": IPProtocol.TCP,
    "udp": IPProtocol.UDP,
    "vrrp": 112,
}
"""Protocols that IP carries."""

ONLY_IPV4 = frozenset(("carp", "icmp", "igmp", "igrp", "vrrp"))
ONLY_IPV6 = frozenset(("icmp6",))
WITH_PORTS = ("sctp", "tcp", "udp")
PROTOCOLS = frozenset((*LINK_NAMES, *ETHER_TYPES, *IP_PROTOCOLS))

PROTOCOL_NUMBERS = {
    **IP_PROTOCOLS,
    "ipv6-icmp": IPProtocol.ICMPV6,
    "gre": 47,
    "ipip": IPProtocol.IPV4,
    "ipv6": IPProtocol.IPV6,
    "ospf": 89,
    "udplite": 136,
}
"""What ``ip proto`` takes by name."""

PORTS = {
    "bgp": 179, "bootpc": 68, "bootps": 67, "domain": 53, "echo": 7, "discard": 9, "ftp": 21,
    "ftp-data": 20, "http": 80, "http-alt": 8080, "https": 443, "imap2": 143, "imaps": 993,
    "ipp": 631, "isakmp": 500, "kerberos": 88, "ldap": 389, "ldaps": 636, "mdns": 5353,
    "mqtt": 1883, "mysql": 3306, "nfs": 2049, "ntp": 123, "openvpn": 1194, "pop3": 110,
    "pop3s": 995, "postgresql": 5432, "radius": 1812, "redis": 6379, "sip": 5060, "smtp": 25,
    "snmp": 161, "snmp-trap": 162, "ssh": 22, "submission": 587, "sunrpc": 111, "syslog": 514,
    "telnet": 23, "tftp": 69, "time": 37,
}  # fmt: skip
"""Ports by name. They stand for the number alone, whatever the protocol."""

TCP_FLAGS_AT = 13
TCP_FLAGS = {
    "fin": 0x01, "syn": 0x02, "rst": 0x04, "push": 0x08, "psh": 0x08, "ack": 0x10, "urg": 0x20,
    "ece": 0x40, "cwr": 0x80,
}  # fmt: skip
"""``tcp[syn]`` is short for ``tcp[tcpflags] & tcp-syn != 0``."""

OFFSETS = {
    "icmptype": 0,
    "icmpcode": 1,
    "icmp6type": 0,
    "icmp6code": 1,
    "tcpflags": TCP_FLAGS_AT,
}

CONSTANTS = {
    **{f"tcp-{name}": value for name, value in TCP_FLAGS.items() if name != "psh"},
    "icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5,
    "icmp-echo": 8, "icmp-routeradvert": 9, "icmp-routersolicit": 10, "icmp-timxceed": 11,
    "icmp-paramprob": 12, "icmp-tstamp": 13, "icmp-tstampreply": 14, "icmp-ireq": 15,
    "icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,
    "icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3,
    "icmp6-parameterproblem": 4, "icmp6-echo": 128, "icmp6-echoreply": 129,
    "icmp6-multicastlistenerquery": 130, "icmp6-multicastlistenerreportv1": 131,
    "icmp6-multicastlistenerdone": 132, "icmp6-routersolicit": 133, "icmp6-routeradvert": 134,
    "icmp6-neighborsolicit": 135, "icmp6-neighboradvert": 136, "icmp6-redirect": 137,
    "icmp6-routerrenum": 138, "icmp6-nodeinformationquery": 139,
    "icmp6-nodeinformationresponse": 140, "icmp6-ineighbordiscoverysolicit": 141,
    "icmp6-ineighbordiscoveryadvert": 142, "icmp6-multicastlistenerreportv2": 143,
    "icmp6-homeagentdiscoveryrequest": 144, "icmp6-homeagentdiscoveryreply": 145,
    "icmp6-mobileprefixsolicit": 146, "icmp6-mobileprefixadvert": 147,
    "icmp6-certpathsolicit": 148, "icmp6-certpathadvert": 149,
    "icmp6-multicastrouteradvert": 151, "icmp6-multicastroutersolicit": 152,
    "icmp6-multicastroutertermination": 153,
}  # fmt: skip
"""Numbers that have a name in comparisons."""

DIRECTIONS = frozenset(("src", "dst"))
KINDS = frozenset(("host", "net", "port", "portrange"))
PROTO = frozenset(("proto", "protochain"))
OPERATORS = {"and": "and", "&&": "and", "or": "or", "||": "or"}
NEGATIONS = frozenset(("not", "!"))
ALONE = frozenset(("inbound", "outbound", "broadcast", "multicast"))
WITH_NUMBER = frozenset(("less", "greater", "ifindex"))
OTHERS = frozenset(("vlan", "ifname", "on", "len", "length", "mask"))

ALL_WORDS = frozenset(
    (*PROTOCOLS, *DIRECTIONS, *KINDS, *PROTO, "and", "or", "not", *ALONE, *WITH_NUMBER, *OTHERS)
)

ELSEWHERE = frozenset(
    (
        *("aarp", "action", "addr1", "addr2", "addr3", "addr4", "atalk", "bcc", "byte", "clnp"),
        *("connectmsg", "csnp", "decnet", "dir", "esis", "fddi", "gateway", "geneve", "iih"),
        *("ilmic", "ipx", "isis", "iso", "l1", "l2", "lane", "lat", "llc", "lsp", "metac"),
        *("metaconnect", "mopdl", "moprc", "mpls", "netbeui", "oam", "oamf4", "oamf4e"),
        *("oamf4s", "ppp", "pppoed", "pppoes", "psnp", "ra", "radio", "reason", "rnr", "rset"),
        *("rulenum", "ruleset", "sc", "sca", "slip", "snp", "srnr", "stp", "subrulenum"),
        *("subtype", "ta", "tr", "type", "vci", "vpi", "wlan"),
    )
)
"""Words of tcpdump that mean nothing here."""
