"""Segments from and to an address that the kernel does not have, through a packet socket."""

from rawkit.endpoint.guard_address import SpareAddress
from rawkit.endpoint.guarding import Guarding
from rawkit.endpoint.packet_link import PacketLink
from rawkit.errors import UsageError
from rawkit.record import replace
from rawkit.sockets import options
from rawkit.tcp.codec import Arrival


class SpareLink(PacketLink):
    """A packet link for a spare address; it also answers who looks for that."""

    def __init__(self, spare: SpareAddress, *, offload: bool = False) -> None:
        """Open the sockets.

        Args:
            spare: the address, which stays the caller's to close.
            offload: have segments cut and summed up by the kernel; else they leave whole.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            UsageError: the interface has no Ethernet headers.
        """
        self._spare = spare
        super().__init__(spare.address, spare.port, spare.interface, offload=offload)
        self._card = replace(self._card, mac=spare.mac)

    def receive(self, most: int) -> list[Arrival]:
        self._spare.answer()
        return super().receive(most)

    def filenos(self) -> tuple[int, ...]:
        return *super().filenos(), self._spare.fileno()

    def _set_up(self, port: int) -> None:
        version = self._local.version
        (options.IP_FREEBIND if version == 4 else options.IPV6_FREEBIND).set(self._in)
        super()._set_up(port)


def spare_link(guard: Guarding, *, offload: bool = False) -> SpareLink:
    """Return the link for a guard that is a spare address."""
    if not isinstance(guard, SpareAddress):
        raise UsageError("segments of a spare address are moved only for who answers for it")
    return SpareLink(guard, offload=offload)
