"""A filter: its text, and the program that it becomes."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Self, TypedDict, Unpack

from rawkit.errors import FilterError
from rawkit.filters.conditions import condition_of
from rawkit.filters.emission import Emission, TooDeep
from rawkit.filters.graph import Graph, TooMany, Way, graph_of
from rawkit.filters.links import LAYOUTS, Link, carries
from rawkit.filters.names import Resolve
from rawkit.filters.parser import NO_INTERFACES, parse
from rawkit.wire.bpf import ALL, INSTRUCTION, MOST_INSTRUCTIONS, RETURN, assemble
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.bpf_check import check
from rawkit.wire.bpf_machine import NOTHING, BPFMachine
from rawkit.wire.bpf_meaning import Area, Kind, area_of, kind_of
from rawkit.wire.bpf_text import listing, read_program
from rawkit.wire.numbers import EtherType

FEW_WALKS = 2
"""With more walks than that in a program, one before all else makes it shorter."""


class Surroundings(TypedDict, total=False):
    """What a filter may speak of, beside packets."""

    resolve: Resolve
    """Looks up names of hosts; without it there are none."""
    interfaces: Mapping[str, int]
    """The numbers of interfaces by name, for ``ifname``."""
    netmask: IPv4Address
    """The mask of the network that ``ip broadcast`` is about."""
    keep: int
    """Octets to keep of a packet that passes; all of them, if not said."""


class Filter:
    """Chooses packets."""

    def __init__(self, program: bytes, text: str = "", link: Link | None = None) -> None:
        """Take a program that is there already.

        Args:
            program: classic BPF, see :mod:`rawkit.wire.bpf`.
            text: what it does, in words.
            link: what the packets that it is for begin with, if that is known.

        Raises:
            UsageError: the kernel would not take the program.
        """
        check(program)
        self.program = program
        self.text = text
        self.link = link
        self.needs: frozenset[Ancillary] = frozenset(
            Ancillary(k & 0xFFF)
            for code, _, _, k in INSTRUCTION.iter_unpack(program)
            if kind_of(code) is Kind.LOAD and area_of(code, k) is Area.ANCILLARY
        )
        """What it wants to know of a packet besides its octets."""
        self._machine = BPFMachine(program)

    @classmethod
    def compile(
        cls, text: str, link: Link = Link.ETHERNET, **surroundings: Unpack[Surroundings]
    ) -> Self:
        """Make a filter of text.

        Args:
            text: in tcpdump's words; docs/reference/filters.md has the grammar. An empty
                one lets everything pass.
            link: what packets begin with.
            **surroundings: see :class:`Surroundings`.

        Raises:
            FilterError: the text makes no sense, cannot be asked of such packets, or needs
                more than 4096 instructions. It says where.
        """
        expression = parse(
            text, surroundings.get("resolve"), surroundings.get("interfaces", NO_INTERFACES)
        )
        mask = surroundings.get("netmask")
        condition = condition_of(expression, text, link, None if mask is None else int(mask))
        keep = surroundings.get("keep", ALL)
        try:
            program = _program(graph_of(condition), link, keep)
        except TooDeep as error:
            raise FilterError("a sum is too deep", text, 0, len(text)) from error
        except TooMany as error:
            raise _too_long(int(error.args[0]), text) from error
        if (count := len(program) // INSTRUCTION.size) > MOST_INSTRUCTIONS:
            raise _too_long(count, text)
        return cls(program, text, link)

    @classmethod
    def from_bpf(cls, text: str) -> Self:
        """Make a filter of a program in numbers: of ``tcpdump -ddd``, ``-dd`` or iptables.

        Raises:
            UsageError: it is none, or the kernel would not take it.
        """
        return cls(read_program(text), " ".join(text.split()))

    def matches(
        self, octets: bytes, length: int | None = None, about: Mapping[int, int] = NOTHING
    ) -> bool:
        """Tell whether a packet passes, as the kernel would.

        Args:
            octets: the packet, from what the link makes it begin with.
            length: how long it was before it was cut short; ``None``: it was not.
            about: what is known of it besides, by
                :class:`~rawkit.wire.bpf_ancillary.Ancillary`; what is not is 0.
        """
        return self._machine.run(octets, length, about) != 0

    @property
    def verdict(self) -> bool | None:
        """What it says of every packet whatever is in it; ``None``: that depends."""
        code, _, _, k = INSTRUCTION.unpack_from(self.program)
        return bool(k) if code == RETURN else None

    @property
    def listing(self) -> str:
        """The program, as ``tcpdump -d`` prints one."""
        return listing(self.program)

    def __len__(self) -> int:
        return len(self.program) // INSTRUCTION.size

    def __repr__(self) -> str:
        return f"Filter({self.text!r}, {len(self)} instructions)"


def _too_long(count: int, text: str) -> FilterError:
    problem = f"it takes {count} instructions, and the kernel takes {MOST_INSTRUCTIONS}"
    return FilterError(problem, text, 0, len(text))


def _program(root: Way, link: Link, keep: int) -> bytes:
    emission = Emission(root, keep)
    program = assemble(emission.lines)
    if emission.walks <= FEW_WALKS:
        return program
    layout = LAYOUTS[link]
    is_ipv6 = Graph().build(carries(link, layout.protocol, EtherType.IPV6), True, False)
    if is_ipv6 is False:
        return program
    other = assemble(Emission(root, keep, (is_ipv6, layout.network)).lines)
    return min(program, other, key=len)
