"""The sockets of an exchange as one pipe."""

import socket
from collections.abc import Sequence

from rawkit.api.outgoing import Outgoing
from rawkit.sockets.kernel import KernelSocket
from rawkit.sockets.probes import ProbePipe
from rawkit.sockets.refusals import refused
from rawkit.wire.news import News, Transmitted
from rawkit.wire.packet import Packet


class ExchangePipe(ProbePipe):
    """Sends a question, in fragments if it is cut, and says why the kernel refuses it."""

    def __init__(
        self,
        out: Outgoing,
        parts: Sequence[Packet],
        sender: KernelSocket,
        receivers: Sequence[KernelSocket],
        held: socket.socket | None,
    ) -> None:
        """Take over sockets.

        Args:
            out: the question and its way.
            parts: what is sent for it: one packet, or its fragments.
            sender: what sends.
            receivers: what hears answers.
            held: what holds the port of the question, if it has one.
        """
        super().__init__([sender], receivers, [held] if held else [])
        self._out = out
        self._parts = parts
        self._question = parts[0]

    def send(self, packet: Packet) -> None:
        self._question = packet
        parts = self._parts if len(self._parts) > 1 else (packet,)
        for part in parts:
            try:
                super().send(part)
            except OSError as error:
                layer, size = self._out.choice.layer, len(bytes(self._out.draft.packet))
                raise refused(error, layer, size, self._out.mtu) from error

    def receive(self) -> News | None:
        while isinstance(news := super().receive(), Transmitted) and len(self._parts) > 1:
            if news.packet is self._parts[-1]:
                return Transmitted(self._question, news.time, news.clock)
        return news
