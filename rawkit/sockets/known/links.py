"""Options of packet sockets (packet(7), linux/if_packet.h) and of vsock (linux/vm_sockets.h)."""

import socket

from rawkit.sockets import options as o
from rawkit.sockets.known.option import rows

PACKET = rows(
    o.SOL_PACKET,
    (o.PACKET_VERSION, "choice", "rw", "form of its rings"),
    ("PACKET_HDRLEN", 11, "struct", "r", "2.6.27", "octets before a frame in a ring"),
    ("PACKET_RESERVE", 12, "octets", "rw", "2.6.27", "room left before a frame in a ring"),
    (o.PACKET_RX_RING, "struct", "w", "a ring in memory for what comes"),
    ("PACKET_TX_RING", 13, "struct", "w", "2.6.31", "a ring in memory for what is sent"),
    ("PACKET_LOSS", 14, "bool", "rw", "2.6.31", "skip bad frames of that ring"),
    ("PACKET_TX_HAS_OFF", 19, "bool", "rw", "", "its frames begin where each says"),
    ("PACKET_COPY_THRESH", 7, "octets", "rw", "2.2", "larger frames are copied beside the ring"),
    (o.PACKET_STATISTICS, "struct", "take", "frames seen and dropped; told, they are 0"),
    ("PACKET_ROLLOVER_STATS", 21, "struct", "r", "4.2", "frames handed on in a group"),
    (o.PACKET_AUXDATA, "bool", "rw", "tell lengths, VLAN tag and checksum of a frame"),
    ("PACKET_ORIGDEV", 9, "bool", "rw", "", "tell the interface below a bond or bridge"),
    ("PACKET_TIMESTAMP", 17, "hex", "rw", "2.6.36", "whose times a ring has"),
    ("PACKET_VNET_HDR", 15, "bool", "rw", "2.6.34", "frames bring what offload has to know"),
    ("PACKET_VNET_HDR_SZ", 24, "octets", "rw", "6.5", "octets of that"),
    ("PACKET_QDISC_BYPASS", 20, "bool", "rw", "3.14", "send past the queues of the interface"),
    (o.PACKET_FANOUT, "hex", "rw", "group that shares what comes, and how"),
    ("PACKET_FANOUT_DATA", 22, "struct", "w", "4.2", "program that shares it out"),
    (o.PACKET_IGNORE_OUTGOING, "bool", "rw", "what this host sends does not come"),
    (o.PACKET_ADD_MEMBERSHIP, "struct", "w", "join a multicast group, or promiscuous mode"),
    ("PACKET_DROP_MEMBERSHIP", 2, "struct", "w", "2.2", "leave it"),
)

VSOCK = rows(
    socket.AF_VSOCK,
    ("SO_VM_SOCKETS_BUFFER_SIZE", 0, "size64", "rw", "3.9", "room for what comes"),
    ("SO_VM_SOCKETS_BUFFER_MIN_SIZE", 1, "size64", "rw", "3.9", "least of it"),
    ("SO_VM_SOCKETS_BUFFER_MAX_SIZE", 2, "size64", "rw", "3.9", "most of it"),
    ("SO_VM_SOCKETS_CONNECT_TIMEOUT", 6, "time", "rw", "3.9", "how long connect(2) waits"),
)
