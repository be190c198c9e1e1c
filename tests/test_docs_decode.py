"""The page about ``rawkit decode`` names what there is: every option, and no other."""

from typing import get_args

from rawkit.api.follow import FollowOptions, Transcript, follow
from rawkit.cli.decode_options import FORMS, LINKS, POLICIES, SIDES, TABLE
from rawkit.cli.decode_stats import MOST_TALKS
from rawkit.engine.follow import DEFAULT, FollowSettings
from rawkit.engine.follow_events import Conversation, Counts, Endpoint, FollowEvent, How
from rawkit.engine.tally import MOST_TALKS as REMEMBERED
from rawkit.record import fields
from rawkit.wire.received import Checksum
from rawkit.wire.stream import SegmentPolicy
from tests.test_docs_reference import CODE, by_name, names, rows, section, text


def test_every_option_is_described_as_it_is_written() -> None:
    described = [row[0] for row in rows(section("decode.md", "Options"))]

    assert described == [
        ", ".join(
            f"`{word}{'' if option.may_lack_argument else ' '}{option.argument}`"
            if option.argument
            else f"`{word}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in TABLE.options
    ]


def test_every_word_that_an_option_takes_is_named() -> None:
    page = text("decode.md")

    for word in (*FORMS, *SIDES, *LINKS, *POLICIES, *(how.value for how in How)):
        assert f"`{word}`" in page, word
    assert [policy.value for policy in SegmentPolicy] == [*POLICIES]


def test_every_verdict_is_described() -> None:
    described = names(section("decode.md", "What a file can tell"))

    assert described[:3] == [one.value for one in Checksum]


def test_bounds_are_those_of_the_code() -> None:
    page = text("decode.md")

    assert f"{DEFAULT.most_waiting >> 20} MiB of each side at most, " in page
    assert f"{DEFAULT.most_octets >> 20} MiB in all" in page
    assert f"octets behind it were there for {DEFAULT.patience} s" in page
    assert f"{DEFAULT.most_conversations} are remembered" in page
    assert f"up to {REMEMBERED}" in page
    assert MOST_TALKS == 20
    assert "The twenty conversations" in page


def test_every_keyword_of_follow_is_described() -> None:
    described = names(section("library-follow.md", "Options"))

    assert described == [*FollowOptions.__annotations__]
    assert follow.__doc__
    assert {*CODE.findall(follow.__doc__.replace("``", "`"))} >= {*described}


def test_every_event_and_record_is_described_with_its_fields() -> None:
    cells = by_name(section("library-follow.md", "Events"), 1)
    described = {name: CODE.findall(cell) for name, cell in cells.items()}

    kinds = (*get_args(FollowEvent), Conversation, Endpoint, Counts, Transcript)
    assert described == {kind.__name__: [one.name for one in fields(kind)] for kind in kinds}


def test_every_setting_of_the_engine_is_named() -> None:
    engine = section("library-follow.md", "The engine")

    assert all(f"`{one.name}`" in engine for one in fields(FollowSettings))
