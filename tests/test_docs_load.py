"""The reference of ``rawkit load`` names what there is, and no other."""

from rawkit.cli.load_options import TABLE
from rawkit.cli.load_text import WHAT
from rawkit.engine.load_report import Effort, LoadReport
from rawkit.posix.load import Options
from rawkit.record import fields
from tests.test_docs_reference import names, rows, section

PAGE = "load.md"


def test_every_option_is_described_as_it_is_written() -> None:
    described = [row[0] for row in rows(section(PAGE, "Options"))]

    assert described == [
        ", ".join(
            f"`{word} {option.argument}`" if option.argument else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in TABLE.options
    ]


def test_every_keyword_and_every_field_of_the_report_is_described() -> None:
    options, _, report = section(PAGE, "From Python").partition("A `LoadReport` has")
    known = {*names(report)}

    assert names(options) == [*Options.__annotations__]
    assert {one.name for one in fields(LoadReport)} | {"per_second", "is_whole", "doubts"} == known
    assert all(f"`{one.name}`" in report for one in fields(Effort))


def test_everything_that_goes_wrong_is_described() -> None:
    table = section(PAGE, "What goes wrong")

    assert all(f"`N times {words}: …`" in table for words in WHAT.values())
