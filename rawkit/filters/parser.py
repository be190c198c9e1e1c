"""Read a filter: the grammar of pcap-filter(7), where ``and`` and ``or`` bind alike."""

from collections.abc import Mapping

from rawkit.errors import FilterError
from rawkit.filters import sums
from rawkit.filters.cursor import Cursor, number, quoted, suggestion
from rawkit.filters.lexer import Kind, Token
from rawkit.filters.names import NONE, Qualifiers, Resolve, identified, looks_like_one
from rawkit.filters.syntax import (
    Carries,
    Chain,
    Everything,
    Expression,
    Length,
    Not,
    Number,
    OnInterface,
    Outbound,
    Relation,
    Tagged,
    ToMany,
)
from rawkit.filters.words import (
    ALL_WORDS,
    DIRECTIONS,
    ELSEWHERE,
    ETHER,
    ETHER_TYPES,
    IP_PROTOCOLS,
    KINDS,
    LINK_NAMES,
    NEGATIONS,
    ONLY_IPV4,
    ONLY_IPV6,
    OPERATORS,
    PROTO,
    PROTOCOLS,
)

TO_MANY = frozenset(("broadcast", "multicast"))
MOST_VLAN = 4095
NO_INTERFACES: Mapping[str, int] = {}


def parse(
    text: str,
    resolve: Resolve | None = None,
    interfaces: Mapping[str, int] = NO_INTERFACES,
) -> Expression:
    """Return what a filter says.

    Args:
        text: the filter; an empty one lets everything pass.
        resolve: looks names of hosts up; ``None``: there are none.
        interfaces: the numbers of interfaces by name, for ``ifname``.

    Raises:
        FilterError: it says nothing that makes sense.
    """
    return _Parser(text, resolve, interfaces).whole()


