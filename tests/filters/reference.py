"""What a filter means, worked out from its tree and the packet, without any program."""

from collections.abc import Callable, Mapping

from rawkit.filters.links import Link
from rawkit.filters.syntax import (
    Calculation,
    Carries,
    Chain,
    Everything,
    Expression,
    Hosts,
    Length,
    Network,
    Not,
    Number,
    OnInterface,
    Outbound,
    Part,
    Ports,
    Relation,
    Stations,
    Sum,
    Tagged,
    ToMany,
)
from rawkit.wire.bpf_ancillary import Ancillary

HEADERS = {
    Link.ETHERNET: 14,
    Link.FRAMES: 14,
    Link.SLL: 16,
    Link.SLL2: 20,
    Link.NULL: 4,
    Link.LOOP: 4,
}
TYPES = {Link.ETHERNET: 12, Link.FRAMES: 12, Link.SLL: 14, Link.SLL2: 0}
TAGS = (0x8100, 0x88A8, 0x9100)
NUMBERS = {
    "tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmp6": 58, "igmp": 2, "pim": 103, "esp": 50,
    "ah": 51, "vrrp": 112,
}  # fmt: skip
EXTENSION_HEADERS = (0, 43, 44, 51, 60)
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a // b, "%": lambda a, b: a % b, "&": lambda a, b: a & b,
    "|": lambda a, b: a | b, "^": lambda a, b: a ^ b, "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
}  # fmt: skip
RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, ">": lambda a, b: a > b,
    "<": lambda a, b: a < b, ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
}  # fmt: skip


class Short(Exception):
    """The answer is beyond the end of the packet: a program would let it not pass."""


class Absent(Exception):
    """A header that a comparison is about is not there."""


