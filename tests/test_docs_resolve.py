"""The pages about ``rawkit resolve`` name what there is: every option and field, and no other."""

import re
from typing import Any, get_args

import pytest

from rawkit.api.neighbours import DiscoverOptions, WatchOptions, discover_routers, watch_neighbours
from rawkit.api.resolve import ResolveOptions, announce_address, detect_duplicate, resolve
from rawkit.cli.resolve_options import TABLE
from rawkit.engine.discover import MOST_ROUTERS, Change, DiscoverEvent, DiscoverReport
from rawkit.engine.neighbour_events import MOST_MACS, Claim, ResolveEvent, Target, Verdict
from rawkit.engine.neighbour_pace import PaceSettings
from rawkit.engine.resolve import ResolveSettings
from rawkit.engine.resolve_report import ResolveReport
from rawkit.engine.watch import MOST_NEIGHBOURS, Announcement, Kind, Neighbour, WatchReport
from rawkit.record import fields
from rawkit.wire.ndp_options import Option
from tests.test_docs_reference import CODE, by_name, names, rows, section, text

LIBRARY = "library-resolve.md"


def test_every_option_is_described_as_it_is_written() -> None:
    described = [row[0] for row in rows(section("resolve.md", "Options"))]

    assert described == [
        ", ".join(
            f"`{word} {option.argument}`" if option.argument else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in TABLE.options
    ]


def test_every_kind_of_announcement_is_described() -> None:
    assert names(section("resolve.md", "Watching")) == [kind.value for kind in Kind]


def test_every_verb_is_described() -> None:
    verbs = (resolve, detect_duplicate, announce_address, discover_routers, watch_neighbours)
    described = re.findall(r"^\| `rawkit\.(\w+)\(", text(LIBRARY), re.MULTILINE)

    assert described == [verb.__name__ for verb in verbs]


@pytest.mark.parametrize(
    ("heading", "options"),
    [
        ("Of `resolve`, `detect_duplicate` and `announce_address`:", ResolveOptions),
        ("Of `discover_routers`:", DiscoverOptions),
        ("Of `watch_neighbours`:", WatchOptions),
    ],
)
def test_every_keyword_is_described(heading: str, options: Any) -> None:
    _, _, behind = section(LIBRARY, "Options").partition(heading)
    table, _, _ = behind.partition("\n\nOf ")

    assert sorted(names(table)) == sorted(options.__annotations__)


def test_the_defaults_are_those_of_the_code() -> None:
    cells = by_name(section(LIBRARY, "Options").partition("\n\nOf `discover")[0], 2)
    settings = ResolveSettings()

    assert PaceSettings() == PaceSettings(count=3, interval=1.0, timeout=1.0)
    for name in (field.name for field in fields(ResolveSettings)):
        default = cells[name].partition(";")[0].strip("`")
        assert default == str(getattr(settings, name))


def test_every_event_is_described_with_its_fields() -> None:
    cells = by_name(section(LIBRARY, "Events").partition("A `Claim`")[0], 1)
    kinds = {*get_args(ResolveEvent), *get_args(DiscoverEvent), Announcement}

    assert {name: CODE.findall(cell) for name, cell in cells.items()} == {
        kind.__name__: [field.name for field in fields(kind)] for kind in kinds
    }


def test_every_field_of_a_claim_is_described() -> None:
    table = section(LIBRARY, "Events").partition("A `Claim`")[2]

    assert sorted(names(table)) == sorted(field.name for field in fields(Claim))


@pytest.mark.parametrize("kind", [Verdict, Change, Kind])
def test_every_value_of_an_event_is_described(kind: type[Verdict | Change | Kind]) -> None:
    described = CODE.findall(section(LIBRARY, "Events"))

    assert {one.name for one in kind} <= set(described)
    assert {field.name for field in fields(Target)} <= set(described)


@pytest.mark.parametrize("report", [ResolveReport, DiscoverReport, WatchReport])
def test_every_field_of_a_report_is_described(report: type) -> None:
    _, _, behind = section(LIBRARY, "Reports").partition(f"**`{report.__name__}`**")
    table = behind.partition("**`")[0].partition("\nA `Neighbour`")[0]

    assert [name for row in rows(table) for name in CODE.findall(row[0])] == ordered(
        [field.name for field in fields(report)], table
    )


def ordered(known: list[str], table: str) -> list[str]:
    """Return the fields of a report in the order in which a table has them."""
    return sorted(known, key=lambda name: table.find(f"`{name}`"))


def test_a_neighbour_is_described_with_its_fields() -> None:
    line = next(line for line in text(LIBRARY).splitlines() if line.startswith("A `Neighbour`"))
    _, *described = CODE.findall(line)

    assert described == [field.name for field in fields(Neighbour)]


def test_the_limits_are_those_of_the_code() -> None:
    page = text(LIBRARY)

    assert page.count(f"up to {MOST_MACS}") == 2
    assert f"beyond {MOST_ROUTERS}" in page
    assert f"beyond {MOST_NEIGHBOURS}" in page


def test_every_option_of_neighbour_discovery_is_described_with_its_fields() -> None:
    cells = by_name(section("wire.md", "Options of neighbour discovery"), 1)

    assert {name: re.findall(r"`(\w+)`(\*?)", cell) for name, cell in cells.items()} == {
        kind.__name__: [(field.name, "" if field.compare else "*") for field in fields(kind)]
        for kind in get_args(Option)
    }
