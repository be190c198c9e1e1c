"""What a filter says, as a tree: the result of reading, and what programs are made of."""

from rawkit.record import field, record

Span = tuple[int, int]
"""Where in the text something stands: places from 0, the end excluded."""


@record
class Network:
    """Some addresses of one version of IP."""

    version: int
    address: int
    mask: int
    """Of as many bits as the address."""


@record
class Chain:
    """Expressions with ``and`` and ``or`` between, which bind alike, from left to right."""

    first: "Expression"
    others: tuple[tuple[str, "Expression"], ...]
    """Each with the word before it."""


@record
class Not:
    """What ``inner`` does not let pass."""

    inner: "Expression"


@record
class Everything:
    """The empty filter."""


@record
class Hosts:
    """Addresses: ``host`` and ``net``."""

    protocol: str | None
    """``ip``, ``ip6``, ``arp``, ``rarp``; ``None``: all that carry such addresses."""
    direction: str
    """``src``, ``dst``, ``or``, ``and``."""
    networks: tuple[Network, ...]
    """Any of them."""
    at: Span = field(compare=False)


@record
class Stations:
    """Hardware addresses: ``ether host``."""

    direction: str
    mac: bytes
    at: Span = field(compare=False)


@record
class Ports:
    """Ports: ``port`` and ``portrange``."""

    protocol: str | None
    """``tcp``, ``udp``, ``sctp``; ``None``: any of them."""
    direction: str
    ranges: tuple[tuple[int, int], ...]
    """Any of them; both ends are in."""
    at: Span = field(compare=False)


@record
class Carries:
    """A protocol by its number: ``ether proto``, ``ip proto``; and the names for such."""

    layer: str | None
    """``ether``, ``ip``, ``ip6``; ``None``: either version of IP."""
    number: int
    at: Span = field(compare=False)


@record
class ToMany:
    """``broadcast`` and ``multicast``."""

    layer: str | None
    """``ether``, ``ip``, ``ip6``; ``None``: as the link has it."""
    kind: str
    """``broadcast``, ``multicast``."""
    at: Span = field(compare=False)


@record
class Tagged:
    """``vlan``: a tag. What stands to its right is asked of what is inside the tag."""

    id: int | None
    at: Span = field(compare=False)


@record
class Outbound:
    """Sent by this host."""

    at: Span = field(compare=False)


@record
class OnInterface:
    """Heard on the interface with this number."""

    number: int
    at: Span = field(compare=False)


@record
class Number:
    """A constant of 32 bits."""

    value: int


@record
class Length:
    """``len``: the octets of the packet."""


@record
class Part:
    """``proto[index:size]``: octets of a header or behind it, as a number."""

    protocol: str
    index: "Sum"
    size: int
    at: Span = field(compare=False)


@record
class Calculation:
    """Two numbers and an operator: ``+ - * / % & | ^ << >>``, modulo 2^32."""

    operator: str
    left: "Sum"
    right: "Sum"
    at: Span = field(compare=False)


@record
class Relation:
    """A comparison of unsigned numbers: ``= != > < >= <=``."""

    left: "Sum"
    operator: str
    right: "Sum"
    at: Span = field(compare=False)


Sum = Number | Length | Part | Calculation
Expression = (
    Chain
    | Not
    | Everything
    | Hosts
    | Stations
    | Ports
    | Carries
    | ToMany
    | Tagged
    | Outbound
    | OnInterface
    | Relation
)
