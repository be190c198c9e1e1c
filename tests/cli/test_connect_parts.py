"""The parts of ``rawkit connect``: what is sent when, what is written, what is looked out for."""

import os
import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit import posix
from rawkit.cli.connect import interrupts
from rawkit.cli.connect_input import DATAGRAM, LONGEST_LINE, Input
from rawkit.cli.connect_output import Output
from rawkit.cli.connect_relay import Relay, RelaySettings, Watch


@contextmanager
def piped(octets: bytes) -> Iterator[int]:
    """A pipe with this in it, closed at the other end."""
    reader, writer = os.pipe()

    def write() -> None:
        os.write(writer, octets)
        os.close(writer)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        yield reader
    finally:
        writing.join()
        os.close(reader)


def pieces(octets: bytes, **options: object) -> list[bytes]:
    """Return the pieces that an input makes of octets, whenever they may go."""
    found, now = list[bytes](), 0.0
    with piped(octets) as reader:
        source = Input(reader, **{"messages": False, **options})  # type: ignore[arg-type]
        while not source.is_over:
            while source.wants_more:
                source.read()
            now += 1000
            if (piece := source.next(now)) is not None:
                found.append(piece)
    return found


PIECES = [
    (b"a\nb\n", {}, [b"a\nb\n"]),
    (b"", {}, []),
    (b"a\nb", {"lines": True}, [b"a\n", b"b"]),
    (b"a\r\n\nb\n", {"lines": True, "messages": True}, [b"a", b"", b"b"]),
    (b"a\nb\r\n\r", {"crlf": True}, [b"a\r\nb\r\n\r"]),
    (b"a\nb\n", {"crlf": True, "lines": True}, [b"a\r\n", b"b\r\n"]),
    (b"\0\xff\x1b", {}, [b"\0\xff\x1b"]),
    (b"abcde", {"rate": 40}, [b"ab", b"cd", b"e"]),
    (b"abc", {"rate": 0.1}, [b"a", b"b", b"c"]),
]


@pytest.mark.parametrize(("octets", "options", "expected"), PIECES)
def test_input_goes_out_in_pieces(
    octets: bytes, options: dict[str, object], expected: list[bytes]
) -> None:
    assert pieces(octets, **options) == expected


def test_what_is_no_line_is_cut_into_datagrams_that_fit() -> None:
    assert [len(piece) for piece in pieces(bytes(DATAGRAM + 1), messages=True)] == [DATAGRAM, 1]


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    assert [len(one) for one in pieces(bytes(LONGEST_LINE + 5), lines=True)] == [LONGEST_LINE, 5]


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n"])), st.integers(1, 4))
def test_line_breaks_become_cr_lf_wherever_the_input_is_cut(words: list[bytes], size: int) -> None:
    octets = b"".join(words)
    source = Input(-1, messages=False, crlf=True)
    parts = [octets[at : at + size] for at in range(0, len(octets), size)]

    changed = b"".join(source.with_crlf(part) for part in parts)

    assert changed == re.sub(rb"\r?\n", b"\r\n", octets)


def test_pieces_are_due_as_the_rate_allows_however_late_one_was() -> None:
    with piped(b"1\n2\n3\n4\n") as reader:
        source = Input(reader, messages=False, lines=True, rate=2)
        source.read()

        sent = [source.next(now) for now in (10.0, 10.4, 10.5, 20.0, 20.1)]

        assert sent == [b"1\n", None, b"2\n", b"3\n", None]
        assert source.due() == 20.5


def test_what_is_expected_is_found_wherever_it_is_cut() -> None:
    watch = Watch(re.compile(rb"^220 .*ready$", re.MULTILINE))
    for part in (b"x" * 100_000, b"\n22", b"0 mail is rea", b"dy"):
        assert not watch.is_met
        watch.see(part)

    assert watch.is_met


def test_the_beginning_is_not_where_memory_begins() -> None:
    watch = Watch(re.compile(rb"^b"))
    for part in (b"a" * 70_000, b"b" * 70_000):
        watch.see(part)

    assert not watch.is_met


def test_the_reader_that_goes_is_noticed_though_there_is_nothing_to_write() -> None:
    reader, writer = os.pipe()
    output = Output(writer)
    os.close(reader)
    wanted = select.poll()
    wanted.register(writer, output.interest)
    ((_, events),) = wanted.poll(1000)

    with pytest.raises(BrokenPipeError):
        output.ready(events)
    os.close(writer)


def test_output_that_nobody_reads_stops_the_other_side_and_fills_no_memory() -> None:
    """Also that octets arrive in order, all of them, once somebody reads."""
    ours, theirs = socket.socketpair()
    reader, writer = os.pipe()
    theirs.setblocking(False)
    octets = os.urandom(4_000_000)
    with (
        piped(b"") as nothing,
        interrupts() as bell,
        posix.connect(f"fd:{ours.detach()}") as connection,
        theirs,
    ):
        output = Output(writer)
        relay = Relay(connection, Input(nothing, messages=False), output, RelaySettings(), bell)

        def move() -> None:
            relay.run()
            os.close(writer)

        thread = threading.Thread(target=move)
        thread.start()
        sent = 0
        while select.select([], [theirs], [], 0.3)[1]:
            with suppress(BlockingIOError):
                sent += theirs.send(octets[sent:])
        assert sent < 2_000_000
        assert not output.has_room

        theirs.setblocking(True)

        def send() -> None:
            theirs.sendall(octets[sent:])
            theirs.shutdown(socket.SHUT_WR)

        rest = threading.Thread(target=send)
        rest.start()
        with os.fdopen(reader, "rb") as read:
            assert read.read() == octets
        rest.join()
        thread.join()
