"""How far into a packet a filter has come: each ``vlan`` moves what stands to its right."""

from rawkit.errors import FilterError
from rawkit.filters.links import LAYOUTS, Layout, Link, carries, service
from rawkit.filters.syntax import Span
from rawkit.filters.values import (
    All,
    Any,
    At,
    CarriedByIPv6,
    Condition,
    HasIPv6Header,
    Known,
    Masked,
    Opposite,
    any_bit,
    equal,
)
from rawkit.filters.words import ETHER
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.numbers import EtherType

TAGS = (EtherType.VLAN, 0x88A8, 0x9100)
"""EtherTypes of a tag: 802.1Q, 802.1ad, and what came before that."""
ID = 0x0FFF
EXTENSION_HEADERS = frozenset((0, 43, 44, 51, 60))
IPV4_PROTOCOL, IPV4_FRAGMENT, LATER = 9, 6, 0x1FFF


class Place:
    """Where the headers of a packet are, at some point of a filter."""

    def __init__(self, text: str, link: Link, tag_taken: bool) -> None:
        """Begin at the link's header.

        Args:
            text: the filter, for messages.
            link: what packets begin with.
            tag_taken: whether the kernel has taken a VLAN tag off this packet.
        """
        self.link = link
        self.layout: Layout = LAYOUTS[link]
        self.network = self.layout.network
        """Where the network header begins."""
        self._text = text
        self._protocol = self.layout.protocol
        self._tag_taken = tag_taken

    def problem(self, problem: str, at: Span) -> FilterError:
        """Return the error that says what is wrong at a place of the filter."""
        return FilterError(problem, self._text, *at)

    def tagged(self, id: int | None, at: Span) -> Condition:  # noqa: A002  # its name in 802.1Q
        """Return the condition that there is a VLAN tag, and move behind it."""
        if self._protocol is None:
            raise self.problem(f"there are no VLAN tags on {self.link.value}", at)
        if self._tag_taken:
            self._tag_taken = False
            tag = Masked(Known(Ancillary.VLAN_TAG), ID)
            return True if id is None else equal(tag, id)
        found: Condition = Any(tuple(equal(self._protocol, tag) for tag in TAGS))
        if id is not None:
            found = All((found, equal(Masked(At(2, self.network), ID), id)))
        self.network += 4
        self._protocol = At(2, self.network - 2)
        return found

    def is_type(self, ether_type: int) -> Condition:
        """Return the condition that the link carries this."""
        return carries(self.link, self._protocol, ether_type)

    def carries(self, layer: str | None, number: int, at: Span) -> Condition:
        """Return the condition that a layer carries a protocol; ``None``: IP does, any version."""
        match layer:
            case "ip":
                is_it = equal(At(1, self.network + IPV4_PROTOCOL), number)
                return All((self.is_type(EtherType.IPV4), is_it))
            case "ip6":
                return All((self.is_type(EtherType.IPV6), self._behind_ipv6(number)))
            case None:
                return Any((self.carries("ip", number, at), self.carries("ip6", number, at)))
            case _ if number > 1500:
                return self.is_type(number)
            case _:
                if (found := service(self.link, number)) is None:
                    raise self.problem(f"there is no 802.2 on {self.link.value}", at)
                return found

    def _behind_ipv6(self, number: int) -> Condition:
        if number in EXTENSION_HEADERS:
            return HasIPv6Header(self.network, number)
        return equal(Masked(CarriedByIPv6(self.network), 0xFF), number)

    def begins(self, version: int, number: int) -> Condition:
        """Return the condition that IP carries this protocol, and its header is in this packet."""
        if version == 6:
            is_it = equal(CarriedByIPv6(self.network), number)
            return All((self.is_type(EtherType.IPV6), is_it))
        is_later = any_bit(At(2, self.network + IPV4_FRAGMENT), LATER)
        return All((self.carries("ip", number, (0, 0)), Opposite(is_later)))

    def needs_header(self, what: str, at: Span) -> None:
        """Refuse what can be found in the link's header only, where that is not there."""
        if not self.layout.has_header:
            raise self.problem(
                f"there is no {what} on {self.link.value}: its header is not there", at
            )

    def needs_addresses(self, at: Span) -> None:
        """Refuse to look for hardware addresses where there are none."""
        self.needs_header(f"{ETHER} address", at)
        if not self.layout.has_addresses:
            raise self.problem(f"there are no {ETHER} addresses on {self.link.value}", at)
