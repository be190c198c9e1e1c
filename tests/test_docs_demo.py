"""The pages about demonstrations name what there is."""

from rawkit.cli.demo_options import TABLE
from rawkit.demos import DEMOS
from tests.test_docs_reference import CODE, by_name, rows, section


def test_every_demonstration_is_in_the_reference_as_the_command_lists_it() -> None:
    assert by_name(section("demo.md", "Demonstrations"), 1) == DEMOS


def test_every_option_is_described() -> None:
    described = [CODE.findall(row[0]) for row in rows(section("demo.md", "Options"))]

    assert described == [[f"-{one.letter}", f"--{one.name}"] for one in TABLE.options]
