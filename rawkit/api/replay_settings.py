"""The options of ``replay`` as those who do the work want them."""

from rawkit.api.replay_events import ReplayOptions
from rawkit.capture.mending_settings import MendingSettings
from rawkit.engine.pace import PaceSettings
from rawkit.errors import UsageError
from rawkit.host.address_map import AddressMap
from rawkit.wire.address import MAC
from rawkit.wire.link import VLAN
from rawkit.wire.rewrite import Rewriting, same

HIGHEST_PORT = 0xFFFF
HIGHEST_VLAN = 0xFFF


def pace_of(options: ReplayOptions) -> PaceSettings:
    """Return how fast packets are to leave.

    Raises:
        UsageError: it makes no sense.
    """
    return PaceSettings(
        speed=options.get("speed", 1.0),
        rate=options.get("rate"),
        bits=options.get("bits"),
        top=options.get("top", False),
        longest=options.get("longest"),
    )


def mending_of(options: ReplayOptions) -> MendingSettings:
    """Return what is done to packets before.

    Raises:
        UsageError: it makes no sense.
    """
    vlan = options.get("vlan")
    if isinstance(vlan, int):
        vlan = VLAN(vlan)
    if vlan is not None and not 0 <= vlan.id <= HIGHEST_VLAN:
        raise UsageError(f"vlan is {vlan.id}, not from 0 to {HIGHEST_VLAN}")
    return MendingSettings(
        rewriting=rewriting_of(options),
        fix=options.get("fix", True),
        mss=options.get("mss"),
        mtu=options.get("mtu"),
        udp_segment=options.get("udp_segment"),
        fragment=options.get("fragment", False),
        truncated=options.get("truncated", "skip"),
        layer=options.get("layer", "auto"),
        vlan=vlan,
        untag=options.get("untag", False),
    )


def rewriting_of(options: ReplayOptions) -> Rewriting:
    """Return what becomes of addresses and ports.

    Raises:
        UsageError: it makes no sense.
    """
    addresses, ports = options.get("addresses"), options.get("ports", {})
    for old, new in ports.items():
        if not (0 <= old <= HIGHEST_PORT and 0 <= new <= HIGHEST_PORT):
            raise UsageError(f"{old}={new}: ports are from 0 to {HIGHEST_PORT}")
    macs: dict[bytes, MAC] = {_mac(a): _mac(b) for a, b in options.get("macs", {}).items()}
    src, dst = options.get("src_mac"), options.get("dst_mac")
    return Rewriting(
        address=AddressMap(addresses) if addresses else same,
        macs=macs,
        src_mac=None if src is None else _mac(src),
        dst_mac=None if dst is None else _mac(dst),
        ports=ports,
    )


def _mac(word: str) -> MAC:
    try:
        return MAC.parse(word)
    except ValueError as error:
        raise UsageError(f"{word!r} is no hardware address (02:00:00:00:01:02)") from error
