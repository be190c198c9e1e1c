"""Faults that a server commits on purpose."""

import pytest

from rawkit.errors import UsageError
from rawkit.posix.service import Client, CutOff
from rawkit.posix.services import SERVICES
from rawkit.posix.serving.mischief import NONE, Mischief, parse, with_mischief

NOBODY = Client(-1)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], NONE),
        (["pause=100ms/1s"], Mischief(pause=0.1, period=1.0)),
        (["rst"], Mischief(reset=True)),
        (["never-read"], Mischief(never_read=True)),
        (["slow=10B/s"], Mischief(rate=10.0)),
        (["slow=2KiB/s", "drop-accept"], Mischief(rate=2048.0, drop_accept=True)),
    ],
)
def test_faults_are_asked_for_in_words(words: list[str], found: Mischief) -> None:
    assert parse(words) == found


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("pause=1s/1s", "pause=1s/1s: a pause is shorter than its period"),
        (
            "pause=x/1s",
            "pause=x/1s: pause=LENGTH/PERIOD: be silent so long in each period: pause=100ms/1s",
        ),
        ("slow=0", "slow=0: slow=RATE: send so many octets a second: slow=10B/s"),
    ],
)
def test_faults_that_make_no_sense_are_refused(word: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse([word])

    assert str(caught.value) == why


def test_a_fault_that_is_not_known_is_answered_by_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"no fault 'crash': pause=LENGTH/PERIOD.*drop-accept"):
        parse(["crash"])


def test_a_slow_server_says_all_of_it_a_drop_at_a_time() -> None:
    talk = with_mischief(SERVICES["echo"], Mischief(rate=20.0)).converse(NOBODY)

    drops = [talk.receive(b"abcde"), talk.more(), talk.more(), talk.more()]

    assert drops == [b"ab", b"cd", b"e", b""]


def test_a_server_that_never_reads_is_deaf_from_the_beginning() -> None:
    talk = with_mischief(SERVICES["echo"], Mischief(never_read=True)).converse(NOBODY)

    assert talk.begin() == b""
    assert talk.rest > 1e6


def test_a_server_that_resets_does_so_at_the_first_word() -> None:
    talk = with_mischief(SERVICES["echo"], Mischief(reset=True)).converse(NOBODY)

    with pytest.raises(CutOff):
        talk.receive(b"hello")


def test_a_service_that_says_one_thing_says_it_slowly_to_the_end() -> None:
    talk = with_mischief(SERVICES["time"], Mischief(rate=20.0)).converse(NOBODY)

    first = talk.begin()
    assert not talk.over
    assert len(first + talk.more()) == 4
    assert talk.over
