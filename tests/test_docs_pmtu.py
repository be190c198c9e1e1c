"""docs/reference/pmtu.md names what there is: every option, keyword and field, and no other."""

from rawkit.api.pmtu import PmtuOptions
from rawkit.cli.pmtu_options import TABLE
from rawkit.engine import pmtu_report
from rawkit.engine.pmtu_report import PmtuRemark
from rawkit.record import fields
from tests.test_docs_reference import CODE, names, rows, section


def test_every_option_is_described_as_it_is_written() -> None:
    described = [row[0] for row in rows(section("pmtu.md", "Options"))]

    assert described == [
        ", ".join(
            f"`{word} {option.argument}`" if option.argument else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in TABLE.options
    ]


def test_every_keyword_of_the_library_is_described() -> None:
    told = names(section("pmtu.md", "The library"))

    assert [name for name in told if name.islower()] == list(PmtuOptions.__annotations__)


def test_every_field_of_the_records_is_described() -> None:
    cells = {
        CODE.findall(row[0])[0]: CODE.findall(row[1])
        for row in rows(section("pmtu.md", "The library"))
        if len(row) == 2
    }

    assert cells.pop("PmtuRemark") == [remark.name for remark in PmtuRemark]
    for name, told in cells.items():
        known = [field.name for field in fields(getattr(pmtu_report, name))]
        assert [word for word in told if word in known] == known
        assert set(told) - set(known) <= {"hop", "distance"}
