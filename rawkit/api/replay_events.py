"""What replaying is told to do, what it tells, and its outcome."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypedDict

from rawkit.api.common import Place
from rawkit.capture.blocks import Captured
from rawkit.capture.mending import Mended
from rawkit.capture.mending_settings import Remark, Skip
from rawkit.errors import SendRefused
from rawkit.filters.filter import Filter
from rawkit.record import record
from rawkit.wire.link import VLAN


class Timer(Protocol):
    """A clock, and a way to wait."""

    def now(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    def wait_until(self, at: float) -> None:
        """Return at this time of the clock, or at once if it is over."""
        ...


class ReplayOptions(TypedDict, total=False):
    """The keywords of ``replay``."""

    interface: str | None
    """Where frames leave; packets without a link's header leave where the route leads."""
    at: Place | None
    """A node of a lab."""
    layer: Literal["auto", "frame", "ip"]
    """What is sent: frames where there are frames, frames alone, or the IP packets in them."""
    filter: str | Filter
    """What chooses packets, in tcpdump's words, as they are in the capture."""
    limit: int | None
    """Packets at most, of those that the filter chose."""
    loops: int
    """How often the whole capture is sent."""
    dry_run: bool
    """Send nothing, wait for nothing, and take no privilege."""
    announce: "Callable[[ReplayEvent], object] | None"
    """Called with every packet that was sent, or was not."""

    speed: float
    """How many times as fast as it was captured."""
    rate: float | None
    """Instead: packets a second."""
    bits: float | None
    """Instead: bits a second, of the octets that are sent."""
    top: bool
    """Instead: as fast as possible."""
    longest: float | None
    """Seconds that a pause of the capture lasts at most."""

    addresses: Mapping[str, str]
    """Addresses, ranges or networks, and what they become."""
    macs: Mapping[str, str]
    """Hardware addresses, and what they become wherever they stand."""
    src_mac: str | None
    """The hardware address that frames are from."""
    dst_mac: str | None
    """The hardware address that frames are for."""
    ports: Mapping[int, int]
    """Ports of TCP, UDP and SCTP, and what they become on either side."""
    vlan: int | VLAN | None
    """The tag that each frame gets."""
    untag: bool
    """Take all tags away before."""

    fix: bool
    """Cut super-packets of TCP, and work out unfinished checksums."""
    mss: int | None
    """Octets of data in a TCP segment at most; ``None``: as in the handshake, and the MTU."""
    udp_segment: int | None
    """Octets of data to which longer datagrams are cut (UDP GSO)."""
    mtu: int | None
    """In octets; ``None``: that of the interface."""
    fragment: bool
    """Fragment what is still too long."""
    truncated: Literal["skip", "pad", "send"]
    """What becomes of packets that the capture has only the beginning of."""


@record
class PacketReplayed:
    """A packet was sent."""

    number: int
    """Its place in the capture, from 1."""
    captured: Captured
    """As it is in the capture."""
    mended: Mended
    """As it was sent, in one or more pieces."""
    due: float | None
    """Seconds from the first packet until it was to leave; ``None``: as soon as possible."""
    late: float | None
    """By how many seconds it left later; ``None``: it was not to leave at a time."""


@record
class PacketSkipped:
    """A packet was not sent."""

    number: int
    """Its place in the capture, from 1."""
    captured: Captured
    skip: Skip
    reason: str
    """In words."""


@record
class PacketNotTaken:
    """The kernel refused a packet, or a piece of it."""

    number: int
    """Its place in the capture, from 1."""
    captured: Captured
    mended: Mended
    error: SendRefused
    """Which errno it gave, and what that means."""


ReplayEvent = PacketReplayed | PacketSkipped | PacketNotTaken


@record
class ReplayReport:
    """What was replayed, and how."""

    read: int
    """Packets of the capture that were read, in all loops."""
    chosen: int
    """Those of them that the filter chose."""
    sent: int
    """Packets that the kernel took, the pieces of each counted one by one."""
    refused: int
    """Pieces that it did not take."""
    octets: int
    """Of all that were sent, from the outermost header on that is ours."""
    elapsed: float
    """Seconds from the first packet until after the last one."""
    skipped: dict[Skip, int]
    """How many packets were not sent, by the reason."""
    remarks: dict[Remark, int]
    """How many packets were changed beside what was asked for."""
    errors: dict[int, int]
    """How often each errno was the reason for a refusal."""
    first_error: str | None
    """The first reason, in words."""
    interface: str | None
    late_median: float | None
    """Seconds by which packets left later than they were due; half of them no more."""
    late_most: float | None
    """99 of 100 no more."""
    late_worst: float | None
    damage: str | None
    """Why the capture could not be read to its end."""
    is_dry: bool
    """Whether nothing was sent, but only looked at."""

    @property
    def is_whole(self) -> bool:
        """Whether all that was chosen was sent, and the capture was read to its end."""
        return not (self.refused or self.skipped or self.damage)
