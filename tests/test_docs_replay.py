"""The pages about replaying name what there is, and no other."""

from typing import get_args

from rawkit.api.replay import AWAKE
from rawkit.api.replay_events import ReplayEvent, ReplayOptions, ReplayReport
from rawkit.capture.mending_settings import Skip
from rawkit.cli.replay_options import FACTORS, TABLE
from rawkit.record import fields
from tests.test_docs_reference import CODE, by_name, names, rows, section, text

LIBRARY = "library-replay.md"


def test_every_option_is_described_as_it_is_written() -> None:
    described = [row[0] for row in rows(section("replay.md", "Options"))]

    assert described == [
        ", ".join(
            f"`{word} {option.argument}`" if option.argument else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in TABLE.options
    ]


def test_every_reason_to_leave_a_packet_out_is_named() -> None:
    page = text("replay.md").replace("\n", " ")

    assert all(f"`{skip.value}`" in page for skip in Skip)
    assert all(f"`{letter}`" in page for letter in FACTORS)
    assert f"last {AWAKE * 1e6:.0f} us" in page


def test_every_keyword_is_described() -> None:
    assert names(section(LIBRARY, "Options")) == [*ReplayOptions.__annotations__]


def test_every_event_is_described_with_its_fields() -> None:
    cells = by_name(section(LIBRARY, "Events"), 1)

    assert {name: CODE.findall(cell) for name, cell in cells.items()} == {
        kind.__name__: [field.name for field in fields(kind)] for kind in get_args(ReplayEvent)
    }


def test_every_field_of_the_report_is_described() -> None:
    described = names(section(LIBRARY, "ReplayReport"))

    assert sorted(described) == sorted(field.name for field in fields(ReplayReport))
