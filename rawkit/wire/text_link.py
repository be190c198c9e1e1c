"""What an ARP packet or a neighbour discovery message says, in tcpdump(8)'s words."""

from collections.abc import Iterator

from rawkit.wire.arp import ARP, ETHERNET, NO_MAC, Operation
from rawkit.wire.icmpv6 import Message
from rawkit.wire.ndp import (
    NeighborAdvertisement,
    NeighborSolicitation,
    RouterAdvertisement,
    RouterSolicitation,
)


def describe_arp(arp: ARP) -> str:
    """Return what an ARP packet says, its length last."""
    length = len(arp.pack())
    if len(arp.sender_mac) != len(NO_MAC) or isinstance(arp.sender_ip, bytes):
        kind = f"hardware {arp.hardware_type} (len {len(arp.sender_mac)})"
        return f"ARP, {kind}, protocol 0x{arp.protocol_type:04x}, length {length}"
    kind = "" if arp.hardware_type == ETHERNET else f"hardware {arp.hardware_type}, "
    return f"ARP, {kind}{_operation(arp)}, length {length}"


def describe_ndp(message: Message) -> str | None:
    """Return what a neighbour discovery message says, or ``None`` for another message."""
    match message:
        case RouterSolicitation():
            return "router solicitation"
        case RouterAdvertisement():
            return "router advertisement"
        case NeighborSolicitation(target=target):
            return f"neighbor solicitation, who has {target}"
        case NeighborAdvertisement(target=target):
            return f"neighbor advertisement, tgt is {target}"
    return None


def option_lines(message: object) -> Iterator[str]:
    """Yield the options of a neighbour discovery message, one a line."""
    match message:
        case (
            RouterSolicitation(options=options)
            | RouterAdvertisement(options=options)
            | NeighborSolicitation(options=options)
            | NeighborAdvertisement(options=options)
        ):
            yield from map(str, options)


def _operation(arp: ARP) -> str:
    sender, target = arp.sender_mac.hex(":"), arp.target_mac.hex(":")
    sender_ip, target_ip = str(arp.sender_ip), str(arp.target_ip)
    match arp.operation:
        case Operation.REQUEST:
            known = "" if arp.target_mac == NO_MAC else f" ({target})"
            return f"Request who-has {target_ip}{known} tell {sender_ip}"
        case Operation.REPLY:
            return f"Reply {sender_ip} is-at {sender}"
        case Operation.REVERSE_REQUEST:
            return f"Reverse Request who-is {target} tell {sender}"
        case Operation.REVERSE_REPLY:
            return f"Reverse Reply {target} at {target_ip}"
        case Operation.INVERSE_REQUEST:
            return f"Inverse Request who-is {target} tell {sender}"
        case Operation.INVERSE_REPLY:
            return f"Inverse Reply {sender} at {sender_ip}"
    return f"Unknown ({arp.operation})"
