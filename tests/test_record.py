"""Records behave as frozen, slotted dataclasses do."""

import copy
import pickle
from inspect import signature
from typing import ClassVar, Generic, TypeVar

import pytest

from rawkit.record import FEW, Fillable, field, fields, record, replace


@record
class Point:
    KIND: ClassVar[str] = "point"

    x: int
    y: int = 0
    note: str | None = field(default=None, compare=False)


@record
class Point3(Point):
    z: int = 9


@record(kw_only=True)
class Options:
    size: int
    tags: list[str] = field(default_factory=list)


@record(frozen=False, eq=False)
class Counter:
    step: int = 1
    total: int = field(default=0, init=False)

    def add(self) -> None:
        self.total += self.step


@record
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("odd")


def test_fields_are_positional_or_named() -> None:
    assert Point(1, 2) == Point(y=2, x=1)
    assert (Point(1).x, Point(1).y, Point.KIND) == (1, 0, "point")


def test_a_signature_is_that_of_the_fields_before_and_after_the_first_instance() -> None:
    @record
    class Box(Point):
        lid: bool = True

    class Crate(Box):
        __slots__ = ()

    before, crates = str(signature(Box)), str(signature(Crate))
    for _ in range(FEW + 1):
        Box(1)

    assert before == crates == "(x, y=0, note=None, lid=True)"
    assert str(signature(Box)) == before


@pytest.mark.parametrize("made", [0, FEW, FEW + 1])
def test_wrong_arguments_are_refused_however_many_instances_there_are(made: int) -> None:
    @record
    class Box:
        lid: bool
        size: int = field(default=3, init=False)
        tags: list[str] = field(default_factory=list)

    boxes = [Box(True, ["a"]) for _ in range(made)]

    assert all(box == Box(tags=["a"], lid=True) and box.size == 3 for box in boxes)
    assert Box(False).tags is not Box(False).tags
    for arguments, keywords in (
        ((), {}),
        ((True, [], 1), {}),
        ((True,), {"lid": True}),
        ((True,), {"size": 4}),
        ((True,), {"other": 4}),
    ):
        with pytest.raises(TypeError, match="__init__"):
            Box(*arguments, **keywords)


def test_values_are_equal_by_their_compared_fields_and_class() -> None:
    assert Point(1, 2, "a") == Point(1, 2, "b")
    assert hash(Point(1, 2, "a")) == hash(Point(1, 2, "b"))
    assert Point(1) != Point(2)
    assert Point(1, 2) != Point3(1, 2)
    assert Point(1, 2).__eq__((1, 2)) is NotImplemented


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="cannot change 'x' of a Point"):
        Point(1).x = 2  # type: ignore[misc]  # that it is refused is the point
    with pytest.raises(AttributeError, match="cannot delete"):
        del Point(1).x
    with pytest.raises(AttributeError):
        Point(1).other = 2  # type: ignore[attr-defined]  # likewise


def test_replace_makes_a_changed_copy() -> None:
    assert replace(Point(1, 2, "a"), y=5) == Point(1, 5)
    assert replace(Point(1, 2, "a"), y=5).note == "a"


def test_subclasses_add_fields() -> None:
    assert repr(Point3(1, 2)) == "Point3(x=1, y=2, note=None, z=9)"
    assert [f.name for f in fields(Point3)] == ["x", "y", "note", "z"]


def test_patterns_match_by_position() -> None:
    match Point(1, 2):
        case Point(1, y):
            assert y == 2
        case _:
            pytest.fail("no match")


def test_a_factory_makes_a_new_default_each_time() -> None:
    Options(size=1).tags.append("x")

    assert Options(size=1).tags == []


def test_keyword_only_means_it() -> None:
    with pytest.raises(TypeError):
        Options(1)  # type: ignore[call-arg]  # that it is refused is the point


@pytest.mark.parametrize("arguments", [{}, {"x": 1, "q": 2}])
def test_missing_and_unknown_fields_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Point(**arguments)  # type: ignore[arg-type]  # that it is refused is the point


def test_a_record_may_be_changeable() -> None:
    counter = Counter(2)
    counter.add()

    assert counter.total == 2
    assert counter != Counter(2)


def test_records_can_be_copied_and_pickled() -> None:
    assert copy.copy(Point3(1, 2)) == pickle.loads(pickle.dumps(Point3(1, 2))) == Point3(1, 2)


