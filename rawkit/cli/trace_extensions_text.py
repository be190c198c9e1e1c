"""What routers tell besides, as text: MPLS labels and interfaces (RFC 4950, RFC 5837)."""

from rawkit.wire.multipart import ExtensionObject, InterfaceInfo, Role

ROLES = {
    Role.INCOMING: "INC",
    Role.SUB_IP: "SUB",
    Role.OUTGOING: "OUT",
    Role.NEXT_HOP: "NXT",
}


def extensions_text(objects: tuple[ExtensionObject, ...]) -> str:
    """Return extension objects as traceroute(8) ``-e`` shows them, interfaces as 2.1.4 does."""
    return ";".join(_object_text(one) for one in objects)


def _object_text(one: ExtensionObject) -> str:
    match one.decoded:
        case tuple() as stack:
            return "MPLS:" + "/".join(
                f"L={entry.label},E={entry.traffic_class},S={entry.bottom:d},T={entry.ttl}"
                for entry in stack
            )
        case InterfaceInfo() as info:
            name = "".join(c if c.isprintable() else "?" for c in info.name or "")
            parts = (
                "" if info.index is None else str(info.index),
                "" if info.address is None else str(info.address),
                f'"{name}"' if name else "",
                "" if info.mtu is None else f"mtu={info.mtu}",
            )
            return f"{ROLES[info.role]}:" + ",".join(filter(None, parts))
        case _:
            octets = one.payload
            words = (octets[place : place + 4].hex() for place in range(0, len(octets), 4))
            return f"{one.class_number}/{one.class_type}:" + ",".join(words)
