"""Read the numbers of comparisons: ``tcp[12] >> 2 & 0x3c``, ``len - 14`` (pcap-filter(7))."""

from rawkit.filters.cursor import Cursor, number, quoted, suggestion
from rawkit.filters.lexer import Kind, Token
from rawkit.filters.syntax import Calculation, Length, Number, Part, Relation, Sum
from rawkit.filters.words import CONSTANTS, OFFSETS, PROTOCOLS, TCP_FLAGS, TCP_FLAGS_AT

WORD_MASK = 0xFFFF_FFFF
LENGTHS = frozenset(("len", "length"))
SIZES = (1, 2, 4)
MOST_OPERATORS = 100
"""In one sum."""
RELATIONS = {"=": "=", "==": "=", "!=": "!=", ">": ">", "<": "<", ">=": ">=", "<=": "<="}
STRENGTH = {
    "|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
"""How operators bind: as in C."""


def relation(cursor: Cursor) -> Relation | None:
    """Read a comparison; ``None`` where a sum is not followed by an operator of one.

    Raises:
        FilterError: what stands there is no sum.
    """
    start, place = cursor.peek().start, cursor.place
    is_flag = sees_flag(cursor)
    left = a_sum(cursor)
    if cursor.sees(*RELATIONS):
        operator = RELATIONS[cursor.take().text]
        right = a_sum(cursor)
        return Relation(left, operator, right, cursor.since(start))
    if is_flag and cursor.place == place + 4:
        return Relation(left, "!=", Number(0), cursor.since(start))
    return None


def may_begin(cursor: Cursor) -> bool:
    """Whether a comparison may begin here; an open parenthesis may also begin something else."""
    token = cursor.peek()
    if token.kind is Kind.SYMBOL:
        return token.text in ("(", "-")
    if token.kind is Kind.END or token.escaped:
        return False
    if number(token.text) is not None:
        return cursor.sees(*RELATIONS, *STRENGTH, ahead=1)
    return token.text in LENGTHS or token.text in CONSTANTS or cursor.sees("[", ahead=1)


def sees_flag(cursor: Cursor) -> bool:
    """Whether ``tcp[syn]`` or the like is next."""
    return (
        cursor.sees_word(("tcp",))
        and cursor.sees("[", ahead=1)
        and cursor.sees_word(TCP_FLAGS, ahead=2)
        and cursor.sees("]", ahead=3)
    )


def a_sum(cursor: Cursor, weakest: int = 1) -> Sum:
    """Read operands and the operators between them that bind at least so strongly."""
    start, operators = cursor.peek().start, 0
    left = _operand(cursor)
    while cursor.sees(*STRENGTH) and STRENGTH[cursor.peek().text] >= weakest:
        operator = cursor.take()
        if (operators := operators + 1) > MOST_OPERATORS:
            raise cursor.problem(f"more than {MOST_OPERATORS} operators in a row", operator)
        right = a_sum(cursor, STRENGTH[operator.text] + 1)
        left = _calculated(cursor, operator, left, right, start)
    return left


def _calculated(cursor: Cursor, operator: Token, left: Sum, right: Sum, start: int) -> Sum:
    """Return a calculation, worked out where both sides are known."""
    match operator.text, right:
        case "/" | "%", Number(value=0):
            raise cursor.problem("a division by zero", operator)
        case "<<" | ">>", Number(value=value) if value > 31:
            raise cursor.problem(f"a shift by {value} bits: 0 to 31 make sense", operator)
        case "<<" | ">>", Number():
            pass
        case "<<" | ">>", _:
            raise cursor.problem("bits are shifted by a number only, 0 to 31", operator)
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(calculate(operator.text, left.value, right.value))
    return Calculation(operator.text, left, right, cursor.since(start))


def calculate(operator: str, left: int, right: int) -> int:
    """Return what an operator makes of two numbers of 32 bits."""
    match operator:
        case "+":
            value = left + right
        case "-":
            value = left - right
        case "*":
            value = left * right
        case "/":
            value = left // right
        case "%":
            value = left % right
        case "&":
            value = left & right
        case "|":
            value = left | right
        case "^":
            value = left ^ right
        case "<<":
            value = left << right
        case _:
            value = left >> right
    return value & WORD_MASK


def _operand(cursor: Cursor) -> Sum:
    if cursor.sees("(", "-"):
        return _nested(cursor)
    token = cursor.take()
    if token.kind is not Kind.WORD:
        raise cursor.problem(f"a number is missing before {quoted(token)}", token)
    if token.text in LENGTHS:
        return Length()
    if cursor.sees("["):
        return _part(cursor, token)
    value = CONSTANTS.get(token.text, number(token.text))
    if value is None:
        known = [*CONSTANTS, *LENGTHS]
        problem = f"{token.text!r} is no number{suggestion(token.text, known)}"
        if "-" in token.text.strip("-") and problem.endswith("number"):
            problem += " (put spaces around a minus)"
        raise cursor.problem(problem, token)
    if value > WORD_MASK:
        raise cursor.problem(f"{token.text} needs more than 32 bits", token)
    return Number(value)


def _nested(cursor: Cursor) -> Sum:
    cursor.enter()
    first = cursor.take()
    if first.text == "-":
        inner = _operand(cursor)
        negative = _calculated(cursor, first, Number(0), inner, first.start)
        cursor.leave()
        return negative
    inner = a_sum(cursor)
    cursor.expect(")", "after the sum")
    cursor.leave()
    return inner


def _part(cursor: Cursor, protocol: Token) -> Sum:
    """Read the brackets behind the name of a protocol."""
    if protocol.text not in PROTOCOLS:
        problem = f"{protocol.text!r} is no protocol{suggestion(protocol.text, PROTOCOLS)}"
        raise cursor.problem(problem, protocol)
    cursor.enter()
    cursor.take()
    flag = TCP_FLAGS[cursor.take().text] if _is_flag(cursor, protocol) else None
    index = Number(TCP_FLAGS_AT) if flag is not None else _index(cursor, protocol)
    size = 1
    if cursor.sees(":"):
        cursor.take()
        word = cursor.take()
        size = number(word.text) or 0
        if size not in SIZES:
            raise cursor.problem(f"{quoted(word)} is no size: 1, 2 or 4 octets are", word)
    cursor.expect("]", "after the place")
    cursor.leave()
    at = cursor.since(protocol.start)
    part = Part(protocol.text, index, size, at)
    return part if flag is None else Calculation("&", part, Number(flag), at)


def _is_flag(cursor: Cursor, protocol: Token) -> bool:
    return protocol.text == "tcp" and cursor.sees_word(TCP_FLAGS) and cursor.sees("]", ahead=1)


def _index(cursor: Cursor, protocol: Token) -> Sum:
    token = cursor.peek()
    if token.kind is Kind.WORD and token.text in OFFSETS:
        cursor.take()
        return Number(OFFSETS[token.text])
    if token.kind is Kind.WORD and number(token.text) is None and not cursor.sees("[", ahead=1):
        words = [*OFFSETS, *LENGTHS, *CONSTANTS, *(TCP_FLAGS if protocol.text == "tcp" else ())]
        if token.text not in words:
            problem = f"{token.text!r} is no place in {protocol.text}"
            raise cursor.problem(problem + suggestion(token.text, words), token)
    index = a_sum(cursor)
    if isinstance(index, Number) and index.value > 0x7FFF_FFFF:
        raise cursor.problem("a place before the beginning", token)
    return index
