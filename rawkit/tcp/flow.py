"""Whose connection it is: two sockets, in the RFC's sense of an address and a port."""

from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.wire.address import Address

HIGHEST_PORT = 0xFFFF


@record
class Flow:
    """The two ends of a connection, seen from ours."""

    local: Address
    local_port: int
    remote: Address
    remote_port: int

    def __post_init__(self) -> None:
        if self.local.version != self.remote.version:
            raise UsageError(f"{self.local} and {self.remote} are of different families")
        for port in (self.local_port, self.remote_port):
            if not 0 <= port <= HIGHEST_PORT:
                raise UsageError(f"port {port}: 0 to {HIGHEST_PORT} fit")

    @property
    def key(self) -> bytes:
        """What its arriving packets have in common: addresses and ports as octets, theirs first."""
        ports = self.remote_port << 16 | self.local_port
        return self.remote.packed + self.local.packed + ports.to_bytes(4, "big")

    @classmethod
    def of_key(cls, key: bytes) -> "Flow":
        """Return the flow that has this key."""
        size = (len(key) - 4) // 2
        make = IPv4Address if size == 4 else IPv6Address
        remote, local, ports = key[:size], key[size : 2 * size], key[2 * size :]
        theirs, ours = int.from_bytes(ports[:2], "big"), int.from_bytes(ports[2:], "big")
        return cls(make(local), ours, make(remote), theirs)

    @property
    def version(self) -> int:
        """Of IP: 4 or 6."""
        return self.local.version

    def __str__(self) -> str:
        return f"{_ended(self.local, self.local_port)} > {_ended(self.remote, self.remote_port)}"


def _ended(address: Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
