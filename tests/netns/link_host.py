"""A host on a link that says what a test wants: a thread on a packet socket."""

import os
import select
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

from rawkit.lab.topology import Node
from rawkit.sockets.frames import FrameSocket
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received

NOTHING = 0x88B5
"""An EtherType for experiments (IEEE 802), which nobody uses: what only speaks hears nothing."""

Says = Callable[[Packet], Iterable[Packet]]
"""What is sent when this frame is heard?"""


class LinkHost:
    """Answers on a node's link, beside the node's own kernel, until the block is left."""

    def __init__(self, node: Node, says: Says, interface: str = "eth0") -> None:
        self._says = says
        with node.here():
            self._io = FrameSocket(interface, promiscuous=True, ignore_outgoing=True)
            self._mouth = FrameSocket(interface, NOTHING)
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.heard: list[Packet] = []
        """Every frame that came, in order."""
        self.mac = self._io.mac

    def say(self, *frames: Packet) -> None:
        """Send frames that nobody asked for."""
        for frame in frames:
            self._mouth.send(frame)

    def __enter__(self) -> "LinkHost":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        self._io.close()
        self._mouth.close()
        os.close(self._stop)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._io.fileno(), self._stop], [], [])
            if self._stop in ready:
                return
            while (news := self._io.receive()) is not None:
                if isinstance(news, Received):
                    self.heard.append(news.packet)
                    for frame in self._says(news.packet):
                        self._io.send(frame)
