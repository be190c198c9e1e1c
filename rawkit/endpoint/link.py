"""What moves the segments of one local port, and what it can do."""

from typing import Protocol

from rawkit.record import record
from rawkit.tcp.codec import Arrival, Reader, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice
from rawkit.tcp.segment import Segment


@record(frozen=False, eq=False)
class Traffic:
    """What a link has done, in packets."""

    sent: int = 0
    received: int = 0
    refused: int = 0
    """Not taken by the kernel: a full queue, a firewall, no route. They count as lost."""
    last_refusal: OSError | None = None


class Link(Protocol):
    """Moves segments; never blocks."""

    name: str
    """Of the kind: ``"raw"``, ``"packet"``, ``"memory"``, …"""
    gso: int
    """The largest payload that it takes and cuts itself; 0: it does not."""
    traffic: Traffic
    reader: Reader
    """What it made of what arrived."""

    def mtu_to(self, flow: Flow) -> int:
        """Return the largest packet that leaves whole for there, in octets."""
        ...

    def send(self, writer: Writer, segments: list[Segment]) -> None:
        """Send segments of one flow, in order; what the kernel does not take is lost."""
        ...

    def receive(self, most: int) -> list[Arrival]:
        """Return what has come, at most so many segments."""
        ...

    def advice(self) -> list[tuple[Flow, Advice]]:
        """Return what ICMP errors have said."""
        ...

    def filenos(self) -> tuple[int, ...]:
        """Return the descriptors that turn readable when there is something."""
        ...

    def close(self) -> None:
        """Give it back. Closing twice is harmless."""
        ...
