"""Filters: a table of usual ones, and strategies for unusual ones."""

from hypothesis import strategies as st

SIMPLE = """
ip
ip6
arp
rarp
tcp
udp
icmp
icmp6
sctp
igmp
esp
ah
pim
vrrp
carp
igrp
ether proto 0x88cc
ether proto 0x42
ether proto 0xfe
ether proto \\ip
ether proto 1501
ip proto 47
ip6 proto 47
proto 2
ip proto \\tcp
host 192.0.2.1
src host 192.0.2.1
dst host 192.0.2.7
src or dst host 192.0.2.7
src and dst host 192.0.2.7
src 10.1.2.3
ip host 192.0.2.1
arp host 192.0.2.7
rarp src host 192.0.2.1
host 2001:db8::1
ip6 dst host 2001:db8:0:1::7
net 10.0.0.0/8
net 10
net 192.0.2
src net 192.0.2.0/24
dst net 192.0.2.0 mask 255.255.255.0
net 192.0.2.0/25
net 2001:db8::/32
src net 2001:db8:0:1::/64
net 2001:db8::/33
net 0.0.0.0/0
net ::/0
ether host 02:00:00:00:00:01
ether src 02-00-00-00-00-01
ether dst 0200.0000.0002
ether broadcast
broadcast
multicast
ether multicast
ip multicast
ip6 multicast
port 53
src port 53
dst port 80
src or dst port 443
src and dst port 53
tcp port 80
udp port 53
udp dst port domain
sctp port 80
tcp src port 443
port 010
portrange 20-100
tcp portrange 400-500
src portrange 50-60
udp dst portrange 53-53
portrange 100-20
less 60
greater 100
len > 100
len = 54
len <= 60 or len >= 300
vlan
vlan 5
vlan 0
vlan and vlan
vlan 7 and vlan 5
vlan 5 and ip
vlan 5 and tcp port 80
vlan and vlan 6 and udp
not vlan
vlan 5 or vlan 6
ip or vlan 5 and ip6
vlan and host 192.0.2.1
icmp[icmptype] = icmp-echo
icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply
icmp[0] = 3 and icmp[1] = 3
icmp6[icmp6type] = icmp6-echo
icmp6[0] >= 128
ip[0] & 0xf != 5
ip[6:2] & 0x1fff = 0
ip[8] < 5
ip[2:2] < len
ip[2:2] + 14 = len
len - 14 = ip[2:2]
ip[12:4] = 0xc0000201
ip6[6] = 6
ip6[40] = 128
ether[0] & 1 = 0
ether[12:2] = 0x800
ether[20] = 0
ether[100] = 0 or ip
arp[6:2] = 1
rarp[7] = 1
link[0] = 2
ip[0] * 2 = 138
ip[0] / 3 = 23
ip[0] - 1 > 68
ip[0] | 1 = 0x47
ip[0] ^ 1 & 3 = 0x44
ip[0] + 1 & 3 = 2
ip[0] >> 1 + 1 = 17
(ip[0] & 0xf) << 2 = 28
ip[(ip[0] & 0xf) << 2] = 8
ip[ip[0] & 3] = 0
5 < ip[8]
64 = ip[8]
ip[8] = ip[9]
ip[8] > ip[9]
ip[8] < ip[9]
ip[8] != ip[9]
1 = 1
tcp or udp
tcp and port 80
not tcp
not port 53
not ip and not ip6
! arp
icmp or udp port 53 and host 192.0.2.7
icmp or (udp port 53) and host 192.0.2.7
icmp or (udp port 53 and host 192.0.2.7)
(icmp or udp port 53) and host 192.0.2.7
udp port 53 and host 192.0.2.7 or icmp
host 192.0.2.1 and not (port 80 or port 443)
port 80 or 443
port (80 or 443)
tcp dst port (22 or 80 or 443)
src net 192.0.2.0/24 and dst net 10.0.0.0/8
not host 192.0.2.1 and 192.0.2.7
ip && tcp || udp
tcp port 80 or udp port 53 or icmp
not not ip
not (not tcp or not port 80)
ip6 and not udp
icmp6 or arp or igmp
src host 192.0.2.1 and dst port 80
ether host 02:00:00:00:00:01 and ip
udp and not port 53 and not port 123
ip[6:2] & 0x3fff != 0
host 192.0.2.1 or 10.1.2.3
host 1.2.3.4 or host 192.0.2.1
host (192.0.2.1 or 10.1.2.3) and not icmp
host 192.0.2.1 or host 192.0.2.7 or host 10.1.2.3
(tcp or udp) and (port 53 or port 80) and not (src net 10 or dst net 10)
""".strip().splitlines()
"""tcpdump and rawkit mean the same, whatever the packet; for IPv6 as long as it has no chain."""

