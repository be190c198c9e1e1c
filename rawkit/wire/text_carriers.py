"""What the headers of links and tunnels say, in tcpdump(8)'s words."""

from rawkit.wire.carrier import Carrier
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.gre import GRE
from rawkit.wire.llc import IEEE8023, LLC, SAP, SNAP
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Packet
from rawkit.wire.vlan import VLANTag
from rawkit.wire.vxlan import VALID, VXLAN

SAP_NAMES = {
    SAP.NULL: "Null",
    SAP.IP: "IP",
    SAP.SPANNING_TREE: "STP",
    SAP.NETWARE: "Netware",
    SAP.NETBIOS: "NetBeui",
    SAP.OSI: "OSI",
    SAP.SNAP: "SNAP",
    SAP.GLOBAL: "Global",
}
LOWEST_BIT = 1


def describe_carrier(header: Carrier, size: int | str, left: int, inside: str | None) -> str:
    """Return what a header says, and then what is inside.

    Args:
        header: any such header.
        size: octets of it and all inside, or ``"?"``.
        left: octets of payload, if nothing was read inside.
        inside: what was read; ``None``: nothing.
    """
    match header:
        case VLANTag(id=number, priority=priority):
            drop = ", DEI" if header.drop_eligible else ""
            rest = inside or f"{_kind(header)}, length {left}"
            return f"vlan {number}, p {priority}{drop}, {rest}"
        case GRE():
            rest = inside or f"gre-proto-0x{header.ether_type or 0:x}"
            return f"{', '.join(_gre(header))}, length {size}: {rest}"
        case VXLAN(vni=vni, flags=flags):
            words = f"VXLAN, flags [{'I' if flags & VALID else '.'}] (0x{flags:02x}), vni {vni}"
            return f"{words}: {inside}" if inside else words
        case SNAP(oui=oui, ether_type=identifier):
            what = f"LLC SNAP, oui 0x{oui.hex()}, pid 0x{identifier or 0:04x}, length {left}"
            return inside or what
        case LLC():
            return inside or f"{_llc(header)}, length {left}"
    return inside or type(header).__name__


def addressed(frame: Ethernet, inside: Packet, size: int | str, words: str) -> str:
    """Return ``words`` behind the addresses of a frame, if they tell of none inside.

    Args:
        frame: the header of the frame.
        inside: what it carries, with a header at least.
        size: octets of that, or ``"?"``.
        words: what that says.
    """
    if not all(isinstance(header, Carrier) for header in inside.headers):
        return words
    ends = f"{frame.src.hex(':')} > {frame.dst.hex(':')}"
    if isinstance(frame, IEEE8023):
        return f"{ends}, 802.3, length {size if frame.length is None else frame.length}: {words}"
    return f"{ends}, {words}"


def is_absent(header: Carrier, name: str) -> bool:
    """Return whether a field that is not set is not sent either."""
    match header:
        case GRE():
            unsent = name == "checksum" and not header.checksum_present
            return unsent or name in ("key", "sequence")
        case VLANTag():
            return name == "length" and header.ether_type != EtherType.LENGTH
    return False


def _kind(tag: VLANTag) -> str:
    number = tag.ether_type
    if number == EtherType.LENGTH:
        return "802.3"
    return "ethertype unset" if number is None else f"ethertype 0x{number:04x}"


def _gre(header: GRE) -> list[str]:
    words = ["GREv0"]
    if header.checksum_present:
        words.append(f"off 0x{header.reserved1:x}")
    if header.key is not None:
        words.append(f"key=0x{header.key:x}")
    if header.sequence is not None:
        words.append(f"seq {header.sequence}")
    return words


def _llc(header: LLC) -> str:
    to = "Group" if header.dsap & LOWEST_BIT else "Individual"
    kind = "Response" if header.ssap & LOWEST_BIT else "Command"
    width = 2 if header.control <= 0xFF else 4
    control = f"ctrl 0x{header.control:0{width}x}"
    return f"LLC, dsap {_sap(header.dsap)} {to}, ssap {_sap(header.ssap)} {kind}, {control}"


def _sap(number: int) -> str:
    for known in (number, number & ~LOWEST_BIT):
        if known in SAP_NAMES:
            return f"{SAP_NAMES[SAP(known)]} (0x{known:02x})"
    return f"Unknown (0x{number & ~LOWEST_BIT:02x})"