class Reading:
    """One filter and one packet."""

    def __init__(self, octets: bytes, link: Link, about: Mapping[int, int]) -> None:
        self.octets, self.link, self.about = octets, link, about
        self.network = HEADERS.get(link, 0)
        self.tags = 0
        self.untagged = about.get(Ancillary.VLAN_TAG_PRESENT, 0)

    def at(self, place: int, size: int = 1) -> int:
        if place < 0 or place + size > len(self.octets):
            raise Short
        return int.from_bytes(self.octets[place : place + size], "big")

    def ether_type(self) -> int:
        if self.tags:
            return self.at(self.network - 2, 2)
        match self.link:
            case Link.COOKED:
                return self.about[Ancillary.PROTOCOL]
            case Link.RAW:
                return {4: 0x0800, 6: 0x86DD}.get(self.at(0) >> 4, 0)
            case Link.IPV4 | Link.IPV6:
                return 0x0800 if self.link is Link.IPV4 else 0x86DD
            case Link.NULL | Link.LOOP:
                families = {2: 0x0800, 10: 0x86DD, 24: 0x86DD, 28: 0x86DD, 30: 0x86DD}
                big = families.get(self.at(0, 4), 0)
                little = int.from_bytes(self.octets[:4], "little")
                return big or (families.get(little, 0) if self.link is Link.NULL else 0)
            case _:
                return self.at(TYPES[self.link], 2)

    def version(self) -> int:
        return {0x0800: 4, 0x86DD: 6}.get(self.ether_type(), 0)

    def chain(self) -> tuple[list[int], int, bool]:
        """Return the headers behind IPv6's, where the last begins, whether it is not there."""
        place, number = self.network + 40, self.at(self.network + 6)
        headers = [number]
        while number in EXTENSION_HEADERS and len(headers) <= 6:
            if number == 44 and self.at(place + 2, 2) & 0xFFF8:
                return [*headers, self.at(place)], place, True
            number, size = self.at(place), self.at(place + 1)
            sizes = {44: 8, 51: (size + 2) * 4}
            place += sizes.get(headers[-1], (size + 1) * 8)
            headers.append(number)
        return headers, place, False

    def carried(self, version: int) -> int:
        """Return the IP protocol."""
        if version == 4:
            return self.at(self.network + 9)
        return self.chain()[0][-1]

    def inside(self, version: int, number: int) -> int:
        """Return where such a header begins."""
        if not version or self.version() != version or self.carried(version) != number:
            raise Absent
        if version == 6:
            _, place, is_later = self.chain()
        else:
            place = self.network + (self.at(self.network) & 15) * 4
            is_later = bool(self.at(self.network + 6, 2) & 0x1FFF)
        if is_later:
            raise Absent
        return place

    def holds(self, expression: Expression) -> bool:
        match expression:
            case Chain():
                return self.chained(expression)
            case Not(inner=inner):
                return not self.holds(inner)
            case Carries():
                return self.carries(expression.layer, expression.number)
            case Hosts():
                return any(self.hosts(expression, network) for network in expression.networks)
            case Ports():
                return self.ports(expression)
            case Relation():
                return self.relation(expression)
            case Tagged(id=id):
                return self.tagged(id)
            case _:
                return self.of_the_link(expression)

    def chained(self, chain: Chain) -> bool:
        result = self.holds(chain.first)
        for word, other in chain.others:
            before = self.network, self.tags, self.untagged
            needed = result if word == "and" else not result
            try:
                answer = self.holds(other)  # in any case: it may move on
            except Short:
                if needed:
                    raise
                answer = False
                self.network, self.tags, self.untagged = moved(other, *before)
            result = (result and answer) if word == "and" else (result or answer)
        return result

    def carries(self, layer: str | None, number: int) -> bool:
        version = self.version()
        if layer == "ether":
            if number > 1500:
                return self.ether_type() == number
            both = number in (6, 0xF0, 0xFE)
            wanted = number << 8 | number if both else number
            return self.ether_type() <= 1500 and self.at(14, 1 + both) == wanted
        if layer not in (None, {4: "ip", 6: "ip6"}.get(version, "")) or not version:
            return False
        if version == 6 and number in EXTENSION_HEADERS:
            return number in self.chain()[0][:7]
        return self.carried(version) == number

    def hosts(self, hosts: Hosts, network: Network) -> bool:
        protocols = {0x0800: "ip", 0x86DD: "ip6", 0x0806: "arp", 0x8035: "rarp"}
        name = protocols.get(self.ether_type())
        if name is None or hosts.protocol not in (None, name):
            return False
        if (network.version == 6) != (name == "ip6"):
            return False
        places, size = {"ip": ((12, 16), 4), "ip6": ((8, 24), 16)}.get(name, ((14, 24), 4))

        def end(which: int) -> bool:
            address = self.at(self.network + places[which], size)
            return address & network.mask == network.address

        return directed(hosts.direction, end)

    def ports(self, ports: Ports) -> bool:
        version = self.version()
        for name in ("sctp", "tcp", "udp"):
            if ports.protocol in (None, name) and version:
                try:
                    place = self.inside(version, NUMBERS[name])
                except Absent:
                    continue

                def end(which: int, place: int = place) -> bool:
                    port = self.at(place + 2 * which, 2)
                    return any(low <= port <= high for low, high in ports.ranges)

                return directed(ports.direction, end)
        return False

    def relation(self, relation: Relation) -> bool:
        try:
            left, right = self.value(relation.left), self.value(relation.right)
        except Absent:
            return False
        return RELATIONS[relation.operator](left, right)

    def value(self, side: Sum) -> int:
        match side:
            case Number(value=value):
                return value
            case Length():
                return len(self.octets)
            case Calculation(operator=operator, left=left, right=right):
                one, other = self.value(left), self.value(right)
                if operator in "/%" and other == 0:
                    raise Short
                return OPERATIONS[operator](one, other) & 0xFFFF_FFFF
            case Part():
                return self.part(side)

    def part(self, part: Part) -> int:
        if part.protocol in ("ether", "link"):
            start = 0
        elif part.protocol in ("ip", "ip6", "arp", "rarp"):
            wanted = {"ip": 0x0800, "ip6": 0x86DD, "arp": 0x0806, "rarp": 0x8035}[part.protocol]
            if self.ether_type() != wanted:
                raise Absent
            start = self.network
        else:
            only = {"icmp": 4, "igmp": 4, "vrrp": 4, "icmp6": 6}.get(part.protocol, self.version())
            start = self.inside(only, NUMBERS[part.protocol])
        return self.at(start + self.value(part.index), part.size)

    def tagged(self, identifier: int | None) -> bool:
        if self.untagged:
            self.untagged = 0
            return identifier is None or self.about[Ancillary.VLAN_TAG] & 0xFFF == identifier
        found = self.ether_type() in TAGS
        if found and identifier is not None:
            found = self.at(self.network, 2) & 0xFFF == identifier
        self.network, self.tags = self.network + 4, self.tags + 1
        return found

    def of_the_link(self, expression: Expression) -> bool:
        where = self.about.get(Ancillary.PACKET_TYPE, 0)
        if self.link in (Link.SLL, Link.SLL2):
            where = self.at(0, 2) if self.link is Link.SLL else self.at(10)
        match expression:
            case Everything():
                return True
            case Stations(direction=direction, mac=mac):
                return directed(direction, lambda which: self.octets[6 - 6 * which :][:6] == mac)
            case Outbound():
                return where == 4
            case OnInterface(number=number):
                is_told = self.link is Link.SLL2
                number_here = self.about.get(Ancillary.INTERFACE, 0)
                return (self.at(4, 4) if is_told else number_here) == number
            case ToMany():
                return self.to_many(expression, where)
        raise AssertionError(expression)

    def to_many(self, wanted: ToMany, where: int) -> bool:
        if wanted.layer in ("ip", "ip6"):
            version, place, first = (4, 16, 224) if wanted.layer == "ip" else (6, 24, 255)
            return self.version() == version and self.at(self.network + place) >= first
        if self.link not in (Link.ETHERNET, Link.FRAMES):
            return where == {"broadcast": 1, "multicast": 2}[wanted.kind]
        return (
            self.octets[:6] == b"\xff" * 6 if wanted.kind == "broadcast" else bool(self.at(0) & 1)
        )


def directed(direction: str, end: Callable[[int], bool]) -> bool:
    """Return what a direction makes of two ends: 0 is the source, 1 the destination."""
    match direction:
        case "src" | "dst":
            return end(direction == "dst")
        case "and":
            return end(0) and end(1)
        case _:
            return end(0) or end(1)


def moved(expression: Expression, network: int, tags: int, untagged: int) -> tuple[int, int, int]:
    """Return how far on one is behind an expression, whatever the answer to it."""
    match expression:
        case Tagged():
            return (network, tags, 0) if untagged else (network + 4, tags + 1, 0)
        case Not(inner=inner):
            return moved(inner, network, tags, untagged)
        case Chain(first=first, others=others):
            state = moved(first, network, tags, untagged)
            for _, other in others:
                state = moved(other, *state)
            return state
        case _:
            return network, tags, untagged


def means(
    expression: Expression, octets: bytes, link: Link, about: Mapping[int, int]
) -> bool | None:
    """Return whether a packet is to pass; ``None``: it is too short to tell."""
    try:
        return Reading(octets, link, about).holds(expression)
    except Short:
        return None
