"""Every program of the collection and every howto: its command and its library call are run,
what goes out is captured, and tshark finds in it what it has to find.
"""

import ast
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from rawkit.api.send_events import SendReport
from tests.collection import tshark
from tests.collection.entry import Chapter, Fields, Way
from tests.collection.performance import Performance
from tests.collection.rows import CHAPTERS, ENTRIES
from tests.collection.stage import Seen

WAYS = [
    pytest.param(chapter, number, way, id=name)
    for chapter in CHAPTERS
    for number, (name, way) in enumerate(
        (f"{entry.number}-{one}", way)
        for entry in chapter.entries
        for one, way in enumerate(entry.ways, 1)
    )
]


@pytest.fixture(scope="module")
def performance() -> Iterator[Performance]:
    """What runs the chapters, each when the first of its ways is asked for."""
    with ExitStack() as labs:
        yield Performance(labs)


@pytest.mark.netns
@pytest.mark.skipif(shutil.which("tshark") is None, reason="there is no tshark")
@pytest.mark.parametrize(("chapter", "number", "way"), WAYS)
def test_command_and_library_send_what_tshark_is_to_read(
    performance: Performance, chapter: Chapter, number: int, way: Way
) -> None:
    outcome = performance.outcome(chapter, number)

    command = outcome.command
    assert command.exit == way.exit, command.output + command.errors
    for words in (*way.prints, f", by {way.layer} over eth0" if way.layer else ""):
        assert words in command.output + command.errors
    _check_value(way, outcome.library.value)
    for seen in (outcome.by_command, outcome.by_library):
        _check_packets(way, seen)
    if way.sends:
        ours = [packet.without(way.chosen).hex() for packet in outcome.by_command.sent]
        theirs = [packet.without(way.chosen).hex() for packet in outcome.by_library.sent]
        assert theirs == ours


def _check_value(way: Way, value: object) -> None:
    if way.gives:
        assert value == ast.literal_eval(way.gives)
        return
    assert isinstance(value, SendReport)
    assert value.layer is not None
    assert (value.layer.value, value.refused) == (way.layer, 0)
    assert value.sent == len(way.sends)


def _check_packets(way: Way, seen: Seen) -> None:
    if way.sends or not way.peer:  # who plays with another may be answered by his kernel
        _check_readings(way.sends, seen.sent)
    if way.begins:
        _check_readings(way.begins, seen.sent[: len(way.begins)])
    if way.answers:
        _check_readings(way.answers, seen.answers)
    if way.hears is not None:
        _check_readings((way.hears,) * max(len(seen.answers), 1), seen.answers)


def _check_readings(wanted: tuple[Fields, ...], found: list[tshark.Reading]) -> None:
    summary = [packet.value("frame.protocols") for packet in found]
    assert len(found) == len(wanted), summary
    for fields, packet in zip(wanted, found, strict=True):
        assert {name: packet.value(name) for name in fields} == fields
        assert not packet.doubtful
        assert not packet.complaints


def test_every_example_and_every_howto_is_there_once() -> None:
    numbers = [entry.number for entry in ENTRIES if not entry.number.startswith("c")]

    programs = [str(number) for number in range(1, 60)]
    withdrawn = [f"w{number}" for number in range(1, 7)]
    howtos = [f"h{number}" for number in range(1, 22)]
    assert sorted(numbers) == sorted((*programs, *withdrawn, *howtos))
