"""The page about the library's multipath names everything that is there."""

import re
from pathlib import Path

import pytest

from rawkit.api.multipath import MultipathOptions
from rawkit.engine import multipath_report as records
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.record import fields

PAGE = (Path(__file__).parents[1] / "docs/reference/library-multipath.md").read_text()
NAMED = set(
    re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL))
)


def test_every_keyword_is_described() -> None:
    assert set(MultipathOptions.__annotations__) <= NAMED


@pytest.mark.parametrize(
    "kind",
    [records.Found, records.MultipathReport, records.Node, records.Edge, records.Diamond],
)
def test_every_field_is_described(kind: type) -> None:
    assert {field.name for field in fields(kind)} <= NAMED
    assert kind.__name__ in NAMED


def test_every_kind_of_balancing_is_described() -> None:
    assert {kind.name for kind in records.Balancing} <= NAMED


def test_the_defaults_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \w* ?\| ([\d.]+) \|", PAGE, re.MULTILINE)
    settings = MultipathSettings()

    assert len(rows) == 8
    assert {name: float(value) for name, value in rows} == {
        name: getattr(settings, name) for name, _ in rows
    }
