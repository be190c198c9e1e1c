"""The references of ``rawkit serve`` and ``rawkit check`` name what there is, and no other."""

from rawkit.cli.check_options import TABLE as CHECK_TABLE
from rawkit.cli.serve_options import TABLE
from rawkit.posix.check import EVERY
from rawkit.posix.models import FILES
from rawkit.posix.serve import Options
from rawkit.posix.services import ARGUMENTS, SERVICES
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.mischief import FORMS
from tests.test_docs_reference import CODE, names, rows, section

PAGE = "serve.md"


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


def test_every_service_model_and_fault_is_described() -> None:
    services = [*SERVICES, *(f"{name}={what}" for name, (what, _, _) in ARGUMENTS.items())]

    assert sorted(names(section(PAGE, "Services"))) == sorted(services)
    assert names(section(PAGE, "Models")) == [*FILES]
    assert names(section(PAGE, "Faults")) == [form.partition(": ")[0] for form in FORMS.values()]


def test_every_reason_of_an_end_is_described() -> None:
    lines = section(PAGE, "How it ends").splitlines()

    assert [CODE.findall(line)[0] for line in lines if line.count("|") == 4 and "`" in line] == [
        reason.value for reason in Reason
    ]


def test_every_keyword_is_described() -> None:
    table = section(PAGE, "From Python").partition("| option |")[2]

    assert set(names(table)) == set(Options.__annotations__)


def test_every_fault_of_a_check_and_every_option_is_described() -> None:
    described = [row[0] for row in rows(section("check.md", "Options"))]

    assert sorted(names(section("check.md", "Faults"))) == sorted(one.name for one in EVERY)
    assert described == [
        ", ".join(
            f"`{word} {option.argument}`" if option.argument else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in CHECK_TABLE.options
    ]
