"""Turn what a filter says into conditions on octets, in the order in which libpcap asks."""

from rawkit.filters.links import LAYOUTS, Link
from rawkit.filters.merging import merged
from rawkit.filters.place import Place
from rawkit.filters.relations import related
from rawkit.filters.syntax import (
    Carries,
    Chain,
    Everything,
    Expression,
    Hosts,
    Network,
    Not,
    OnInterface,
    Outbound,
    Ports,
    Relation,
    Stations,
    Tagged,
    ToMany,
)
from rawkit.filters.values import (
    All,
    Any,
    At,
    Choice,
    Comparison,
    Condition,
    Known,
    Masked,
    Opposite,
    PastIPv4,
    PastIPv6,
    Test,
    Value,
    any_bit,
    equal,
)
from rawkit.filters.words import IP_PROTOCOLS
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.numbers import EtherType

FULL_WORD = 0xFFFF_FFFF
ETHER_DST, ETHER_SRC = 0, 6
IPV4_SRC, IPV4_DST, IPV6_SRC, IPV6_DST = 12, 16, 8, 24
ARP_SENDER, ARP_TARGET = 14, 24
RARP = 0x8035
MOST_PORT = 0xFFFF
PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OUTGOING = 1, 2, 4
LIKE_IPV4 = {
    "ip": (EtherType.IPV4, IPV4_SRC, IPV4_DST),
    "arp": (EtherType.ARP, ARP_SENDER, ARP_TARGET),
    "rarp": (RARP, ARP_SENDER, ARP_TARGET),
}
"""Where protocols that link carries have IPv4 addresses."""
PORT_ORDER = (132, IP_PROTOCOLS["tcp"], IP_PROTOCOLS["udp"])


def condition_of(
    expression: Expression, text: str, link: Link, netmask: int | None = None
) -> Condition:
    """Return what is to be asked of each packet.

    Args:
        expression: what the filter says.
        text: the filter.
        link: what packets begin with.
        netmask: of the network that ``ip broadcast`` is about.

    Raises:
        FilterError: it cannot be asked of such packets.
    """
    in_packet = _Translation(Place(text, link, tag_taken=False), netmask)
    condition = in_packet.of(expression)
    if not in_packet.asked_for_tags or not LAYOUTS[link].takes_tags_off:
        return condition
    taken = _Translation(Place(text, link, tag_taken=True), netmask).of(expression)
    is_taken = Test(Known(Ancillary.VLAN_TAG_PRESENT), Comparison.EQUAL, 1)
    return Choice(is_taken, taken, condition)


