"""Socket options and constants that the standard library has no name for.

The numbers are those of ``asm-generic`` (x86, Arm, RISC-V, …), read from the kernel's
own headers; a test compares the two. "Since" is the first kernel with the option.
"""

import socket
from typing import NamedTuple

SOL_SOCKET, SOL_IP, SOL_IPV6 = socket.SOL_SOCKET, socket.IPPROTO_IP, socket.IPPROTO_IPV6
SOL_ICMPV6, SOL_RAW = 58, 255
SOL_PACKET = 263


class Option(NamedTuple):
    """A socket option, with what one must know to use it."""

    name: str
    level: int
    number: int
    form: str = "int"
    """Its value: ``int``, ``bool``, or the C type."""
    since: str = "2.2"
    """The first kernel that has it."""
    capability: str | None = None
    """What setting it needs, if anything."""

    def set(self, sock: socket.socket, value: int | bytes = 1) -> None:
        """Set the option.

        Raises:
            OSError: the kernel does not know it, or refuses it.
        """
        sock.setsockopt(self.level, self.number, value)

    def get(self, sock: socket.socket) -> int:
        """Return the option's value, a number.

        Raises:
            OSError: the kernel does not know it.
        """
        return sock.getsockopt(self.level, self.number)


ADMIN, ADMIN_OR_RAW = "CAP_NET_ADMIN", "CAP_NET_ADMIN or CAP_NET_RAW"

SO_NO_CHECK = Option("SO_NO_CHECK", SOL_SOCKET, 11, "bool")
SO_ATTACH_FILTER = Option("SO_ATTACH_FILTER", SOL_SOCKET, 26, "struct sock_fprog")
SO_DETACH_FILTER = Option("SO_DETACH_FILTER", SOL_SOCKET, 27)
SO_TIMESTAMP = Option("SO_TIMESTAMP", SOL_SOCKET, 29, "bool")
SO_SNDBUFFORCE = Option("SO_SNDBUFFORCE", SOL_SOCKET, 32, "int", "2.6.14", ADMIN)
SO_RCVBUFFORCE = Option("SO_RCVBUFFORCE", SOL_SOCKET, 33, "int", "2.6.14", ADMIN)
SO_TIMESTAMPNS = Option("SO_TIMESTAMPNS", SOL_SOCKET, 35, "bool", "2.6.22")
SO_TIMESTAMPING = Option("SO_TIMESTAMPING", SOL_SOCKET, 37, "int", "2.6.30")
SO_RXQ_OVFL = Option("SO_RXQ_OVFL", SOL_SOCKET, 40, "bool", "2.6.33")
SO_LOCK_FILTER = Option("SO_LOCK_FILTER", SOL_SOCKET, 44, "bool", "3.9")
SO_SELECT_ERR_QUEUE = Option("SO_SELECT_ERR_QUEUE", SOL_SOCKET, 45, "bool", "3.10")
SO_BUSY_POLL = Option("SO_BUSY_POLL", SOL_SOCKET, 46, "int", "3.11", ADMIN)
SO_MEMINFO = Option("SO_MEMINFO", SOL_SOCKET, 55, "__u32[9]", "4.12")
SO_TXTIME = Option("SO_TXTIME", SOL_SOCKET, 61, "struct sock_txtime", "4.19")
SO_PREFER_BUSY_POLL = Option("SO_PREFER_BUSY_POLL", SOL_SOCKET, 69, "bool", "5.11", ADMIN)