ONLY_IPV4_THERE = """
tcp[13] & 2 != 0
tcp[tcpflags] & (tcp-syn|tcp-ack) != 0
tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)
tcp[tcpflags] == tcp-syn
tcp[0:2] = 80
tcp[((tcp[12]&0xf0)>>2):4] = 0x47455420
udp[4:2] > 20
udp[0] = udp[1]
tcp[2:2] - tcp[0:2] > 100
tcp[0:2] = 80 or tcp[2:2] = 80 and not icmp
tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)
""".strip().splitlines()
"""tcpdump looks behind IPv4 headers only; rawkit behind those of IPv6, too."""

NOTHING = ["ip and ip6", "tcp and not tcp", "1 > 2", "vlan 5 and vlan 6 and arp and ip"]
"""tcpdump refuses what can never be; here it is a filter that lets nothing pass."""

OURS = """
tcp[syn]
not tcp[rst] and tcp[ack]
10.0.0.0/8
192.0.2.7 or 10.1.2.3
02:00:00:00:00:01
host 02:00:00:00:00:02
ip6 proto 43
ip6 protochain 58
ip6 proto 44 or ip6 proto 60
proto 0
udp[0:2] = 53 and len > 60
tcp[2:2] = 80 or icmp6[0] = 128
ip[0] % 4 + 1 = 2
len % 7 = udp[5] % 7
ip[2:2] - tcp[12] / 4 > ip[0] - (len - ip[3]) * 2
tcp port http or udp port domain
portrange ftp-data-ssh
on eth0
ifname eth1 or inbound
outbound
ifindex 2
""".strip().splitlines()
"""What only rawkit has, or has in its own way."""

protocols = st.sampled_from(
    ["ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "sctp", "igmp", "esp", "ah", "pim"]
)
directions = st.sampled_from(["", "src ", "dst ", "src or dst ", "dst and src "])
addresses = st.sampled_from(
    ["192.0.2.1", "192.0.2.7", "10.1.2.3", "2001:db8::1", "2001:db8:0:1::7", "224.0.0.251"]
)
networks = st.sampled_from(
    ["10.0.0.0/8", "192.0.2.0/24", "192.0.2.4/30", "2001:db8::/48", "ff00::/8", "0.0.0.0/0"]
)
ports = st.sampled_from(["53", "80", "443", "22", "67", "40000"])
ranges = st.sampled_from(["50-60", "0-1000", "1-65535", "40000-50000"])
with_ports = st.sampled_from(["", "tcp ", "udp ", "sctp "])
relations = st.sampled_from(["=", "==", "!=", ">", "<", ">=", "<="])
parts = st.builds(
    "{}[{}:{}]".format,
    st.sampled_from(["ip", "ip6", "arp", "tcp", "udp", "icmp", "icmp6", "link"]),
    st.integers(0, 40),
    st.sampled_from([1, 2, 4]),
)
numbers = st.one_of(
    st.integers(0, 300).map(str), st.integers(0, 2**32 - 1).map(hex), st.just("len")
)
sums = st.recursive(
    numbers | parts,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*&|^"), inner),
        st.builds(
            "({} {} {})".format, parts, st.sampled_from(["<<", ">>", "/", "%"]), st.integers(1, 31)
        ),
        st.builds("ip[{} & 31]".format, inner),
    ),
    max_leaves=4,
)
primitives = st.one_of(
    protocols,
    st.builds("{}host {}".format, directions, addresses),
    st.builds("{}net {}".format, directions, networks),
    st.builds("{}{}port {}".format, with_ports, directions, ports),
    st.builds("{}{}portrange {}".format, with_ports, directions, ranges),
    st.sampled_from(
        ["less 100", "greater 80", "broadcast", "multicast", "ip multicast", "ip6 multicast"]
    ),
    st.sampled_from(["tcp[syn]", "tcp[fin]", "tcp[ack] and not tcp[push]"]),
    st.builds(
        "{} {}".format, st.sampled_from(["ip proto", "ip6 proto", "proto"]), st.integers(0, 60)
    ),
    st.builds("{} {} {}".format, sums, relations, sums),
    st.builds("{} & {} {} {}".format, parts, st.integers(1, 255), relations, st.integers(0, 16)),
)
tags = st.sampled_from(["vlan", "vlan 5", "vlan 6"])


def expressions(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Filters of these leaves."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or", "&&", "||"]), inner),
            st.builds("({})".format, inner),
            st.builds("not {}".format, leaves),
            st.builds("! ({})".format, inner),
        ),
        max_leaves=8,
    )
