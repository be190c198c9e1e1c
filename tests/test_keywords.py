"""A keyword that a verb does not have is refused, as Python does of any function."""

from collections.abc import Callable
from typing import Any

import pytest

import rawkit

VERBS: tuple[tuple[Callable[..., Any], tuple[object, ...]], ...] = (
    (rawkit.ping, ("127.0.0.1",)),
    (rawkit.trace, ("127.0.0.1",)),
    (rawkit.multipath, ("127.0.0.1",)),
    (rawkit.pmtu, ("127.0.0.1",)),
    (rawkit.resolve, ("127.0.0.1",)),
    (rawkit.detect_duplicate, ("127.0.0.1",)),
    (rawkit.announce_address, ("127.0.0.1",)),
    (rawkit.discover_routers, ("lo",)),
    (rawkit.watch_neighbours, ("lo",)),
    (rawkit.sniff, ()),
    (rawkit.send, (b"",)),
    (rawkit.preview, (b"",)),
    (rawkit.exchange, (b"",)),
    (rawkit.replay, (b"",)),
    (rawkit.follow, (b"",)),
)


@pytest.mark.parametrize(("verb", "arguments"), VERBS, ids=[verb.__name__ for verb, _ in VERBS])
def test_a_keyword_that_there_is_not_is_a_mistake(
    verb: Callable[..., Any], arguments: tuple[object, ...]
) -> None:
    expected = rf"^{verb.__name__}\(\) got an unexpected keyword argument 'colour'$"
    with pytest.raises(TypeError, match=expected):
        verb(*arguments, colour="red")


def test_the_keyword_that_may_have_been_meant_is_named() -> None:
    with pytest.raises(TypeError, match="'cuont': did you mean 'count'"):
        rawkit.ping("127.0.0.1", cuont=3)  # type: ignore[call-overload]
