"""How packets of a capture leave: frames by an interface, IP packets by the routes."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from rawkit.api.common import Place, inside
from rawkit.api.send import FULL, PATIENCE, TRIES
from rawkit.api.send_events import SendOptions
from rawkit.api.shots import Shots
from rawkit.errors import UsageError
from rawkit.host.links import HostLink, link
from rawkit.sockets import options
from rawkit.sockets.frames import FrameSocket, with_raw
from rawkit.sockets.kernel_rules import ipv4_as_sent
from rawkit.sockets.ports import NOTHING
from rawkit.sockets.refusals import refused
from rawkit.sockets.sending import Layer
from rawkit.sockets.settings import Settings
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.notation import Draft
from rawkit.wire.packet import Packet

ANY = Packet((Ethernet(bytes(6), bytes(6), options.ETH_P_ALL),))
"""A frame of whatever kind: it is for the kernel to look at the EtherType."""
NOT_FRAMED = (
    "frames leave by an interface: name it (-i, interface=), or send the IP packets in them"
    " (--layer ip, layer=)"
)


class Exits:
    """Sockets that are opened when they are needed, and kept.

    Args:
        interface: where frames leave; IP packets as well, if it is named.
        at: a node of a lab.
        sockets: what will close them.

    Raises:
        UsageError: there is no such interface.
    """

    def __init__(self, interface: str | None, at: Place | None, sockets: ExitStack) -> None:
        self._interface = interface
        self._at = at
        self._sockets = sockets
        self._post: Callable[[bytes], object] | None = None
        self._shots: dict[str, Shots] = {}
        self.link: HostLink | None = None
        """The interface, if one is named."""
        if interface is not None:
            with inside(at):
                self.link = link(interface)

    def prepare(self) -> None:
        """Open the socket for frames.

        Raises:
            MissingCapability: CAP_NET_RAW.
            UsageError: no interface is named.
        """
        if self._post is not None:
            return
        if self._interface is None:
            raise UsageError(NOT_FRAMED)
        with inside(self._at):
            socket = with_raw(self._opened)
        self._sockets.callback(socket.close)
        self._post = socket.poster(ANY)

    def send(self, octets: bytes, *, is_frame: bool) -> None:
        """Send a frame, or an IP packet.

        Raises:
            SendRefused: the kernel does not take it.
            RawkitError: there is no way for an IP packet.
        """
        if not is_frame:
            self._send_packet(octets)
            return
        self.prepare()
        assert self._post is not None
        self._hand_over(self._post, octets, Layer.FRAME)

    def _opened(self) -> FrameSocket:
        settings = Settings(transmit_stamps=False)
        return FrameSocket(self._interface, program=NOTHING, settings=settings)

    def _send_packet(self, octets: bytes) -> None:
        # What a raw socket would change leaves by one that changes nothing.
        is_odd = octets[0] >> 4 == 4 and bool(ipv4_as_sent(octets, None).changes)
        layer = "cooked" if is_odd else "auto"
        if layer not in self._shots:
            wanted: SendOptions = {"layer": layer, "interface": self._interface, "at": self._at}
            self._shots[layer] = Shots(wanted, self._sockets)
        for shot in self._shots[layer].of([Draft(dissect_ip(octets))], 1):
            self._hand_over(shot.post, shot.octets, shot.out.choice.layer)

    def _hand_over(self, post: Callable[[bytes], object], octets: bytes, layer: Layer) -> None:
        """Have the kernel take a packet, waiting for a full queue."""
        for again in range(TRIES):
            try:
                post(octets)
            except OSError as error:
                if error.errno not in FULL or again == TRIES - 1:
                    mtu = None if self.link is None else self.link.mtu
                    raise refused(error, layer, len(octets), mtu) from error
                time.sleep(PATIENCE)
            else:
                return
