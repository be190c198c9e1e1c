"""What every way of moving packets has in common."""

from typing import Protocol, runtime_checkable

from rawkit.wire.news import Fired, News, Salvo, Volley, Volleyed
from rawkit.wire.packet import Packet


class PacketIO(Protocol):
    """Sends and receives whole IP packets; never blocks."""

    def send(self, packet: Packet) -> None:
        """Hand one packet to the kernel.

        Raises:
            OSError: the kernel refused it.
        """
        ...

    def receive(self) -> News | None:
        """Return the next thing that has happened, or ``None`` if there is none yet.

        Mostly a :class:`~rawkit.wire.received.Received` packet; also the time at
        which a sent one left, and the count of those lost on this host.
        """
        ...

    def fileno(self) -> int:
        """Return the descriptor that turns readable when there is something to receive."""
        ...

    def close(self) -> None:
        """Give the socket back. Closing twice is harmless."""
        ...


@runtime_checkable
class VolleyIO(PacketIO, Protocol):
    """A pipe that can also play volleys and fire salvos."""

    def play(self, volley: Volley) -> Volleyed:
        """Send requests one by one, each as soon as the one before is answered.

        Raises:
            OSError: the kernel refused the very first.
        """
        ...

    def fire(self, salvo: Salvo) -> Fired:
        """Send requests one right after the other, and tell what has come by the end."""
        ...
