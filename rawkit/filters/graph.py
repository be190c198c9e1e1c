"""Conditions as a graph of questions, each asked once where that is cheap to see."""

from collections import Counter
from collections.abc import Iterable

from rawkit.filters.values import (
    All,
    Any,
    Choice,
    Comparison,
    Condition,
    Constant,
    HasIPv6Header,
    Masked,
    Opposite,
    Question,
    Test,
    Value,
)

MOST_NODES = 20_000
"""So many questions make a program several times as long as the kernel takes."""
ROUNDS = 8
"""How often the graph is gone over for shorter ways; as a rule the third finds none."""


class Node:
    """A question, and where to go with the answer."""

    __slots__ = ("false", "question", "true")

    def __init__(self, question: Question, true: "Way", false: "Way") -> None:
        self.question = question
        self.true = true
        self.false = false


Way = Node | bool
"""A question, or the verdict."""


class Graph:
    """Nodes, none of them twice."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[Question, int, int], Node] = {}

    def node(self, question: Question, true: Way, false: Way) -> Way:
        """Return the node for this; a question whose answer changes nothing is not asked."""
        if true is false:
            return true
        key = question, _identity(true), _identity(false)
        if key not in self._nodes:
            self._nodes[key] = Node(question, true, false)
        return self._nodes[key]

    def build(self, condition: Condition, true: Way, false: Way) -> Way:
        """Return where to begin to find out whether a condition holds."""
        while True:
            match condition:
                case bool():
                    return true if condition else false
                case Test() | HasIPv6Header():
                    return self.node(condition, true, false)
                case Opposite(inner=inner):
                    condition, true, false = inner, false, true
                case Choice(by=by, true=one, false=other):
                    ways = self.build(one, true, false), self.build(other, true, false)
                    return self.node(by, *ways)
                case All(parts=parts) | Any(parts=parts):
                    is_all = isinstance(condition, All)
                    condition = parts[0] if parts else is_all
                    for part in reversed(parts[1:]):  # a loop: a chain may be thousands long
                        way = self.build(part, true, false)
                        true, false = (way, false) if is_all else (true, way)


class TooMany(ValueError):
    """A filter asks far more than any program can."""


def graph_of(condition: Condition) -> Way:
    """Return where to begin, with the shorter ways taken.

    Raises:
        TooMany: there is no hope that this fits into a program.
    """
    root = Graph().build(condition, True, False)
    if (count := len(in_order(root))) > MOST_NODES:
        raise TooMany(count)
    for _ in range(ROUNDS):
        shorter = _shortened(root)
        if shorter is None:
            break
        root = shorter
    return root


def in_order(root: Way) -> list[Node]:
    """Return the nodes, each before those it leads to."""
    order: list[Node] = []
    seen: set[int] = set()
    stack: list[tuple[Way, bool]] = [(root, False)]
    while stack:
        way, is_done = stack.pop()
        if isinstance(way, bool):
            continue
        if is_done:
            order.append(way)
        elif id(way) not in seen:
            seen.add(id(way))
            stack += [(way, True), (way.true, False), (way.false, False)]
    return order[::-1]


class _Facts:
    """What is known on all the ways to a node."""

    def __init__(self, values: dict[Value, int], verdicts: dict[Question, bool]) -> None:
        self.values = values
        self.verdicts = verdicts

    def with_answer(self, question: Question, answer: bool) -> "_Facts":
        values, verdicts = self.values, {**self.verdicts, question: answer}
        match question:
            case Test(value=value, comparison=Comparison.EQUAL, operand=int() as operand):
                if answer:
                    values = {**values, value: operand}
        return _Facts(values, verdicts)

    def both(self, other: "_Facts") -> "_Facts":
        """Return what is known whether one came by these facts or by others."""
        values = {
            value: number for value, number in self.values.items() if other.of(value) == number
        }
        verdicts = {
            question: answer
            for one, two in ((self, other), (other, self))
            for question, answer in one.verdicts.items()
            if two.answer(question) is answer
        }
        return _Facts(values, verdicts)

    def of(self, value: Value) -> int | None:
        """Return a value that is known."""
        if value in self.values:
            return self.values[value]
        if isinstance(value, Constant):
            return value.value
        if isinstance(value, Masked) and (whole := self.of(value.value)) is not None:
            return whole & value.mask
        return None

    def answer(self, question: Question) -> bool | None:
        """Return the answer to a question, if it is known."""
        if question in self.verdicts:
            return self.verdicts[question]
        match question:
            case Test(value=value, comparison=comparison, operand=int() as operand):
                if (known := self.of(value)) is not None:
                    return _compare(known, comparison, operand)
        return None


def _compare(known: int, comparison: Comparison, operand: int) -> bool:
    match comparison:
        case Comparison.EQUAL:
            return known == operand
        case Comparison.GREATER:
            return known > operand
        case Comparison.NOT_LESS:
            return known >= operand
        case _:
            return known & operand != 0


def _shortened(root: Way) -> Way | None:
    """Return the graph with ways past questions whose answers are known; ``None``: none are."""
    order = in_order(root)
    asked = _asked_again(node.question for node in order)
    facts = {id(root): _Facts({}, {})}
    ways: dict[tuple[int, bool], Way] = {}
    found = False
    for node in order:
        before = facts.get(id(node))
        if before is None:
            continue  # no way leads here any more
        for answer, way in ((True, node.true), (False, node.false)):
            known = before.with_answer(node.question, answer) if _tells(node, asked) else before
            onward = _followed(way, known)
            found = found or onward is not way
            ways[id(node), answer] = onward
            if isinstance(onward, Node):
                other = facts.get(id(onward))
                facts[id(onward)] = known if other is None else known.both(other)
    return _rebuilt(root, order, ways) if found else None


def _asked_again(questions: Iterable[Question]) -> set[Value | Question]:
    """Return the values that are looked at by several nodes: only those need be remembered."""
    counts: Counter[Value | Question] = Counter()
    for question in questions:
        counts[question] += 1
        if isinstance(question, Test):
            value: Value = question.value
            counts[value] += 1
            while isinstance(value, Masked):
                value = value.value
                counts[value] += 1
    return {one for one, count in counts.items() if count > 1}


def _tells(node: Node, asked: set[Value | Question]) -> bool:
    question = node.question
    if question in asked:
        return True
    return (
        isinstance(question, Test)
        and question.comparison is Comparison.EQUAL
        and question.value in asked
    )


def _followed(way: Way, known: _Facts) -> Way:
    """Return where a way ends up, past all questions that need not be asked."""
    while isinstance(way, Node):
        answer = known.answer(way.question)
        if answer is None:
            break
        way = way.true if answer else way.false
    return way


def _rebuilt(root: Way, order: list[Node], ways: dict[tuple[int, bool], Way]) -> Way:
    graph = Graph()
    anew: dict[int, Way] = {}

    def new(way: Way) -> Way:
        return way if isinstance(way, bool) else anew[id(way)]

    for node in reversed(order):
        if (id(node), True) in ways:
            true, false = new(ways[id(node), True]), new(ways[id(node), False])
            anew[id(node)] = graph.node(node.question, true, false)
    return new(root)


def _identity(way: Way) -> int:
    """Return a number that no other way has: verdicts are below all addresses in memory."""
    return int(way) if isinstance(way, bool) else id(way)
