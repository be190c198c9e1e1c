"""The pages about ``rawkit sniff`` name what there is: every option and field, and no other."""

import re

from rawkit.api.sniff import SniffOptions, sniff
from rawkit.api.sniff_session import SniffSession
from rawkit.cli.packet_lines import TIME_STYLES
from rawkit.cli.sniff_options import LARGEST_BUFFER, TABLE
from rawkit.engine.capture import CaptureReport
from rawkit.record import fields
from rawkit.session import Session
from rawkit.sockets.fanout import MODES
from rawkit.sockets.frame_ring import PATIENCE, RING
from rawkit.sockets.ring import BLOCK
from rawkit.wire.received_frame import ReceivedFrame
from tests.test_docs_reference import CODE, names, rows, section, text

LIBRARY = "library-sniff.md"


def test_every_option_is_described_as_it_is_written() -> None:
    described = [row[0] for row in rows(section("sniff.md", "Options"))]

    assert described == [
        ", ".join(
            f"`{word} {option.argument}`" if option.argument else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in TABLE.options
    ]


def test_every_keyword_is_described() -> None:
    assert sorted(names(section(LIBRARY, "Options"))) == sorted(SniffOptions.__annotations__)


def test_every_keyword_is_in_the_docstring() -> None:
    assert sniff.__doc__
    named = {*CODE.findall(sniff.__doc__.replace("``", "`"))}

    assert {*SniffOptions.__annotations__} <= named


def test_every_member_of_a_session_is_described() -> None:
    described = set(re.findall(r"`(\w+)", section(LIBRARY, "SniffSession")))
    own = {name for name in vars(SniffSession) if not name.startswith("_")} - {"copy_to"}

    assert own | {"packets", "interface", "filter", "snap_length"} <= described
    assert {name for name in vars(Session) if not name.startswith("_")} <= described


def test_every_field_of_a_frame_is_described() -> None:
    assert names(section(LIBRARY, "ReceivedFrame")) == [
        field.name for field in fields(ReceivedFrame)
    ]
    for name in ("is_cut", "whole"):
        assert f"`{name}" in section(LIBRARY, "ReceivedFrame")


def test_every_field_of_the_report_is_described() -> None:
    described = names(section(LIBRARY, "CaptureReport"))

    assert sorted(described) == sorted(field.name for field in fields(CaptureReport))


def test_every_way_to_share_is_described() -> None:
    described = [name.strip('"') for name in names(section(LIBRARY, "Sharing"))]

    assert sorted(described) == sorted(MODES)


def test_every_style_of_time_is_described() -> None:
    assert [
        name for row in rows(section("sniff.md", "Times")) for name in CODE.findall(row[0])
    ] == [f"-{'t' * number}" for number in range(1, TIME_STYLES + 1)]


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"up to {PATIENCE * 1000:.0f} ms after it came" in text("sniff.md")
    assert f"a block of the ring, {BLOCK >> 10} KiB" in text("sniff.md")
    assert f"| {RING >> 10} |" in text("sniff.md")
    assert f"| octets | {RING} |" in text(LIBRARY)
    assert f"about {['', '', '', '', '', 'five'][round(RING // BLOCK * PATIENCE)]} seconds" in text(
        LIBRARY
    )
    assert LARGEST_BUFFER << 10 == 1 << 30
