"""What headers of links and tunnels have in common: an EtherType names what they carry."""

from typing import Self

from rawkit.errors import BuildError
from rawkit.record import field, record, replace
from rawkit.wire.ethernet import LONGEST_LENGTH
from rawkit.wire.packet import Header

LEAST_TYPE = 0x0600
"""Numbers below it are no EtherTypes (IEEE 802.3 §3.2.6)."""


class Carrier(Header):
    """A header around a packet of any EtherType, or a frame."""

    __slots__ = ()

    @property
    def carried_type(self) -> int | None:
        """The EtherType of what it carries; ``None`` if that cannot be told."""
        return None


@record
class EtherTyped(Carrier):
    """A header that has the EtherType of what it carries among its fields."""

    ether_type: int | None = field(default=None, kw_only=True)
    """What it carries; set by itself when a known header is put inside."""

    @property
    def carried_type(self) -> int | None:
        return as_type(self.ether_type)

    def carrying(self, inner: Header) -> Self:
        if self.ether_type is not None or inner.ETHER_TYPE is None:
            return self
        return replace(self, ether_type=inner.ETHER_TYPE)


def as_type(number: int | None) -> int | None:
    """Return a number if it can be an EtherType, or else ``None``."""
    return number if number is not None and number >= LEAST_TYPE else None


def length_of(payload: bytes, given: int | None, header: Header) -> int:
    """Return what to put where an EtherType may stand as well.

    Args:
        payload: what the length covers.
        given: the length to take as it is; ``None``: that of ``payload``.
        header: whose it is, for the error.

    Raises:
        BuildError: ``payload`` is so long that its length would be a type.
    """
    if given is None and len(payload) > LONGEST_LENGTH:
        name = type(header).__name__
        raise BuildError(f"{name}: {len(payload)} octets, above {LONGEST_LENGTH}")
    return len(payload) if given is None else given
