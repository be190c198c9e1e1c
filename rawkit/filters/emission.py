"""Turn a graph of questions into the lines of a program."""

from rawkit.filters import ipv6_chain
from rawkit.filters.graph import Node, Way, in_order
from rawkit.filters.ipv6_chain import OFFSET_WORD, PROTOCOL_WORD, SCRATCH_WORD
from rawkit.filters.values import (
    At,
    CarriedByIPv6,
    Computed,
    Constant,
    HasIPv6Header,
    Indexed,
    Known,
    Masked,
    PacketLength,
    PastIPv4,
    PastIPv6,
    Test,
    Value,
)
from rawkit.record import record
from rawkit.wire.bpf import (
    ADD,
    ADD_X,
    AND,
    BY_X,
    DIVIDE,
    JUMP_ALWAYS,
    LOAD,
    LOAD_BYTE,
    LOAD_BYTE_FROM_X,
    LOAD_HALF,
    LOAD_HALF_FROM_X,
    LOAD_LENGTH,
    LOAD_MEMORY,
    LOAD_WORD,
    LOAD_WORD_FROM_X,
    LOAD_X_IHL,
    LOAD_X_MEMORY,
    MODULO,
    MULTIPLY,
    OR,
    RETURN,
    SHIFT_LEFT,
    SHIFT_RIGHT,
    STORE_MEMORY,
    SUBTRACT,
    TO_X,
    XOR,
    Line,
    Op,
)

PAGE = 150
"""Instructions after which jumps to the returns are put in, so that conditions reach them."""
LOADS = {1: LOAD_BYTE, 2: LOAD_HALF, 4: LOAD_WORD}
LOADS_FROM_X = {1: LOAD_BYTE_FROM_X, 2: LOAD_HALF_FROM_X, 4: LOAD_WORD_FROM_X}
OPERATORS = {
    "+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE, "%": MODULO, "&": AND, "|": OR, "^": XOR,
    "<<": SHIFT_LEFT, ">>": SHIFT_RIGHT,
}  # fmt: skip


@record
class Registers:
    """What is where before some code runs; ``None``: it is not known."""

    a: Value | None = None
    x: tuple[str, int] | None = None
    """``ipv4``: the length of the header that begins there; ``ipv6``: see ``OFFSET_WORD``."""
    walked: int | None = None
    """Where the IPv6 header begins whose chain the memory tells about."""

    def both(self, other: "Registers") -> "Registers":
        """Return what is known whether one came with these or with others."""
        return Registers(
            self.a if self.a == other.a else None,
            self.x if self.x == other.x else None,
            self.walked if self.walked == other.walked else None,
        )


class TooDeep(ValueError):
    """A sum needs more words of memory than there are."""


