"""Connections that are used like sockets, between two hosts in memory."""

import threading
import time
from collections.abc import Callable, Iterator
from random import Random

import pytest

from rawkit.endpoint.driver import Driver
from rawkit.endpoint.listening import Listening
from rawkit.endpoint.stream import Stream
from rawkit.errors import ConnectionFailed, NoAnswer, UsageError
from rawkit.tcp.settings import Settings
from rawkit.tcp.state import State
from tests.endpoint.hosts import connecting, hosts, listening

BODY = Random(1).randbytes(300_000)


@pytest.fixture
def ends() -> Iterator[tuple[Stream, Stream]]:
    client, server = hosts()
    waiting = listening(server)
    try:
        one = connecting(client)
        other = waiting.accept()
        one.timeout = other.timeout = 5.0
        yield one, other
        one.abort()
    finally:
        waiting.stop()


def send_and_end(end: Stream) -> None:
    end.sendall(BODY)
    end.shutdown()


def read_and_close(end: Stream) -> None:
    end.recv_all()
    end.close()


def in_thread(call: Callable[[Stream], None], end: Stream) -> threading.Thread:
    thread = threading.Thread(target=call, args=(end,))
    thread.start()
    return thread


def test_what_one_sends_the_other_receives(ends: tuple[Stream, Stream]) -> None:
    one, other = ends

    one.sendall(b"hello")
    first = other.recv()
    other.sendall(b"there")

    assert (first, one.recv()) == (b"hello", b"there")


def test_much_goes_both_ways_at_once(ends: tuple[Stream, Stream]) -> None:
    one, other = ends

    threads = [in_thread(send_and_end, one), in_thread(send_and_end, other)]
    received = one.recv_all(), other.recv_all()
    for thread in threads:
        thread.join()

    assert received == (BODY, BODY)


@pytest.mark.parametrize("gso", [0, 20_000], ids=["segments", "large segments"])
def test_losses_are_made_up_for(gso: int) -> None:
    random = Random(2)
    client, server = hosts(passes=lambda _: random.random() > 0.05, gso=gso)
    with listening(server) as waiting, connecting(client) as one:
        other = waiting.accept()
        sender = in_thread(send_and_end, one)
        other.timeout = 20.0
        received = other.recv_all()
        sender.join()
        resent = one.info.counters.resent
        other.close()
        waiting.stop()

    assert received == BODY
    assert resent > 0


def test_a_shut_window_stops_the_sender_until_somebody_reads() -> None:
    client, server = hosts()
    small = Settings(window=2000, send_buffer=2000, rto_min=0.02, delayed_ack=0.01)
    waiting = listening(server, small)
    one, other = connecting(client, small), waiting.accept()
    one.timeout = 0.3

    with pytest.raises(NoAnswer, match=r"no room in 0.3 s"):
        one.sendall(bytes(10_000))

    one.abort()
    other.abort()
    waiting.stop()


def test_a_half_closed_connection_still_receives(ends: tuple[Stream, Stream]) -> None:
    one, other = ends

    one.shutdown()
    at_end = other.recv()
    other.sendall(b"still")

    assert (at_end, one.recv()) == (b"", b"still")


def test_nothing_in_time_is_an_error(ends: tuple[Stream, Stream]) -> None:
    one, _ = ends
    one.timeout = 0.05

    with pytest.raises(NoAnswer, match=r"nothing came in 0.05 s"):
        one.recv()


def test_a_reset_is_an_error_for_reader_and_writer(ends: tuple[Stream, Stream]) -> None:
    one, other = ends

    other.abort()

    with pytest.raises(ConnectionFailed, match="reset by the other side") as caught:
        one.recv()
    assert caught.value.came_back == "RST"
    with pytest.raises(ConnectionFailed):
        one.sendall(b"too late")


def test_nobody_listening_is_a_refusal() -> None:
    client, server = hosts()
    driver = Driver(server)

    with pytest.raises(ConnectionFailed, match=r"192.0.2.2:80: RST came back: refused"):
        connecting(client)

    driver.stop()


def test_writing_after_shutdown_is_a_mistake(ends: tuple[Stream, Stream]) -> None:
    one, _ = ends
    one.shutdown()

    with pytest.raises(UsageError, match="shut down"):
        one.sendall(b"more")


def test_closing_waits_until_all_is_acknowledged(ends: tuple[Stream, Stream]) -> None:
    one, other = ends
    reader = in_thread(read_and_close, other)

    one.sendall(BODY)
    one.close()
    reader.join()

    assert one.state in (State.TIME_WAIT, State.CLOSED)


def test_an_exception_in_the_block_resets(ends: tuple[Stream, Stream]) -> None:
    one, other = ends

    with pytest.raises(ZeroDivisionError), one:
        raise ZeroDivisionError

    with pytest.raises(ConnectionFailed, match="reset"):
        other.recv()


def test_a_host_goes_away_with_its_last_connection() -> None:
    client, server = hosts()
    waiting: Listening = listening(server)
    one, other = connecting(client), waiting.accept()

    one.close(linger=0.2)
    other.close(linger=0.2)
    waiting.close()

    deadline = time.monotonic() + 5
    while not (client.is_closed and server.is_closed) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert client.is_closed
    assert server.is_closed


@pytest.mark.parametrize("end", [Listening.close, Listening.stop], ids=["close", "stop"])
def test_whoever_waits_for_a_client_is_told_of_the_end(end: Callable[[Listening], None]) -> None:
    _, server = hosts()
    waiting = listening(server)
    streams: list[Stream] = []
    thread = threading.Thread(target=lambda: streams.extend(waiting))
    thread.start()

    end(waiting)
    thread.join(timeout=5)

    assert not thread.is_alive()
    assert streams == []
    with pytest.raises(ConnectionFailed, match=r"tcp:192.0.2.2:80: closed"):
        waiting.accept()