class _Parser:
    def __init__(self, text: str, resolve: Resolve | None, interfaces: Mapping[str, int]) -> None:
        self._cursor = Cursor(text)
        self._resolve = resolve
        self._interfaces = interfaces
        self._qualifiers: Qualifiers | None = NONE
        """What a bare address or number is about: what the last one was. ``None``: nothing."""
        self._farthest: FilterError | None = None
        """Why the last thing that might have been a comparison was none."""

    def whole(self) -> Expression:
        if self._cursor.peek().kind is Kind.END:
            return Everything()
        expression = self._expression()
        token = self._cursor.peek()
        if token.kind is not Kind.END:
            raise self._cursor.problem(self._misplaced(token), token)
        return expression

    def _misplaced(self, token: Token) -> str:
        """Return what is wrong with a token behind a complete expression."""
        before = self._cursor.peek(-1)
        if before.text in PROTOCOLS and looks_like_one(token):
            return f"between {before.text!r} and {quoted(token)} stands what it is: host, port, …"
        if token.kind is Kind.WORD and not looks_like_one(token) and token.text not in ALL_WORDS:
            return self._unknown(token)
        return f"'and' or 'or' is missing before {quoted(token)}"

    def _unknown(self, token: Token) -> str:
        if token.text in ELSEWHERE:
            return (
                f"{token.text!r} is a word of tcpdump's that rawkit does not know"
                " (a program from tcpdump -ddd can be given instead)"
            )
        words = token.text.split("-")
        if len(words) > 1 and (number(words[0]) is not None or words[0] in sums.LENGTHS):
            return f"{token.text!r} is one word: put spaces around a minus"
        return f"{token.text!r} is no word of filters{suggestion(token.text, ALL_WORDS)}"

    def _expression(self) -> Expression:
        first = self._term()
        others: list[tuple[str, Expression]] = []
        while self._sees(OPERATORS):
            others.append((OPERATORS[self._cursor.take().text], self._term()))
        return Chain(first, tuple(others)) if others else first

    def _sees(self, words: Mapping[str, str] | frozenset[str]) -> bool:
        return self._cursor.sees(*words) or self._cursor.sees_word(words)

    def _term(self) -> Expression:
        cursor = self._cursor
        if self._sees(NEGATIONS):
            cursor.enter()
            cursor.take()
            inner = self._term()
            cursor.leave()
            return Not(inner)
        self._farthest = None
        if sums.may_begin(cursor) and (comparison := self._comparison()):
            return comparison
        return self._other_than_sum(self._farthest)

    def _other_than_sum(self, error: FilterError | None) -> Expression:
        """Read what is no comparison; if it is nothing, blame the reading that got farther.

        Args:
            error: why it is no comparison, if it looks like one.
        """
        try:
            return self._parenthesis() if self._cursor.sees("(") else self._primitive()
        except FilterError as other:
            raise (error if error and error.column > other.column else other) from None

    def _comparison(self) -> Relation | None:
        """Read a comparison; ``None``: what stands here is something else."""
        cursor = self._cursor
        place, depth = cursor.place, cursor.depth
        may_be_other = cursor.sees("(") or looks_like_one(cursor.peek())
        try:
            found = sums.relation(cursor)
            if found is None and not may_be_other:
                raise cursor.problem("a comparison is missing: = != > < >= <=", cursor.peek())
        except FilterError as error:
            if not may_be_other:
                raise
            found, self._farthest = None, error
        if found is None:
            cursor.at(place, depth)
        else:
            self._qualifiers = None
        return found

    def _parenthesis(self) -> Expression:
        cursor, qualifiers = self._cursor, self._qualifiers
        cursor.enter()
        cursor.take()
        inner = self._expression()
        cursor.expect(")", f"before {quoted(cursor.peek())}")
        cursor.leave()
        self._qualifiers = qualifiers
        return inner

    def _primitive(self) -> Expression:
        cursor = self._cursor
        token = cursor.peek()
        if token.kind is not Kind.WORD:
            raise cursor.problem(f"something to look for is missing before {quoted(token)}", token)
        if looks_like_one(token):
            return self._bare(token)
        match token.text:
            case "vlan":
                return self._vlan()
            case "inbound" | "outbound":
                cursor.take()
                self._qualifiers = None
                outbound = Outbound(cursor.since(token.start))
                return outbound if token.text == "outbound" else Not(outbound)
            case "less" | "greater":
                cursor.take()
                value = Number(self._number(f"octets behind {token.text!r}"))
                relation = "<=" if token.text == "less" else ">="
                return Relation(Length(), relation, value, cursor.since(token.start))
            case "ifindex" | "ifname" | "on":
                return self._interface()
        if token.text in PROTOCOLS | DIRECTIONS | KINDS | PROTO | TO_MANY:
            return self._qualified()
        if token.text in ALL_WORDS:
            raise cursor.problem(f"something to look for is missing before {quoted(token)}", token)
        raise cursor.problem(self._unknown(token), token)

    def _bare(self, token: Token) -> Expression:
        """Read an address, a port or the like without words before it: those of the last count."""
        if self._qualifiers is None or (
            self._qualifiers == NONE and number(token.text) is not None
        ):
            what = "'port' or the like" if number(token.text) is not None else "'host'"
            raise self._cursor.problem(f"{what} is missing before {quoted(token)}", token)
        return identified(self._cursor, self._qualifiers, self._resolve)

    def _qualified(self) -> Expression:
        """Read a protocol, a direction and a kind, as far as they are there, and what follows."""
        cursor = self._cursor
        start = cursor.peek()
        protocol = cursor.take().text if cursor.sees_word(PROTOCOLS) else None
        protocol = LINK_NAMES.get(protocol or "", protocol)
        if cursor.sees_word(TO_MANY):
            return self._to_many(start, protocol)
        direction = self._direction()
        kind = None
        if cursor.sees_word(KINDS):
            kind = cursor.take().text
        elif direction is None and cursor.sees_word(PROTO):
            self._no_chain_of(protocol)
            kind = "proto"
        if direction is None and kind is None:
            return self._named(start, protocol)
        self._qualifiers = Qualifiers(protocol, direction or "or", kind)
        if cursor.sees("("):
            return self._parenthesis_of(self._qualifiers)
        return identified(cursor, self._qualifiers, self._resolve)

    def _parenthesis_of(self, qualifiers: Qualifiers) -> Expression:
        """Read what the qualifiers are about, several of them: ``port (80 or 443)``."""
        inner = self._parenthesis()
        self._qualifiers = qualifiers
        return inner

    def _no_chain_of(self, protocol: str | None) -> None:
        token = self._cursor.take()
        if token.text == "protochain" and protocol != "ip6":
            raise self._cursor.problem("'protochain' goes with ip6 only", token)

    def _direction(self) -> str | None:
        cursor = self._cursor
        if not cursor.sees_word(DIRECTIONS):
            return None
        first = cursor.take()
        if self._sees(OPERATORS) and cursor.sees_word(DIRECTIONS - {first.text}, ahead=1):
            operator = OPERATORS[cursor.take().text]
            cursor.take()
            return operator
        return first.text

    def _named(self, token: Token, protocol: str | None) -> Expression:
        """Return what a protocol's name alone stands for."""
        self._qualifiers = None
        if protocol is None or protocol == ETHER:
            wanted = "host, src, dst, proto, broadcast or multicast"
            raise self._cursor.problem(f"behind {token.text!r} stands {wanted}", token)
        at = self._cursor.since(token.start)
        if protocol in ETHER_TYPES:
            return Carries(ETHER, ETHER_TYPES[protocol], at)
        layer = "ip" if protocol in ONLY_IPV4 else "ip6" if protocol in ONLY_IPV6 else None
        return Carries(layer, IP_PROTOCOLS[protocol], at)

    def _to_many(self, start: Token, protocol: str | None) -> Expression:
        kind = self._cursor.take()
        self._qualifiers = None
        if protocol not in (None, ETHER, "ip", "ip6") or (
            protocol == "ip6" and kind.text == "broadcast"
        ):
            raise self._cursor.problem(f"there is no {kind.text} of {protocol!r}", start)
        return ToMany(protocol, kind.text, self._cursor.since(start.start))

    def _vlan(self) -> Expression:
        cursor = self._cursor
        start = cursor.take().start
        self._qualifiers = None
        if cursor.peek().kind is not Kind.WORD or number(cursor.peek().text) is None:
            return Tagged(None, cursor.since(start))
        token = cursor.peek()
        if (identifier := self._number("a VLAN")) > MOST_VLAN:
            raise cursor.problem(f"VLAN {identifier} is above {MOST_VLAN}", token)
        return Tagged(identifier, cursor.since(start))

    def _interface(self) -> Expression:
        cursor = self._cursor
        word = cursor.take()
        self._qualifiers = None
        if word.text == "ifindex":
            return OnInterface(self._number("an interface"), cursor.since(word.start))
        name = cursor.take()
        if name.text not in self._interfaces:
            known = ", ".join(sorted(self._interfaces)) or "none is known"
            near = suggestion(name.text, self._interfaces) if name.text else ""
            raise cursor.problem(f"no interface {quoted(name)} here ({known}){near}", name)
        return OnInterface(self._interfaces[name.text], cursor.since(word.start))

    def _number(self, what: str) -> int:
        """Read a number that must be there."""
        token = self._cursor.take()
        value = number(token.text) if token.kind is Kind.WORD else None
        if value is None:
            raise self._cursor.problem(
                f"the number of {what} is missing before {quoted(token)}", token
            )
        if value > sums.WORD_MASK:
            raise self._cursor.problem(f"{token.text} needs more than 32 bits", token)
        self._qualifiers = None
        return value