class Emission:
    """The lines of one program."""

    def __init__(self, root: Way, keep: int, walk_first: "tuple[Way, int] | None" = None) -> None:
        """Write the program.

        Args:
            root: the first question.
            keep: octets to keep of a packet that passes.
            walk_first: a node that tells whether there is IPv6 (it leads to ``True`` and
                ``False``), and where: the chain is then walked before anything is asked.
        """
        self.walks = 0
        """How often the code for a walk is in the program."""
        self.lines: list[Line] = []
        self._keep = keep
        self._page = self._since_page = 0
        self._used: set[bool] = set()
        """The verdicts that this page leads to."""
        self._paged: set[bool] = set()
        """Those that earlier ones lead to."""
        self._a: Value | None = None
        self._x: tuple[str, int] | None = None
        self._walked: int | None = None
        self._temporary = 0
        if walk_first is not None:
            self._walk_first(*walk_first)
        self._before = {id(root): Registers(None, None, self._walked)}
        self._write(root)

    def _write(self, root: Way) -> None:
        if isinstance(root, bool):
            self._add(Op(RETURN, self._keep if root else 0))
            return
        for node in in_order(root):
            self._node(node)
            if self._since_page >= PAGE:
                self._jumps_to_returns()
        self._returns()

    def _walk_first(self, root: Way, ip: int) -> None:
        """Walk the chain if there is one; the memory is then in order on every way."""
        self._add(Op(LOAD, 0), Op(STORE_MEMORY, PROTOCOL_WORD), Op(STORE_MEMORY, OFFSET_WORD))
        if isinstance(root, Node):
            self._before = {id(root): Registers()}
            for node in in_order(root):
                self._node(node, verdicts={True: "IPv6 first", False: "no IPv6"})
        self._a = self._x = None
        self._add("IPv6 first")
        self._walk(ip)
        self._add("no IPv6")

    def _add(self, *lines: Line) -> None:
        self.lines += lines
        self._since_page += sum(isinstance(line, Op) for line in lines)

    def _node(self, node: Node, verdicts: dict[bool, str] | None = None) -> None:
        before = self._before[id(node)]
        self._a, self._x, self._walked = before.a, before.x, before.walked
        self._add(f"node {id(node)}")
        true, false = (self._label(way, verdicts) for way in (node.true, node.false))
        question = node.question
        if isinstance(question, HasIPv6Header):
            mark = f"search {id(node)}"
            self._add(*ipv6_chain.search(question.ip, question.number, mark, true, false))
            self._a = self._x = None
        else:
            self._test(question, true, false)
        after = Registers(self._a, self._x, self._walked)
        for way in (node.true, node.false):
            other = self._before.get(id(way))
            self._before[id(way)] = after if other is None else after.both(other)

    def _label(self, way: Way, verdicts: dict[bool, str] | None) -> str:
        if isinstance(way, Node):
            return f"node {id(way)}"
        if verdicts is not None:
            return verdicts[way]
        self._used.add(way)
        return f"return {way} {self._page}"

    def _jumps_to_returns(self) -> None:
        """Write jumps to the returns that were asked for.

        No returns: behind one, the kernel's check forgets which words of memory are written.
        """
        for verdict in sorted(self._used, reverse=True):
            self._add(f"return {verdict} {self._page}", Op(JUMP_ALWAYS, 0, f"return {verdict}"))
        self._paged |= self._used
        self._page += 1
        self._since_page = 0
        self._used.clear()

    def _returns(self) -> None:
        for verdict in sorted(self._used | self._paged, reverse=True):
            labels = f"return {verdict} {self._page}", f"return {verdict}"
            self._add(*labels, Op(RETURN, self._keep if verdict else 0))

    def _test(self, test: Test, true: str, false: str) -> None:
        if isinstance(test.operand, int):
            self._load(test.value)
            self._add(Op(test.comparison, test.operand, true, false))
        else:
            self._load_two(test.value, test.operand)
            self._add(Op(test.comparison | BY_X, 0, true, false))

    def _load(self, value: Value) -> None:
        """Bring a value into A."""
        if self._a == value:
            return
        match value:
            case Masked(value=inner, mask=mask):
                self._load(inner)
                self._add(Op(AND, mask))
            case Computed(operator=operator, left=left, right=Constant(value=number)):
                self._load(left)
                self._add(Op(OPERATORS[operator], number))
            case Computed(operator=operator, left=left, right=right):
                self._load_two(left, right)
                self._add(Op(OPERATORS[operator] | BY_X))
            case Indexed():
                self._load_indexed(value)
            case PastIPv4(size=size, ip=ip, place=place):
                self._load_x("ipv4", ip)
                self._add(Op(LOADS_FROM_X[size], ip + place))
            case PastIPv6() | CarriedByIPv6():
                self._load_of_chain(value)
            case _:
                self._add(_simple_load(value))
        self._a = value

    def _load_of_chain(self, value: PastIPv6 | CarriedByIPv6) -> None:
        self._walk(value.ip)
        if isinstance(value, PastIPv6):
            self._load_x("ipv6", value.ip)
            self._add(Op(LOADS_FROM_X[value.size], value.ip + value.place))
        elif self._a != value:
            self._add(Op(LOAD_MEMORY, PROTOCOL_WORD))

    def _load_x(self, kind: str, ip: int) -> None:
        if self._x != (kind, ip):
            self._add(Op(LOAD_X_IHL, ip) if kind == "ipv4" else Op(LOAD_X_MEMORY, OFFSET_WORD))
            self._x = kind, ip

    def _walk(self, ip: int) -> None:
        """See to it that the memory tells about the chain of this IPv6 header."""
        if self._walked == ip:
            return
        self.walks += 1
        self._add(*ipv6_chain.walk(ip, f"walk {self.walks}"))
        self._a, self._x, self._walked = CarriedByIPv6(ip), ("ipv6", ip), ip

    def _load_two(self, left: Value, right: Value) -> None:
        """Bring one value into A and another into X; what takes more room goes first."""
        first, second = (left, right) if _room(left) >= _room(right) else (right, left)
        for one in (left, right):  # a walk uses all registers
            for ip in _chains(one):
                self._walk(ip)
        word = self._temporary
        if word >= SCRATCH_WORD:
            raise TooDeep
        self._load(first)
        self._add(Op(STORE_MEMORY, word))
        self._a = None
        self._temporary += 1
        self._load(second)
        self._temporary -= 1
        if first is left:
            self._add(Op(TO_X), Op(LOAD_MEMORY, word))
        else:
            self._add(Op(LOAD_X_MEMORY, word))
        self._a = self._x = None

    def _load_indexed(self, value: Indexed) -> None:
        if value.past == 6:
            self._walk(value.start)
        self._load(value.index)
        if value.past is not None:
            self._load_x(f"ipv{value.past}", value.start)
            self._add(Op(ADD_X))
        self._add(Op(TO_X), Op(LOADS_FROM_X[value.size], value.start))
        self._x = None


def _simple_load(value: At | Known | PacketLength | Constant) -> Op:
    match value:
        case At(size=size, place=place):
            return Op(LOADS[size], place)
        case Known(what=what):
            return Op(LOAD_WORD, what.place)
        case PacketLength():
            return Op(LOAD_LENGTH)
        case Constant(value=number):
            return Op(LOAD, number)


def _room(value: Value) -> int:
    """Return how many words of memory it takes to work a value out (Sethi and Ullman 1970)."""
    match value:
        case Masked(value=inner) | Indexed(index=inner):
            return _room(inner)
        case Computed(left=left, right=Constant()):
            return _room(left)
        case Computed(left=left, right=right):
            one, two = _room(left), _room(right)
            return max(one, two, min(one, two) + 1)
        case _:
            return 0


def _chains(value: Value) -> "set[int]":
    """Return where the IPv6 headers begin whose chains a value needs."""
    match value:
        case PastIPv6(ip=ip) | CarriedByIPv6(ip=ip):
            return {ip}
        case Masked(value=inner):
            return _chains(inner)
        case Indexed(start=start, past=past, index=index):
            return _chains(index) | ({start} if past == 6 else set())
        case Computed(left=left, right=right):
            return _chains(left) | _chains(right)
        case _:
            return set()
