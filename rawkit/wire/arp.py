"""ARP: which hardware address has this IPv4 address? (RFC 826, RFC 5227).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-1    hardware type         1: Ethernet
2-3    protocol type         an EtherType; 0x0800: IPv4
4      hardware length       octets of a hardware address
5      protocol length       octets of a protocol address
6-7    operation             1: request, 2: reply
8-     four addresses        sender's hardware and protocol, target's the same
====== ===================== =================================================
"""

import struct
from enum import IntEnum
from ipaddress import IPv4Address
from typing import ClassVar, Self

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import MAC, ipv4_address
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Header

LAYOUT = struct.Struct("!HHBBH")
ETHERNET = 1
NO_MAC = MAC(bytes(6))
"""What stands where the hardware address is asked for (RFC 5227 §2.1.1)."""
NO_ADDRESS = IPv4Address(0)
"""The sender's address in a probe: it has none yet (RFC 5227 §1.1)."""


class Operation(IntEnum):
    """What an ARP packet does (IANA, "ARP Parameters")."""

    REQUEST = 1
    REPLY = 2
    REVERSE_REQUEST = 3
    REVERSE_REPLY = 4
    INVERSE_REQUEST = 8
    INVERSE_REPLY = 9


@record
class ARP(Header):
    """An ARP packet: the whole of it, there is nothing inside."""

    ETHER_TYPE: ClassVar[int] = EtherType.ARP

    operation: Operation | int
    sender_mac: bytes
    """Read ones of six octets are a :class:`~rawkit.wire.address.MAC`."""
    sender_ip: IPv4Address | bytes
    """Octets where the protocol is not IPv4, or the length not four."""
    target_mac: bytes
    target_ip: IPv4Address | bytes
    hardware_type: int = ETHERNET
    protocol_type: int = EtherType.IPV4
    trailer: bytes = b""
    """Octets after the addresses: what fills an Ethernet frame up to 60."""
    hardware_length: int | None = computed(default=None)
    protocol_length: int | None = computed(default=None)

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < LAYOUT.size:
            raise TruncatedError(f"ARP: {len(data)} of {LAYOUT.size} header octets")
        hardware, protocol, mac_length, ip_length, operation = LAYOUT.unpack_from(data)
        end = LAYOUT.size + 2 * (mac_length + ip_length)
        if len(data) < end:
            raise TruncatedError(f"ARP: {len(data)} of {end} octets")
        parts = []
        at = LAYOUT.size
        for length in (mac_length, ip_length, mac_length, ip_length):
            parts.append(bytes(data[at : at + length]))
            at += length
        is_ipv4 = protocol == EtherType.IPV4 and ip_length == 4
        sender_ip, target_ip = (ipv4_address(ip) if is_ipv4 else ip for ip in parts[1::2])
        sender_mac, target_mac = (MAC(mac) if mac_length == 6 else mac for mac in parts[::2])
        header = cls(
            Operation(operation) if operation in KNOWN else operation,
            sender_mac,
            sender_ip,
            target_mac,
            target_ip,
            hardware,
            protocol,
            bytes(data[end:]),
            mac_length,
            ip_length,
        )
        return header, data[len(data) :]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        sender_ip, target_ip = _octets(self.sender_ip), _octets(self.target_ip)
        lengths = (self.hardware_length, self.protocol_length)
        for name, length, sender, target in (
            ("hardware", lengths[0], self.sender_mac, self.target_mac),
            ("protocol", lengths[1], sender_ip, target_ip),
        ):
            if length is None and len(sender) != len(target):
                raise BuildError(f"ARP: two {name} addresses of different lengths in {self}")
        try:
            head = LAYOUT.pack(
                self.hardware_type,
                self.protocol_type,
                len(self.sender_mac) if lengths[0] is None else lengths[0],
                len(sender_ip) if lengths[1] is None else lengths[1],
                self.operation,
            )
        except struct.error as error:
            raise BuildError(f"ARP: {error} in {self}") from error
        addresses = self.sender_mac + sender_ip + self.target_mac + target_ip
        return head + addresses + payload + self.trailer

    @property
    def is_ipv4_over_ethernet(self) -> bool:
        """Whether it speaks of IPv4 addresses and six octets of hardware address."""
        return (
            self.hardware_type == ETHERNET
            and isinstance(self.sender_ip, IPv4Address)
            and len(self.sender_mac) == 6
        )

    @property
    def is_probe(self) -> bool:
        """Whether it asks for an address on behalf of nobody (RFC 5227 §1.1)."""
        return self.operation == Operation.REQUEST and self.sender_ip == NO_ADDRESS

    @property
    def is_announcement(self) -> bool:
        """Whether it tells of its sender's address rather than asks or answers (RFC 5227 §1.1)."""
        return self.sender_ip == self.target_ip and self.sender_ip != NO_ADDRESS


KNOWN = frozenset(map(int, Operation))


def _octets(address: IPv4Address | bytes) -> bytes:
    if isinstance(address, IPv4Address):
        return address.packed
    if isinstance(address, bytes):
        return address
    raise BuildError(f"ARP: {address!r} is no IPv4Address")
