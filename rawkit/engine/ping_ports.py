"""What questions to a port have in common: source ports that take turns."""

from collections.abc import Sequence
from ipaddress import IPv6Address

from rawkit.engine.ping_question import Known, Question
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.ping_tally import Request, Tally
from rawkit.errors import UsageError
from rawkit.wire.address import Address

HIGHEST_PORT = 0xFFFF
NO_PORTS: Sequence[int] = (0,)


class SourcePorts:
    """The source ports of a ping: none are known before its pipe is open."""

    def __init__(self) -> None:
        self._by_version: dict[int, Sequence[int]] = {}

    def have(self, version: int, ports: Sequence[int]) -> None:
        """Take turns among these from now on."""
        self._by_version[version] = ports

    def of(self, version: int, turn: int) -> int:
        """Return the port whose turn it is; 0, if the kernel chooses."""
        ports = self._by_version.get(version, NO_PORTS)
        return ports[turn % len(ports)]


class PortQuestion(Question):
    """Asks a port. Requests take turns among source ports: each is a flow of its own."""

    def __init__(
        self,
        tallies: list[Tally],
        settings: PingSettings,
        key: bytes,
        transport: int,
        port: int,
        source_ports: SourcePorts,
    ) -> None:
        """Prepare to ask.

        Args:
            tallies: the books of every target.
            settings: what holds for all kinds.
            key: secret octets for marks.
            transport: TCP or UDP.
            port: of the targets.
            source_ports: ours; the pipe's opening fills them in.

        Raises:
            UsageError: there is no such port.
        """
        super().__init__(tallies, settings, 0, key, transport)
        check_port(port)
        self.port = port
        self._source_ports = source_ports

    def known(self, address: Address) -> Known:
        # A raw socket names the link that a packet came by, which the caller may have numbered.
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return super().known(address) or super().known(IPv6Address(int(address)))
        return super().known(address)

    def speaks_for(self, source: Address, number: int) -> bool:
        return number in self.known(source) or number in self.groups

    def source_port(self, request: Request) -> int:
        """Return the port that a request leaves from.

        So two requests to one host leave from the same one only if as many others did
        between them as there are ports.
        """
        version = self.outers[request.number].dst.version
        return self._source_ports.of(version, request.sequence + request.number)


def check_port(port: int) -> None:
    """Raise :class:`UsageError` for what is no port."""
    if not 0 < port <= HIGHEST_PORT:
        raise UsageError(f"port is {port}, not 1 to {HIGHEST_PORT}")
