"""Put together what is asked of the same place: ``port 80 or port 443`` looks at a port once.

This makes short programs of long lists. It changes the order of questions, as libpcap's
optimizer does: sources before destinations.
"""

from collections.abc import Iterable
from typing import TypeVar

from rawkit.filters.syntax import Chain, Expression, Hosts, Not, Ports
from rawkit.record import replace

T = TypeVar("T")


def merged(chain: Chain) -> Chain:
    """Return the chain with neighbours put together where that can be done."""
    first = chain.first
    others: list[tuple[str, Expression]] = []
    for word, expression in chain.others:
        if not others:
            one = _together(word, first, expression)
            first, others = (first, [(word, expression)]) if one is None else (one, [])
            continue
        last_word, last = others[-1]
        one = _together(word, last, expression) if word == last_word else None
        if one is None:
            others.append((word, expression))
        else:
            others[-1] = word, one
    return Chain(first, tuple(others))


def _together(word: str, left: Expression, right: Expression) -> Expression | None:
    """Return two expressions as one; ``None``: they are about different places.

    ``not a and not b`` is ``not (a or b)``.
    """
    match word, left, right:
        case "and", Not(inner=one), Not(inner=other):
            both = _together("or", one, other)
            return None if both is None else Not(both)
        case "or", Hosts(), Hosts() if _alike(left, right):
            return replace(left, networks=_unique((*left.networks, *right.networks)))
        case "or", Ports(), Ports() if _alike(left, right):
            return replace(left, ranges=_unique((*left.ranges, *right.ranges)))
        case _:
            return None


def _alike(left: Hosts | Ports, right: Hosts | Ports) -> bool:
    return left.direction == right.direction != "and" and left.protocol == right.protocol


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