IP_PKTINFO = Option("IP_PKTINFO", SOL_IP, 8, "bool")
IP_MTU_DISCOVER = Option("IP_MTU_DISCOVER", SOL_IP, 10)
IP_RECVERR = Option("IP_RECVERR", SOL_IP, 11, "bool")
IP_RECVTTL = Option("IP_RECVTTL", SOL_IP, 12, "bool")
IP_MTU = Option("IP_MTU", SOL_IP, 14)
IP_FREEBIND = Option("IP_FREEBIND", SOL_IP, 15, "bool", "2.4")
IP_TRANSPARENT = Option("IP_TRANSPARENT", SOL_IP, 19, "bool", "2.6.24", ADMIN_OR_RAW)
IP_ORIGDSTADDR = Option("IP_ORIGDSTADDR", SOL_IP, 20, "bool", "2.6.29")
IP_MINTTL = Option("IP_MINTTL", SOL_IP, 21, "int", "2.6.34")
IP_NODEFRAG = Option("IP_NODEFRAG", SOL_IP, 22, "bool", "2.6.36")
IP_CHECKSUM = Option("IP_CHECKSUM", SOL_IP, 23, "bool", "4.0")
IP_BIND_ADDRESS_NO_PORT = Option("IP_BIND_ADDRESS_NO_PORT", SOL_IP, 24, "bool", "4.2")
IP_RECVFRAGSIZE = Option("IP_RECVFRAGSIZE", SOL_IP, 25, "bool", "4.10")
IP_RECVERR_RFC4884 = Option("IP_RECVERR_RFC4884", SOL_IP, 26, "bool", "5.9")
IP_MULTICAST_ALL = Option("IP_MULTICAST_ALL", SOL_IP, 49, "bool", "2.6.31")
IP_UNICAST_IF = Option("IP_UNICAST_IF", SOL_IP, 50, "__be32", "3.4")

IPV6_FLOWINFO = Option("IPV6_FLOWINFO", SOL_IPV6, 11, "bool")
IPV6_MTU_DISCOVER = Option("IPV6_MTU_DISCOVER", SOL_IPV6, 23)
IPV6_MTU = Option("IPV6_MTU", SOL_IPV6, 24)
IPV6_RECVERR = Option("IPV6_RECVERR", SOL_IPV6, 25, "bool")
IPV6_RECVERR_RFC4884 = Option("IPV6_RECVERR_RFC4884", SOL_IPV6, 31, "bool", "5.9")
IPV6_FLOWLABEL_MGR = Option("IPV6_FLOWLABEL_MGR", SOL_IPV6, 32, "struct in6_flowlabel_req")
IPV6_FLOWINFO_SEND = Option("IPV6_FLOWINFO_SEND", SOL_IPV6, 33, "bool")
IPV6_HDRINCL = Option("IPV6_HDRINCL", SOL_IPV6, 36, "bool", "4.5")
IPV6_AUTOFLOWLABEL = Option("IPV6_AUTOFLOWLABEL", SOL_IPV6, 70, "bool", "3.17")
IPV6_MINHOPCOUNT = Option("IPV6_MINHOPCOUNT", SOL_IPV6, 73, "int", "2.6.35")
IPV6_TRANSPARENT = Option("IPV6_TRANSPARENT", SOL_IPV6, 75, "bool", "2.6.37", ADMIN_OR_RAW)
IPV6_UNICAST_IF = Option("IPV6_UNICAST_IF", SOL_IPV6, 76, "__be32", "3.4")
IPV6_RECVFRAGSIZE = Option("IPV6_RECVFRAGSIZE", SOL_IPV6, 77, "bool", "4.10")
IPV6_FREEBIND = Option("IPV6_FREEBIND", SOL_IPV6, 78, "bool", "4.15")

ICMP_FILTER = Option("ICMP_FILTER", SOL_RAW, 1, "struct icmp_filter")
ICMPV6_FILTER = Option("ICMPV6_FILTER", SOL_ICMPV6, 1, "struct icmp6_filter")

