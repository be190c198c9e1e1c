"""What Linux makes of a packet that a program hands it, and what it refuses (raw(7), packet(7)).

Nothing is asked of the kernel here: these are its rules, and a test holds them against it.
"""

import errno
import struct
from ipaddress import IPv4Address, IPv6Address

from rawkit.record import record, replace
from rawkit.wire.address import UNSPECIFIED
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet

IPV4_HEADER, IPV6_HEADER, ETHERNET_HEADER = 20, 40, 14
VLAN_TAG = 4
LONGEST = 65_535
TOTAL_LENGTH, IDENTIFICATION, FLAGS = slice(2, 4), slice(4, 6), slice(6, 8)
CHECKSUM, SOURCE = slice(10, 12), slice(12, 16)
DONT_FRAGMENT = 0x4000
VLAN_TYPE = b"\x81\x00"
SHORT = struct.Struct("!H")


@record
class Change:
    """A field that leaves this host with another value than it was given."""

    field: str
    given: int | str
    sent: int | str | None
    """``None``: the kernel chooses it as it sends."""
    fills_in: bool = False
    """Whether it was left to the kernel, being 0."""

    def __str__(self) -> str:
        sent = "chosen by the kernel" if self.sent is None else self.sent
        return f"{self.field} {self.given} -> {sent}"


@record
class Sent:
    """A packet as it leaves: its octets, and where they differ from those given."""

    octets: bytes
    """Zeros in fields whose value only the kernel knows."""
    changes: tuple[Change, ...] = ()


def ipv4_as_sent(octets: bytes, source: IPv4Address | None) -> Sent:
    """Return what a header-included raw socket makes of an IPv4 packet.

    Args:
        octets: from the IP header on, as they are handed over.
        source: the address that the kernel would choose; ``None``: not known.
    """
    if len(octets) < IPV4_HEADER:
        return Sent(octets)
    header_length = (octets[0] & 0x0F) * 4
    made, changes = bytearray(octets), []
    if made[SOURCE] == bytes(4):
        text = None if source is None else str(source)
        changes.append(Change("source", "0.0.0.0", text, fills_in=True))
        made[SOURCE] = bytes(4) if source is None else source.packed
    total = int.from_bytes(made[TOTAL_LENGTH], "big")
    if total != len(octets):
        changes.append(Change("total length", total, len(octets)))
        made[TOTAL_LENGTH] = SHORT.pack(len(octets))
    flags = int.from_bytes(made[FLAGS], "big")
    chosen = made[IDENTIFICATION] == b"\0\0" and not flags & DONT_FRAGMENT
    if chosen:
        changes.append(Change("identification", 0, None, fills_in=True))
    given = int.from_bytes(made[CHECKSUM], "big")
    right_before = _header_checksum(octets, header_length)
    made[CHECKSUM] = SHORT.pack(_header_checksum(made, header_length))
    if given != right_before:
        right = None if chosen or (source is None and not any(octets[SOURCE])) else _hex(made)
        changes.append(Change("header checksum", f"0x{given:04x}", right))
    return Sent(bytes(made), tuple(changes))


def icmpv6_as_sent(packet: Packet, source: IPv6Address | None) -> Sent:
    """Return what a raw ICMPv6 socket makes of a message right behind an IPv6 header.

    The kernel writes that header anew, with the hop limit, the traffic class, the flow
    label and the destination that are asked for; and it works out the checksum.

    Args:
        packet: IPv6 header and message.
        source: the address that the kernel would choose; ``None``: not known.
    """
    ip, message = packet.headers[:2]
    assert isinstance(ip, IPv6)
    changes = []
    src = ip.src
    if src == UNSPECIFIED[6]:
        src = source or src
        text = None if source is None else str(source)
        changes.append(Change("source", "::", text, fills_in=True))
    if not ip.flow_label:
        changes.append(Change("flow label", 0, None, fills_in=True))  # net.ipv6.auto_flowlabels
    blank = Packet((replace(ip.recomputed(), src=src, trailer=b""), message.recomputed()))
    made = bytes(blank / packet.payload)
    read = dissect_ip(made)
    for header, field, name in (
        (0, "payload_length", "payload length"),
        (1, "checksum", "checksum"),
    ):
        given, right = getattr(packet.headers[header], field), getattr(read.headers[header], field)
        if given is not None and given != right:
            changes.append(Change(name, given, right))
    return Sent(made, tuple(changes))


def refusal(octets: bytes, version: int, mtu: int) -> int | None:
    """Return the errno with which a header-included raw socket refuses a packet.

    Args:
        octets: from the IP header on.
        version: of the socket, 4 or 6.
        mtu: of the interface, in octets.
    """
    if len(octets) > mtu:
        return errno.EMSGSIZE
    if version == 6:
        return errno.EINVAL if len(octets) < IPV6_HEADER else None
    if len(octets) < IPV4_HEADER:
        return errno.EINVAL
    header_length = (octets[0] & 0x0F) * 4
    return None if IPV4_HEADER <= header_length <= len(octets) else errno.EINVAL


def frame_refusal(octets: bytes, mtu: int, *, ethernet: bool) -> int | None:
    """Return the errno with which a packet socket refuses a frame.

    Args:
        octets: from the link's header on, if the link has one.
        mtu: of the interface, in octets; its header is not counted.
        ethernet: whether its frames have an Ethernet header.
    """
    header = ETHERNET_HEADER if ethernet else 0
    tag = VLAN_TAG if ethernet and octets[12:14] == VLAN_TYPE else 0  # not of 802.1ad
    if len(octets) < header:
        return errno.EINVAL
    return errno.EMSGSIZE if len(octets) > mtu + header + tag else None


def _header_checksum(octets: bytes | bytearray, length: int) -> int:
    head = bytes(octets[:10]) + b"\0\0" + bytes(octets[12:length])
    return internet_checksum(head)


def _hex(octets: bytes | bytearray) -> str:
    return f"0x{octets[CHECKSUM].hex()}"
