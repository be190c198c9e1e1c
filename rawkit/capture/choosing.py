"""Choose packets of capture files by filters."""

from collections.abc import Iterator, Mapping
from typing import Unpack

from rawkit.capture.blocks import Captured, Interface
from rawkit.errors import FilterError
from rawkit.filters.filter import Filter, Surroundings
from rawkit.filters.links import Link
from rawkit.filters.parser import parse
from rawkit.wire.bpf import ALL
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.link_types import LinkType

LINKS: dict[int, Link] = {
    LinkType.ETHERNET: Link.ETHERNET,
    LinkType.RAW: Link.RAW,
    LinkType.RAW_BSD: Link.RAW,
    LinkType.RAW_OPENBSD: Link.RAW,
    LinkType.IPV4: Link.IPV4,
    LinkType.IPV6: Link.IPV6,
    LinkType.LINUX_SLL: Link.SLL,
    LinkType.LINUX_SLL2: Link.SLL2,
    LinkType.NULL: Link.NULL,
    LinkType.LOOP: Link.LOOP,
}


class CaptureFilter:
    """A filter for packets from files, of any link. Call it with a packet.

    A program is made for each interface when its first packet comes. A packet whose
    direction nobody knows passes no filter that asks for it.
    """

    def __init__(self, wanted: str | Filter, **surroundings: Unpack[Surroundings]) -> None:
        """Read the filter.

        Args:
            wanted: a filter in tcpdump's words; or one that is a program already, which
                then has to fit the links of the packets.
            **surroundings: what it may speak of. Interfaces are known by their names in
                the file.

        Raises:
            FilterError: it makes no sense.
        """
        self._wanted = wanted
        self._surroundings = surroundings
        self._made: dict[Interface, Filter] = {}
        self._last: tuple[Interface | None, Filter | None] = None, None
        if isinstance(wanted, str):
            parse(wanted, surroundings.get("resolve"), _Names(None))

    def __call__(self, packet: Captured) -> bool:
        """Tell whether a packet passes.

        Raises:
            FilterError: it asks for what packets of this link do not have.
        """
        interface, chosen = self._last
        if interface is not packet.interface or chosen is None:
            chosen = self._for(packet.interface)
            self._last = packet.interface, chosen
        if not chosen.needs:
            return chosen.matches(packet.octets, packet.length)
        about = packet.about
        if Ancillary.PACKET_TYPE in chosen.needs and Ancillary.PACKET_TYPE not in about:
            return False
        return chosen.matches(packet.octets, packet.length, about)

    def _for(self, interface: Interface) -> Filter:
        if isinstance(self._wanted, Filter):
            return self._wanted
        if interface not in self._made:
            link = LINKS.get(interface.link_type)
            text = self._wanted
            if link is None:
                problem = f"filters do not know packets of link type {interface.link_type!r}"
                raise FilterError(problem, text, 0, len(text))
            surroundings: Surroundings = {**self._surroundings, "interfaces": _Names(interface)}
            self._made[interface] = Filter.compile(text, link, **surroundings)
        return self._made[interface]


class _Names(Mapping[str, int]):
    """The number of one interface by its name; all other names are those of no packet of it."""

    def __init__(self, interface: Interface | None) -> None:
        self._interface = interface

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> int:
        is_it = self._interface is not None and self._interface.name == name
        return self._interface.number if self._interface is not None and is_it else ALL

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