def test_post_init_may_refuse() -> None:
    with pytest.raises(ValueError, match="odd"):
        Even(3)


@pytest.mark.parametrize("made", [FEW, FEW + 1, FEW + 2])
def test_a_frozen_record_refuses_changes_however_many_instances_there_are(made: int) -> None:
    @record
    class Box:
        lid: bool

    box = [Box(True) for _ in range(made)][-1]

    assert type(box) is Box
    with pytest.raises(AttributeError, match="records are values"):
        box.lid = False  # type: ignore[misc]  # what is tested
    with pytest.raises(AttributeError, match="records are values"):
        del box.lid
    assert box.lid


def test_a_derived_class_with_room_for_more_is_filled_too() -> None:
    @record
    class Box:
        lid: bool
        size: int = 3

    class Crate(Box):  # no __slots__: its instances have a __dict__
        pass

    crates = [Crate(True) for _ in range(FEW + 2)]

    assert [(crate.lid, crate.size) for crate in crates] == [(True, 3)] * (FEW + 2)
    assert {type(crate) for crate in crates} == {Crate}


def test_a_record_can_be_generic() -> None:
    item = TypeVar("item")

    @record
    class Box(Generic[item]):
        content: item

    assert [Box(n).content for n in range(FEW + 2)] == [*range(FEW + 2)]


@record
class Segment(Fillable):
    start: int
    stop: int = field(default=0, kw_only=True)
    note: str | None = field(default="none", compare=False)


class Dotted(Segment):
    __slots__ = ()


@pytest.mark.parametrize("made", [0, FEW, FEW + 1, FEW + 2])
def test_a_record_is_filled_with_a_value_for_each_field_in_their_order(made: int) -> None:
    @record
    class Box(Segment):
        lid: bool = True

    class Crate(Box):
        __slots__ = ()

    boxes = [Box.filled(1, 2, "a", False) for _ in range(made)]
    box, crate = Box.filled(1, 2, "a", False), Crate.filled(3, 4, "b", True)

    assert all(one == box for one in boxes)
    assert (box.start, box.stop, box.note, box.lid) == (1, 2, "a", False)
    assert (crate.start, crate.stop, crate.note, crate.lid) == (3, 4, "b", True)
    assert (type(box), type(crate), type(crate.filled(3, 4, "b", True))) == (Box, Crate, Crate)
    with pytest.raises(AttributeError, match="records are values"):
        box.start = 2  # type: ignore[misc]  # that it is refused is the point


@pytest.mark.parametrize("made", [0, FEW, FEW + 1])
def test_too_few_or_too_many_values_fill_no_record(made: int) -> None:
    for _ in range(made):
        Dotted.filled(1, 2, "a")

    wrong: list[tuple[object, ...]] = [(1, 2), (1, 2, "a", 3)]
    for values in wrong:
        with pytest.raises((TypeError, ValueError)):
            Dotted.filled(*values)


def test_fields_may_be_called_as_the_constructor_calls_its_own_things() -> None:
    @record
    class Odd(Fillable):
        kind: int
        twin: int = 2
        become: int = 3
        fill: int = 4
        MISSING: int = 5
        rest: list[int] = field(default_factory=list)

    values: tuple[object, ...] = (1, 2, 3, 4, 5, [])
    constructors = list[object]()
    for _ in range(FEW + 4):
        assert [getattr(Odd(1), one.name) for one in fields(Odd)] == list(values)
        assert Odd.filled(*values) == Odd(1)
        constructors.append(Odd.__init__)

    assert constructors[-1] is constructors[-2], "it was compiled for each of them"


def test_a_derived_class_is_filled_by_its_own_constructor_after_a_few() -> None:
    @record
    class Box:
        lid: bool
        size: int = 3

        def __post_init__(self) -> None:
            if not self.lid:
                raise ValueError("open")

    class Crate(Box):
        __slots__ = ()

    class Barrel(Box):
        __slots__ = ()

        def __init__(self, size: int) -> None:
            Box.__init__(self, True, size)

    for number in range(FEW + 3):
        assert Box(True, number).size == Crate(True, size=number).size == Barrel(number).size
        with pytest.raises(ValueError, match="open"):
            Crate(False)
    assert (type(Crate(True)), type(Barrel(1)), type(Box(True))) == (Crate, Barrel, Box)
    with pytest.raises(AttributeError, match="records are values"):
        Crate(True).size = 5  # type: ignore[misc]  # that it is refused is the point