PACKET_ADD_MEMBERSHIP = Option("PACKET_ADD_MEMBERSHIP", SOL_PACKET, 1, "struct packet_mreq")
PACKET_RX_RING = Option("PACKET_RX_RING", SOL_PACKET, 5, "struct tpacket_req3", "2.6.27")
PACKET_STATISTICS = Option("PACKET_STATISTICS", SOL_PACKET, 6, "struct tpacket_stats")
PACKET_AUXDATA = Option("PACKET_AUXDATA", SOL_PACKET, 8, "bool", "2.6.21")
PACKET_VERSION = Option("PACKET_VERSION", SOL_PACKET, 10, "int", "2.6.27")
PACKET_FANOUT = Option("PACKET_FANOUT", SOL_PACKET, 18, "int", "3.1")
PACKET_IGNORE_OUTGOING = Option("PACKET_IGNORE_OUTGOING", SOL_PACKET, 23, "bool", "4.20")

OPTIONS = tuple(value for value in list(vars().values()) if isinstance(value, Option))
"""All of the above: the table."""

# linux/in.h, linux/in6.h: values of IP_MTU_DISCOVER and IPV6_MTU_DISCOVER, the same for both.
PMTUDISC_DONT, PMTUDISC_WANT, PMTUDISC_DO, PMTUDISC_PROBE = 0, 1, 2, 3
PMTUDISC_INTERFACE, PMTUDISC_OMIT = 4, 5

# linux/in6.h: a wish for a flow label.
IPV6_FL_A_GET, IPV6_FL_F_CREATE, IPV6_FL_S_ANY = 0, 1, 255

# linux/net_tstamp.h: flags of SO_TIMESTAMPING.
SOF_TIMESTAMPING_TX_SOFTWARE = 1 << 1
SOF_TIMESTAMPING_RX_SOFTWARE = 1 << 3
SOF_TIMESTAMPING_SOFTWARE = 1 << 4
SOF_TIMESTAMPING_OPT_ID = 1 << 7
SOF_TIMESTAMPING_OPT_TSONLY = 1 << 11

# linux/errqueue.h: where an entry of the error queue comes from.
SO_EE_ORIGIN_LOCAL, SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 = 1, 2, 3
SO_EE_ORIGIN_TIMESTAMPING = 4

# linux/sock_diag.h: the counters in SO_MEMINFO; linux/sockios.h: ioctl(2) of interfaces.
SK_MEMINFO_DROPS, SK_MEMINFO_VARS = 8, 9
SIOCGIFNAME, SIOCGIFMTU, SIOCGIFINDEX = 0x8910, 0x8921, 0x8933

# linux/if_packet.h: where a frame was going, memberships, a control message of the error queue.
PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST = 0, 1, 2
PACKET_OTHERHOST, PACKET_OUTGOING = 3, 4
PACKET_MR_MULTICAST, PACKET_MR_PROMISC, PACKET_MR_ALLMULTI = 0, 1, 2
PACKET_TX_TIMESTAMP = 16
TP_STATUS_USER, TP_STATUS_CSUMNOTREADY, TP_STATUS_VLAN_VALID = 1 << 0, 1 << 3, 1 << 4
TP_STATUS_VLAN_TPID_VALID, TP_STATUS_CSUM_VALID = 1 << 6, 1 << 7

# The same: kinds of rings; how a group of sockets shares what comes.
TPACKET_V2, TPACKET_V3 = 1, 2
PACKET_FANOUT_HASH, PACKET_FANOUT_LB, PACKET_FANOUT_CPU = 0, 1, 2
PACKET_FANOUT_ROLLOVER, PACKET_FANOUT_RND, PACKET_FANOUT_QM = 3, 4, 5
PACKET_FANOUT_FLAG_UNIQUEID, PACKET_FANOUT_FLAG_DEFRAG = 0x2000, 0x8000

# linux/if_ether.h, linux/if_arp.h: every protocol; links whose frames have Ethernet headers.
ETH_P_ALL = 0x0003
ARPHRD_ETHER, ARPHRD_LOOPBACK = 1, 772

# linux/filter.h: places that are no octets of the packet, and where its network header begins.
SKF_AD_OFF, SKF_AD_PROTOCOL, SKF_NET_OFF = -0x1000, 0, -0x100000
