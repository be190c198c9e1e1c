"""``rawkit decode --follow``: conversations as text, hexadecimal, octets, files and JSON."""

import json
import time
from pathlib import Path

import pytest

from rawkit.engine.follow_events import Side
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP
from tests.cli.decoded import Decode, runner, written
from tests.engine.conversation import ACK, FIN, PSH, SYN, Talk

QUESTION, ANSWER = b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\nhello\x1b[31m\0"


@pytest.fixture
def decode(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Decode:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    run = runner(monkeypatch, capfdbinary)
    return lambda *words, **more: run("decode", *words, **more)


def talk(port: int, question: bytes, answer: bytes) -> list[Packet]:
    """Return the packets of a conversation whose answer comes in the wrong order, and twice."""
    talk = Talk(port=port)
    ours, theirs, half = len(question), len(answer), len(answer) // 2
    late = talk.packet(Side.SERVER, half, answer[half:], PSH | ACK, ours)
    return [
        talk.packet(Side.CLIENT, -1, flags=SYN),
        talk.packet(Side.SERVER, -1, flags=SYN | ACK),
        talk.packet(Side.CLIENT, 0, question, PSH | ACK),
        late,
        talk.packet(Side.SERVER, 0, answer[:half], ACK, ours),
        late,
        talk.packet(Side.CLIENT, ours, flags=FIN | ACK, ack=theirs),
        talk.packet(Side.SERVER, theirs, flags=FIN | ACK, ack=ours + 1),
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    packets = [*talk(40000, QUESTION, ANSWER), *talk(40001, b"two?", b"two.")]
    return written(tmp_path / "x.pcap", packets)


FIRST = """\
#0 192.0.2.1:40000 > 192.0.2.7:80
12:00:00.000002 #0 > 18 octets at 0
> GET / HTTP/1.0
>\x20
12:00:00.000004 #0 < 30 octets at 0
< HTTP/1.0 200 OK
<\x20
< hello.[31m.
12:00:00.000007 #0 closed: > 18 octets in 1; < 30 octets in 3, 1 repeated, 1 ahead of others
"""
SECOND = """\
#1 192.0.2.1:40001 > 192.0.2.7:80
12:00:00.000010 #1 > 4 octets at 0
> two?
12:00:00.000012 #1 < 4 octets at 0
< two.
12:00:00.000015 #1 closed: > 4 octets in 1; < 4 octets in 3, 1 repeated, 1 ahead of others
"""


def test_what_was_said_as_text(decode: Decode, path: Path) -> None:
    assert decode("--follow", path) == (0, FIRST + SECOND, "")


@pytest.mark.parametrize(
    "words",
    [
        ["--follow=1"],
        ["--follow", "1"],
        ["--follow=192.0.2.1:40001-192.0.2.7:80"],
        ["--follow", "192.0.2.7:80-192.0.2.1:40001"],
        ["--follow", "192.0.2.1:40001"],
    ],
)
def test_one_conversation_is_chosen_by_number_or_by_its_ends(
    decode: Decode, path: Path, words: list[str]
) -> None:
    assert decode(*words, path) == (0, SECOND, "")
    assert decode(path, *words) == (0, SECOND, "")


def test_a_filter_chooses_before_and_a_side_afterwards(decode: Decode, path: Path) -> None:
    only = SECOND.replace("#1", "#0")

    assert decode("--follow", path, "port", "40001") == (0, only, "")
    client = decode("--follow=1", "--side", "client", path)[1]
    assert client == "".join(
        line for line in SECOND.splitlines(keepends=True) if "<" not in line or "closed" in line
    )


def test_the_words_of_a_filter_are_not_taken_for_a_conversation(decode: Decode, path: Path) -> None:
    assert decode(path, "--follow", "tcp", "port", "40001")[1] == SECOND.replace("#1", "#0")


def test_what_was_said_in_hexadecimal(decode: Decode, path: Path) -> None:
    assert decode("--follow=1", "--as", "hex", "-t", path) == (0, """\
#1 192.0.2.1:40001 > 192.0.2.7:80
#1 > 4 octets at 0
\t0x0000:  7477 6f3f                                two?
#1 < 4 octets at 0
\t0x0000:  7477 6f2e                                two.
#1 closed: > 4 octets in 1; < 4 octets in 3, 1 repeated, 1 ahead of others
""", "")  # fmt: skip


def test_octets_in_a_dump_are_numbered_as_the_sender_sent_them(
    decode: Decode, tmp_path: Path
) -> None:
    one = Talk()
    packets = [one.packet(Side.CLIENT, place, bytes(20), ACK) for place in (0, 20)]
    _, out, _ = decode("--follow", "--as", "hex", written(tmp_path / "x.pcap", packets))

    assert [line[:8] for line in out.splitlines() if line.startswith("\t")] == [
        "\t0x0000:", "\t0x0010:", "\t0x0014:", "\t0x0024:"
    ]  # fmt: skip


def test_octets_and_nothing_else(decode: Decode, path: Path) -> None:
    code, out, err = decode("--follow=0", "--as", "raw", path)

    assert (code, out.encode(errors="surrogateescape"), err) == (0, QUESTION + ANSWER, "")
    client = decode("--follow", "0", "--as", "raw", "--side", "client", path)[1]
    assert client.encode(errors="surrogateescape") == QUESTION


def test_each_side_goes_to_a_file_of_its_own(decode: Decode, path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    names = [
        "0-192.0.2.1.40000-192.0.2.7.80",
        "0-192.0.2.7.80-192.0.2.1.40000",
        "1-192.0.2.1.40001-192.0.2.7.80",
        "1-192.0.2.7.80-192.0.2.1.40001",
    ]

    for _ in range(2):  # what is there from before is replaced
        code, out, err = decode("--follow", "--into", folder, path)

        assert (code, err) == (0, "")
        assert out == (
            f"{folder}/{names[0]}: 18 octets\n{folder}/{names[1]}: 30 octets\n"
            f"{folder}/{names[2]}: 4 octets\n{folder}/{names[3]}: 4 octets\n"
        )
        found = [(one.name, one.read_bytes()) for one in sorted(folder.iterdir())]
        assert found == list(zip(names, (QUESTION, ANSWER, b"two?", b"two."), strict=True))


@pytest.fixture
def holey(tmp_path: Path) -> Path:
    """A conversation of which four octets are missing, and some were cut."""
    one = Talk()
    packets = [
        one.packet(Side.CLIENT, -1, flags=SYN),
        one.packet(Side.SERVER, -1, flags=SYN | ACK),
        one.packet(Side.CLIENT, 0, b"0123"),
        one.packet(Side.CLIENT, 8, b"89ab"),
    ]
    return written(tmp_path / "holey.pcap", packets)


def test_what_is_missing_is_told(decode: Decode, holey: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"

    assert decode("-t", "--follow", holey) == (0, """\
#0 192.0.2.1:40000 > 192.0.2.7:80
#0 > 4 octets at 0
> 0123
#0 > 4 octets at 4 missing: not captured, nor acknowledged
#0 > 4 octets at 8
> 89ab
#0 open: > 8 octets in 2, 1 ahead of others, 4 octets missing; < 0 octets in 0
""", "")  # fmt: skip
    said = (
        "rawkit decode: #0 192.0.2.1:40000 > 192.0.2.7:80 > 4 octets at 4 missing: not captured,"
        " nor acknowledged\n"
    )
    assert decode("--follow", "--as", "raw", holey) == (0, "012389ab", said)
    assert decode("--follow", "--into", folder, holey)[2] == said
    (file,) = folder.iterdir()
    assert file.read_bytes() == b"0123\0\0\0\x0089ab"


def test_what_was_cut_short_is_told(decode: Decode, tmp_path: Path) -> None:
    one = Talk()
    packets = [one.packet(Side.CLIENT, 0, b"0123"), one.packet(Side.SERVER, 0, ack=4)]
    path = written(tmp_path / "x.pcap", packets, kept=41)

    _, out, _ = decode("-t", "--follow", path)

    assert out == (
        "#0 192.0.2.1:40000 > 192.0.2.7:80 (its beginning is not here)\n"
        "#0 > 1 octet at 0\n> 0\n"
        "#0 > 3 octets at 1 missing: cut short\n"
        "#0 open: > 1 octet in 1, 3 octets missing; < 0 octets in 0\n"
    )


def test_damaged_segments_are_left_out_unless_checksums_do_not_count(
    decode: Decode, tmp_path: Path
) -> None:
    packets = talk(40000, b"one?", b"one.")
    packets[2] = packets[2].replace(TCP, checksum=0xDEAD)
    path = written(tmp_path / "x.pcap", packets)

    assert "> one?" not in decode("--follow", path)[1]
    assert "1 damaged" in decode("--follow", path)[1]
    assert "> one?" in decode("-K", "--follow", path)[1]


def test_who_wins_where_segments_overlap_can_be_chosen(decode: Decode, tmp_path: Path) -> None:
    one = Talk()
    packets = [
        one.packet(Side.CLIENT, -1, flags=SYN),
        one.packet(Side.CLIENT, 1, b"old"),
        one.packet(Side.CLIENT, 1, b"new"),
        one.packet(Side.CLIENT, 0, b"="),
    ]
    path = written(tmp_path / "x.pcap", packets)

    for policy, word in (("first", "old"), ("last", "new"), ("bsd", "old"), ("linux", "old")):
        out = decode("--follow", "--policy", policy, path)[1]
        assert f"> ={word}\n" in out
        assert "3 octets that differ" in out


def test_conversations_in_json(decode: Decode, path: Path) -> None:
    code, out, _ = decode("--json", "--follow=1", path)
    found = [json.loads(line) for line in out.splitlines()]

    assert code == 0
    head = {"schema": "rawkit/1", "command": "decode", "host": None, "address": None}
    at = {"time": 1700049600.000008, "nanoseconds": 8000, "conversation": 1}
    assert found[0] == {
        **head, **at, "type": "conversation", "client": "192.0.2.1", "client_port": 40001,
        "server": "192.0.2.7", "server_port": 80, "whole": True,
    }  # fmt: skip
    assert found[1] == {
        **head, **at, "time": 1700049600.00001, "nanoseconds": 10000, "type": "said",
        "sender": "client", "stream_offset": 0, "octet_count": 4, "said": b"two?".hex(),
    }  # fmt: skip
    assert found[3]["client_sent"] == {
        "segments": 1, "octet_count": 4, "missing_octets": 0, "repeated": 0, "ahead": 0,
        "differing": 0, "damaged_segments": 0, "stray_segments": 0,
    }  # fmt: skip
    assert (found[3]["type"], found[3]["how"], found[3]["reset_by"]) == ("end", "closed", None)
    assert found[4]["type"] == "summary"


def test_what_is_missing_in_json(decode: Decode, holey: Path) -> None:
    lines = [json.loads(line) for line in decode("--json", "--follow", holey)[1].splitlines()]
    (missing,) = (one for one in lines if one["type"] == "missing")

    assert (missing["sender"], missing["stream_offset"], missing["octet_count"]) == ("client", 4, 4)
    assert (missing["missing_cause"], missing["acknowledged"]) == ("not captured", False)


def test_a_folder_that_cannot_be_made_is_an_error(decode: Decode, path: Path) -> None:
    assert decode("--follow", "--into", path, path) == (
        2, "", f"rawkit decode: {path}: File exists\n"
    )  # fmt: skip
