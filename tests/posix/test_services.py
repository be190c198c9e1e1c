"""Services, as what they say: without sockets, as no service knows of any."""

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from rawkit.errors import UsageError
from rawkit.posix.service import Client, Conversation, CutOff, Offer, offer_of
from rawkit.posix.services import SERVICES, named
from rawkit.posix.services.spoken import PATTERN, SINCE_1900

NOBODY = Client(-1)


def said(offer: Offer, *words: bytes, client: Client = NOBODY) -> bytes:
    """Return all that a service says to a client that says some words and no more."""
    talk = offer.converse(client)
    answer = talk.begin()
    for step in (*(lambda one=one: talk.receive(one) for one in words), talk.end):
        answer += step()
        answer += b"".join(rest_of(talk))
    talk.close()
    return answer


def rest_of(talk: Conversation) -> Iterator[bytes]:
    while not talk.over and ((words := talk.more()) or talk.rest):
        yield words


@pytest.mark.parametrize(
    ("service", "words", "answer"),
    [
        ("echo", [b"one", b"\0\xff"], b"one\0\xff"),  # RFC 862
        ("discard", [b"one", b"two"], b""),  # RFC 863
        ("upper", [b"abc1\xe4\n"], b"ABC1\xe4\n"),
        ("rot1", [b"HAL\n", b"\xff\n"], b"IBM\n\0\n"),
        ("slow", [b"one", b"two"], b"onetwo"),
    ],
)
def test_a_service_answers_what_is_said(service: str, words: list[bytes], answer: bytes) -> None:
    assert said(SERVICES[service], *words) == answer


def test_chargen_says_lines_of_72_letters_each_one_letter_on() -> None:
    lines = PATTERN.split(b"\r\n")

    # RFC 864 has the beginning of the pattern.
    assert lines[0] == (
        b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg"
    )
    assert lines[1][:-1] == lines[0][1:]
    assert {len(line) for line in lines[:-1]} == {72}
    assert len(lines) == 96


def test_chargen_goes_on_by_itself_until_the_client_says_no_more() -> None:
    talk = SERVICES["chargen"].converse(NOBODY)

    assert talk.begin() == talk.more() == talk.more() == PATTERN
    talk.end()
    assert talk.over


def test_time_counts_from_1900_and_daytime_says_a_date_in_a_line() -> None:
    seconds = int.from_bytes(SERVICES["time"].converse(NOBODY).begin())
    date = SERVICES["daytime"].converse(NOBODY).begin()

    # RFC 868: 2,208,988,800 corresponds to 00:00 1 Jan 1970 GMT.
    assert abs(seconds - 2_208_988_800 - time.time()) < 5
    assert SINCE_1900 == 2_208_988_800
    assert date.endswith(b"-UTC\r\n")
    assert time.strptime(date.decode(), "%A, %B %d, %Y %H:%M:%S-UTC\r\n")


@pytest.mark.parametrize("service", ["daytime", "time", "qotd"])
def test_who_says_one_thing_hangs_up(service: str) -> None:
    talk = SERVICES[service].converse(NOBODY)
    talk.begin()

    assert talk.over


def test_quotations_are_said_in_turn_with_line_ends_of_the_network(tmp_path: Path) -> None:
    file = tmp_path / "quotes"
    file.write_text("one\nline two\n%\n\n%\n" + "x" * 600 + "\n")

    offer = named(f"qotd={file}")
    heard = [offer.converse(NOBODY).begin() for _ in range(3)]

    assert heard == [b"one\r\nline two\r\n", b"x" * 510 + b"\r\n", b"one\r\nline two\r\n"]


def test_a_file_is_sent_behind_its_length_and_hash(tmp_path: Path) -> None:
    file, data = tmp_path / "file", bytes(range(256)) * 1000
    file.write_bytes(data)

    heading, _, body = said(named(f"send={file}")).partition(b"\n")

    assert heading.decode() == f"256000 {sha256(data).hexdigest()}"
    assert body == data


def test_a_file_that_changes_is_hashed_anew_and_one_that_shrinks_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"before")
    offer = named(f"send={file}")

    file.write_bytes(b"after!!")
    assert said(offer).endswith(b"\nafter!!")

    talk = offer.converse(NOBODY)
    talk.begin()
    file.write_bytes(b"")
    with pytest.raises(CutOff, match="the file has become shorter on the way"):
        talk.more()
    talk.close()


def test_what_clients_send_goes_into_new_files_and_half_of_one_does_not_stay(
    tmp_path: Path,
) -> None:
    (tmp_path / "received.1").symlink_to(tmp_path / "elsewhere")
    offer = named(f"receive={tmp_path}")

    answer = said(offer, b"some", b" octets")
    half = offer.converse(NOBODY)
    half.receive(b"ha")
    half.close()

    assert answer.decode() == f"11 {sha256(b'some octets').hexdigest()}\n"
    assert (tmp_path / "received.2").read_bytes() == b"some octets"
    assert {path.name for path in tmp_path.iterdir()} == {"received.1", "received.2"}


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("ecko", "no service 'ecko' (did you mean 'echo'?)"),
        ("echo=1", "service echo takes no argument"),
        ("send", "service send=FILE: the file that every client gets"),
        ("slow=-1", "slow=-1: seconds, 0 to 3600"),
        ("slow=", "service slow=SECONDS: how late its answers come"),
        ("receive=/nowhere", "receive=/nowhere: no directory to write to"),
        ("send=/dev/null", "/dev/null: not a regular file"),
    ],
)
def test_a_service_that_there_is_not_is_refused(word: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(word)

    assert str(caught.value) == why


def test_functions_and_classes_of_conversations_are_services() -> None:
    class Counting(Conversation):
        def begin(self) -> bytes:
            return b"0"

    def double(data: bytes) -> bytes:
        return data * 2

    assert said(offer_of(double), b"ab") == b"abab"
    assert said(offer_of(Counting)) == b"0"
    with pytest.raises(UsageError, match="Path is no service"):
        offer_of(Path)  # type: ignore[arg-type]
