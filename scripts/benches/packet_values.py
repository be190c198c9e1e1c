"""Packets to measure with: a mix of hosts, ports and numbers, the same for every library."""

import random
from collections.abc import Iterator
from typing import NamedTuple

KINDS = ("TCP", "UDP", "TCP in IPv6")
"""Each in an Ethernet frame; the first two in IPv4."""
COUNT = 1000
HOSTS = 64
STATIONS = 8
PAYLOAD = 20
TTL, WINDOW = 64, 64240


class Values(NamedTuple):
    """What differs from packet to packet; addresses are octets.

    All else is at its default, but for IPv4's "do not fragment": it is not set, since that
    costs others dear.
    """

    dst_mac: bytes
    src_mac: bytes
    src: bytes
    dst: bytes
    identification: int
    src_port: int
    dst_port: int
    sequence: int
    acknowledgment: int
    flags: int
    payload: bytes


def values_of(kind: str, count: int = COUNT, seed: int = 1) -> Iterator[Values]:
    """Yield values for packets of a kind: those of some hosts on a link that talk to others."""
    chance = random.Random(seed)
    net = bytes.fromhex("20010db8") + bytes(11) if kind.endswith("IPv6") else b"\xc0\0\2"
    hosts = [net + bytes((number,)) for number in range(1, HOSTS + 1)]
    stations = [b"\2\0\0\0\0" + bytes((number,)) for number in range(STATIONS)]
    for _ in range(count):
        dst_mac, src_mac = chance.sample(stations, 2)
        src, dst = chance.sample(hosts, 2)
        yield Values(
            dst_mac,
            src_mac,
            src,
            dst,
            chance.getrandbits(16),
            chance.randrange(1024, 65536),
            chance.randrange(1024, 65536),
            chance.getrandbits(32),
            chance.getrandbits(32),
            chance.choice((0x02, 0x10, 0x12, 0x18)),
            chance.randbytes(PAYLOAD),
        )
