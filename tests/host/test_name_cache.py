"""A memory for names: how long answers hold, and which are forgotten first."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import NameNotFound
from rawkit.host.name_cache import NameCache
from rawkit.host.names import Address
from rawkit.posix.address import parse
from rawkit.posix.resolution import resolve

HERE = IPv4Address("192.0.2.7")


class World:
    """A resolver that counts, and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked: list[tuple[str, int | None]] = []

    def look_up(self, name: str, version: int | None) -> tuple[Address, ...]:
        self.asked.append((name, version))
        if name.startswith("nosuch"):
            raise NameNotFound(f"{name}: unknown name")
        return (HERE,)

    def cache(self, size: int = 256) -> NameCache:
        return NameCache(self.look_up, lifetime=30, failures=5, size=size, clock=lambda: self.now)


def test_a_question_is_asked_once_as_long_as_the_answer_holds() -> None:
    world = World()
    cache = world.cache()

    answers = [cache("a.example")]
    world.now += 29.9
    answers.append(cache("a.example"))
    world.now += 0.1
    answers.append(cache("a.example"))

    assert answers == [(HERE,)] * 3
    assert world.asked == [("a.example", None)] * 2


def test_names_are_the_same_whatever_their_letters_and_versions_are_not() -> None:
    world = World()
    cache = world.cache()
    for name, version in (("A.Example", None), ("a.example.", None), ("a.example", 4)):
        cache(name, version)

    assert world.asked == [("A.Example", None), ("a.example", 4)]


def test_a_failure_is_remembered_for_a_shorter_time() -> None:
    world = World()
    cache = world.cache()
    for wait in (0.0, 4.9, 0.2):
        world.now += wait
        with pytest.raises(NameNotFound, match=r"nosuch.example: unknown name"):
            cache("nosuch.example")

    assert len(world.asked) == 2


def test_the_name_that_was_not_asked_for_the_longest_goes_first() -> None:
    world = World()
    cache = world.cache(size=2)
    for name in ("a", "b", "a", "c"):
        cache(name)

    assert len(cache) == 2
    assert [cache.remembered(name) is not None for name in ("a", "b", "c")] == [True, False, True]


def test_what_is_remembered_tells_its_age_and_how_long_it_holds() -> None:
    world = World()
    cache = world.cache()
    cache("a")
    world.now += 10
    known = cache.remembered("a")

    assert known is not None
    assert (known.found, cache.age(known), cache.left(known)) == ((HERE,), 10, 20)
    cache.clear()
    assert cache.remembered("a") is None


def test_what_somebody_else_found_out_can_be_learnt() -> None:
    world = World()
    cache = world.cache()
    cache.learn("a", None, (HERE,))
    cache.learn("nosuch", 6, (), "nosuch: unknown name")

    assert cache("a") == (HERE,)
    with pytest.raises(NameNotFound, match="nosuch: unknown name"):
        cache("nosuch", 6)
    assert world.asked == []


def test_addresses_of_sockets_are_looked_up_through_it() -> None:
    world = World()
    cache = world.cache()
    for _ in range(3):
        (found,) = resolve(parse("tcp:a.example:80"), look_up=cache)

        assert found.sockaddr == ("192.0.2.7", 80)

    assert world.asked == [("a.example", None)]