class _Translation:
    def __init__(self, place: Place, netmask: int | None) -> None:
        self._place = place
        self._netmask = netmask
        self.asked_for_tags = False

    def of(self, expression: Expression) -> Condition:
        match expression:
            case Chain():
                return self._chain(merged(expression))
            case Not(inner=inner):
                return Opposite(self.of(inner))
            case Everything():
                return True
            case Carries(layer=layer, number=number, at=at):
                return self._place.carries(layer, number, at)
            case Hosts():
                return self._hosts(expression)
            case Ports():
                return self._ports(expression)
            case Relation():
                return related(expression, self._place)
            case Tagged(id=id, at=at):
                self.asked_for_tags = True
                return self._place.tagged(id, at)
            case _:
                return self._of_the_link(expression)

    def _of_the_link(self, expression: Stations | ToMany | Outbound | OnInterface) -> Condition:
        layout = self._place.layout
        match expression:
            case Stations(at=at):
                self._place.needs_addresses(at)
                dst, src = (_address(start, expression.mac) for start in (ETHER_DST, ETHER_SRC))
                return _directed(expression.direction, src, dst)
            case ToMany():
                return self._to_many(expression)
            case OnInterface(number=number):
                return _known(layout.interface, number)
            case Outbound():
                return _known(layout.packet_type, PACKET_OUTGOING)

    def _chain(self, chain: Chain) -> Condition:
        parts, before = [self.of(chain.first)], ""
        for word, expression in chain.others:
            part = self.of(expression)
            if word != before and before:
                parts = [All(tuple(parts)) if before == "and" else Any(tuple(parts))]
            parts.append(part)
            before = word
        return All(tuple(parts)) if before == "and" else Any(tuple(parts))

    def _hosts(self, hosts: Hosts) -> Condition:
        found: list[Condition] = []
        for version in (4, 6):
            networks = [one for one in hosts.networks if one.version == version]
            if networks and version == 4:
                names = LIKE_IPV4 if hosts.protocol is None else [hosts.protocol]
                places = [LIKE_IPV4[name] for name in names]
            else:
                places = [(EtherType.IPV6, IPV6_SRC, IPV6_DST)] if networks else []
            found += [self._one_of(networks, hosts.direction, *one) for one in places]
        return Any(tuple(found))

    def _one_of(
        self, networks: list[Network], direction: str, ether_type: int, src: int, dst: int
    ) -> Condition:
        is_it = self._place.is_type(ether_type)
        ends = [
            Any(tuple(_within(self._place.network + place, network) for network in networks))
            for place in (src, dst)
        ]
        return _directed(direction, *(All((is_it, end)) for end in ends))

    def _ports(self, ports: Ports) -> Condition:
        numbers = PORT_ORDER if ports.protocol is None else [IP_PROTOCOLS[ports.protocol]]
        begins = {
            version: Any(tuple(self._place.begins(version, number) for number in numbers))
            for version in (6, 4)
        }
        ip = self._place.network
        src6, dst6 = (_in_range(PastIPv6(2, ip, place), ports) for place in (0, 2))
        src4, dst4 = (_in_range(PastIPv4(2, ip, place), ports) for place in (0, 2))
        return Any(
            (
                All((begins[6], _directed(ports.direction, src6, dst6))),
                All((begins[4], _directed(ports.direction, src4, dst4))),
            )
        )

    def _to_many(self, wanted: ToMany) -> Condition:
        place, layout = self._place, self._place.layout
        ip = place.network
        match wanted.layer, wanted.kind:
            case "ip", "multicast":
                first = Test(At(1, ip + IPV4_DST), Comparison.NOT_LESS, 0xE0)
                return All((place.is_type(EtherType.IPV4), first))
            case "ip", _:
                return All((place.is_type(EtherType.IPV4), self._ipv4_broadcast(wanted)))
            case "ip6", _:
                return All((place.is_type(EtherType.IPV6), equal(At(1, ip + IPV6_DST), 0xFF)))
            case _ if not layout.has_addresses:
                where = layout.packet_type
                is_broadcast = wanted.kind == "broadcast"
                return _known(where, PACKET_BROADCAST if is_broadcast else PACKET_MULTICAST)
            case _, "multicast":
                return any_bit(At(1, ETHER_DST), 1)
            case _:
                return _address(ETHER_DST, b"\xff" * 6)

    def _ipv4_broadcast(self, wanted: ToMany) -> Condition:
        if self._netmask is None:
            problem = "'ip broadcast' needs the mask of a network, and none is known here"
            raise self._place.problem(problem, wanted.at)
        hosts = ~self._netmask & FULL_WORD
        dst = At(4, self._place.network + IPV4_DST)
        return Any((_bits(dst, 0, hosts), _bits(dst, hosts, hosts)))


def _directed(direction: str, src: Condition, dst: Condition) -> Condition:
    match direction:
        case "src":
            return src
        case "dst":
            return dst
        case "and":
            return All((src, dst))
        case _:
            return Any((src, dst))


def _bits(value: At, number: int, mask: int) -> Condition:
    """Return the condition that some bits of a word are those of a number."""
    if mask == 0:
        return True
    return equal(value if mask == FULL_WORD else Masked(value, mask), number)


def _within(start: int, network: Network) -> Condition:
    """Return the condition that the address there is in a network."""
    if network.version == 4:
        return _bits(At(4, start), network.address, network.mask)
    words = [
        _bits(
            At(4, start + part),
            network.address >> 96 - 8 * part & FULL_WORD,
            network.mask >> 96 - 8 * part & FULL_WORD,
        )
        for part in range(0, 16, 4)
    ]
    return All(tuple(words))


def _in_range(value: Value, ports: Ports) -> Condition:
    found: list[Condition] = []
    for low, high in ports.ranges:
        not_less = Test(value, Comparison.NOT_LESS, low)
        not_more = Opposite(Test(value, Comparison.GREATER, high))
        found.append(equal(value, low) if low == high else All((not_less, not_more)))
    return Any(tuple(found))


def _address(start: int, mac: bytes) -> Condition:
    """Return the condition that six octets are these; libpcap asks for the last four first."""
    last, first = int.from_bytes(mac[2:], "big"), int.from_bytes(mac[:2], "big")
    return All((equal(At(4, start + 2), last), equal(At(2, start), first)))


def _known(value: Value | None, number: int) -> Condition:
    return False if value is None else equal(value, number)
