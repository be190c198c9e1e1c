"""The reference names what there is: every option and field, and no other."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from rawkit.api.ping import PingOptions
from rawkit.cli.ping_options import OPTIONS
from rawkit.cli.trace_options import OPTIONS as TRACE_OPTIONS
from rawkit.engine.ping_events import PingEvent
from rawkit.engine.ping_report import Ledger, PingReport
from rawkit.lab import Answer, Hop, Target
from rawkit.lab.impairment import Counts
from rawkit.lab.plan import LinkOptions
from rawkit.record import fields
from rawkit.wire import (
    arp,
    authentication,
    esp,
    ethernet,
    extensions,
    gre,
    icmp,
    icmp_queries,
    icmpv6,
    igmp,
    ipv4,
    ipv6,
    llc,
    mld,
    multicast_routers,
    multicast_routers_ipv6,
    ndp,
    sctp,
    udp,
    udplite,
    vlan,
    vxlan,
)
from rawkit.wire.packet import Header
from tests.docs_json import WRITERS, heading_of, types_of, written_anew

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
CODE = re.compile(r"`([^`]+)`")
ROOMS = (
    *(ethernet, llc, vlan, arp, ipv4, ipv6, extensions, authentication, esp),
    *(udp, udplite, sctp, gre, vxlan),
    *(icmp, icmp_queries, icmpv6, ndp, mld, multicast_routers_ipv6, igmp, multicast_routers),
)
ABSTRACT = {
    *("Message", "Quoting", "Echo", "Extended", "Extension", "Options", "Header"),
    *("Timestamp", "Information", "AddressMask", "Membership", "Advertisement", "Bare"),
}


def text(page: str) -> str:
    return (REFERENCE / page).read_text()


def section(page: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one."""
    found = re.search(rf"(?ms)^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", text(page))
    assert found, f"{page} has no heading {heading!r}"
    return found[1]


def rows(table: str) -> Iterator[list[str]]:
    """Yield the cells of the rows of tables, headings apart."""
    for line in table.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def by_name(table: str, column: int) -> dict[str, str]:
    """Return a column of tables by the first name in the first one."""
    return {CODE.findall(row[0])[0]: row[column] for row in rows(table)}


def names(table: str) -> list[str]:
    """Return the names in the first column of tables."""
    return [name for row in rows(table) for name in CODE.findall(row[0])]


def test_every_json_type_and_field_is_described_as_the_code_has_it() -> None:
    page = text("json.md")

    assert page == written_anew(page), "python -m tests.docs_json writes the tables anew"
    assert "TODO" not in page


@pytest.mark.parametrize("writer", WRITERS)
def test_every_command_that_writes_json_has_its_section(writer: str) -> None:
    described = names(section("json.md", heading_of(writer)))

    assert described == [*types_of(writer)]


def test_every_option_of_ping_is_described_as_it_is_written() -> None:
    described = [row[0].replace("\\|", "|") for row in rows(section("ping.md", "Options"))]

    assert described == [
        ", ".join(
            f"`{word} {option.argument}`" if option.argument else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in OPTIONS
    ]


def test_every_option_of_trace_is_described_as_it_is_written() -> None:
    described = [row[0].replace("\\|", "|") for row in rows(section("trace.md", "Options"))]

    assert described == [
        ", ".join(
            f"`{word}{'' if option.may_lack_argument else ' '}{option.argument}`"
            if option.argument
            else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in TRACE_OPTIONS
    ]


@pytest.mark.parametrize(
    ("command", "page", "heading"),
    [
        ("lab", "lab.md", "On the command line"),
        ("caps", "caps-and-doctor.md", "rawkit caps"),
        ("doctor", "caps-and-doctor.md", "rawkit doctor"),
    ],
)
def test_every_option_of_other_commands_is_described(command: str, page: str, heading: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "rawkit", command, "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    described = {word.split()[0] for word in names(section(page, heading)) if word[0] == "-"}
    known = re.findall(r"^  (-\w)?(?:, )?(--[\w-]+)", told, re.MULTILINE)

    assert described == {word for words in known for word in words if word}


def test_every_keyword_of_the_library_is_described() -> None:
    described = names(section("library.md", "Options"))

    assert sorted(described) == sorted(PingOptions.__annotations__)


def test_every_event_is_described_with_its_fields() -> None:
    cells = by_name(section("library.md", "Events"), 2)
    described = {name: CODE.findall(cell) for name, cell in cells.items()}

    assert described == {
        kind.__name__: [field.name for field in fields(kind) if field.name != "target"]
        for kind in get_args(PingEvent)
    }


def test_every_field_of_the_report_is_described() -> None:
    described = section("library.md", "PingReport")

    assert set(names(described)) >= {field.name for field in fields(PingReport)}
    for field in fields(Ledger):
        assert f"`{field.name}`" in described


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__.rpartition(".")[2])
def test_every_header_is_described_with_its_fields(room: ModuleType) -> None:
    cells = by_name(section("wire.md", "Headers"), 1)
    described = {name: re.findall(r"`(\w+)`(\*?)", cell) for name, cell in cells.items()}
    here = f"{room.__name__.rpartition('.')[2]}."
    kinds = [kind for kind in vars(room).values() if is_header_of(kind, room)]

    assert {name for name in described if name.startswith(here)} == {
        here + kind.__name__ for kind in kinds
    }
    for kind in kinds:
        marked = [(field.name, "" if field.compare else "*") for field in fields(kind)]
        assert described[here + kind.__name__] == marked


def is_header_of(kind: object, room: ModuleType) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, Header)
        and kind.__module__ == room.__name__
        and kind.__name__ not in ABSTRACT
    )


def test_the_lab_is_described() -> None:
    page = text("lab.md")

    answers = {name for name in names(section("lab.md", "Answers")) if name.isupper()}

    assert answers == {answer.name for answer in Answer}
    for kind in (Hop, Target, Counts):
        for field in fields(kind):
            assert field.name.startswith("_") or f"`{field.name}`" in page
    for name in LinkOptions.__annotations__:
        assert f"`{name}`" in page
