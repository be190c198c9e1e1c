"""Two pipes as one: IPv4 and IPv6 in a single session."""

import select
from collections.abc import Sequence

from rawkit.errors import BuildError
from rawkit.sockets.packet_io import PacketIO
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News
from rawkit.wire.packet import Packet


class Merged:
    """A pipe for each version of IP, behind one descriptor (epoll(7)). Closes them, too."""

    def __init__(self, pipes: Sequence[PacketIO]) -> None:
        """Take over two pipes.

        Args:
            pipes: the one for IPv4 and the one for IPv6, in this order.
        """
        self._for_ipv4, self._for_ipv6 = pipes
        self._turn = list(pipes)
        self._epoll = select.epoll()
        for pipe in pipes:
            self._epoll.register(pipe.fileno(), select.EPOLLIN)

    def send(self, packet: Packet) -> None:
        match packet.headers:
            case (IPv4(), *_):
                self._for_ipv4.send(packet)
            case (IPv6(), *_):
                self._for_ipv6.send(packet)
            case _:
                raise BuildError(f"neither IPv4 nor IPv6: {packet.outline}")

    def receive(self) -> News | None:
        """Return the next news of either pipe; they take turns."""
        for pipe in self._turn:
            if (news := pipe.receive()) is not None:
                self._turn.reverse()
                return news
        return None

    def fileno(self) -> int:
        return self._epoll.fileno() if not self._epoll.closed else -1

    def close(self) -> None:
        self._for_ipv4.close()
        self._for_ipv6.close()
        self._epoll.close()
