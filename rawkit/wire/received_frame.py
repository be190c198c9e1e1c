"""A frame as it arrived: what only a pipe of frames tells."""

from typing import TYPE_CHECKING

from rawkit.record import record
from rawkit.wire.link_types import LinkType, dissect_on
from rawkit.wire.received import Received

if TYPE_CHECKING:
    from rawkit.wire.packet import Packet


@record
class ReceivedFrame(Received):
    """A frame as it arrived, as far as a packet socket tells."""

    number: int = 0
    """Its place among all that the pipe has heard, from 1."""
    time_ns: int = 0
    """Real time: nanoseconds since 1970, UTC, by the same stamp as ``time``."""
    octets: bytes = b""
    """What the link carried, with the VLAN tag put back; as captures are written."""
    length: int = 0
    """Octets that it had on the link; more than there are here, if it was cut short."""
    link_type: int = LinkType.ETHERNET
    """What ``octets`` begin with; a link without a header has ``RAW``."""
    super_packet: bool = False
    """Several packets that the kernel put together, or leaves to the hardware to be cut: no
    wire has ever carried it so (offload: GRO, GSO, TSO)."""

    @property
    def is_cut(self) -> bool:
        """Whether octets of it are missing here."""
        return len(self.octets) < self.length

    def whole(self) -> "Packet":
        """Return the headers from the first octet on: a VLAN tag is one of them."""
        if self.vlan is None and self.link_type == LinkType.ETHERNET:
            return self.packet
        return dissect_on(self.link_type, self.octets)
