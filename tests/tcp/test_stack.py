"""Many connections of one host: whose segment it is, and what a flood of SYNs leads to."""

from ipaddress import IPv4Address

import pytest

from rawkit.errors import UsageError
from rawkit.tcp.cookies import LASTS, SIZES, TICK, cookie, size_in
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Cookies, Listener
from rawkit.tcp.segment import ACK, FIN, RST, SYN, WRAP, Segment
from rawkit.tcp.settings import Settings
from rawkit.tcp.stack import Stack
from rawkit.tcp.state import State
from rawkit.wire.tcp_options import MaximumSegmentSize, encode

SECRET = b"some secret octets"
HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
PORT = 80
NOW = 5000.0


def flow(port: int = 40000, remote: IPv4Address = THERE) -> Flow:
    return Flow(HERE, PORT, remote, port)


def server(**limits: object) -> tuple[Stack, Listener]:
    stack = Stack(secret=SECRET)
    listener = Listener(secret=SECRET, **limits)  # type: ignore[arg-type]
    stack.listen(HERE, PORT, listener)
    return stack, listener


def sent(stack: Stack, now: float = NOW) -> list[Segment]:
    segments = [one for group in stack.departing(now) for one in group.segments]
    stack.settle()
    return segments


def syn(sequence: int = 7000) -> Segment:
    return Segment(SYN, sequence, window=1000, options=encode(MaximumSegmentSize(1460)))


def opened(stack: Stack, who: Flow, now: float = NOW) -> Segment:
    """Shake hands; return the answer to the SYN."""
    stack.arrive(now, who.key, syn())
    (answer,) = sent(stack, now)
    stack.arrive(now, who.key, Segment(ACK, 7001, answer.sequence + 1 & WRAP, 1000))
    assert sent(stack, now) == []
    return answer


@pytest.mark.parametrize(
    ("segment", "answer"),
    [
        (Segment(ACK, 5, 77), Segment(RST, 77)),
        (Segment(SYN, 5), Segment(RST | ACK, 0, 6)),
        (Segment(FIN, 5, payload=b"abc"), Segment(RST | ACK, 0, 9)),
        (Segment(RST, 5), None),
    ],
    ids=["ACK", "SYN", "data and FIN", "RST"],
)
def test_a_segment_of_no_connection_is_reset(segment: Segment, answer: Segment | None) -> None:
    stack = Stack(secret=SECRET)

    stack.arrive(NOW, flow().key, segment)

    assert sent(stack) == ([] if answer is None else [answer])


def test_connections_wait_to_be_taken_once_they_are_open() -> None:
    stack, listener = server()

    opened(stack, flow(40000))
    opened(stack, flow(40001))

    assert [one.flow for one in listener.ready] == [flow(40000), flow(40001)]
    assert not listener.opening


def test_what_is_over_is_forgotten() -> None:
    stack, listener = server()
    opened(stack, flow())

    listener.ready[0].abort(NOW)

    assert [one.flags for one in sent(stack)] == [RST | ACK]
    assert not stack.connections


def test_what_a_user_writes_is_sent_without_an_arrival() -> None:
    stack, listener = server()
    opened(stack, flow())

    listener.ready[0].write(b"hello")

    assert [one.payload for one in sent(stack)] == [b"hello"]


def test_a_stack_wakes_for_the_earliest_of_all() -> None:
    stack, listener = server(settings=Settings(rto_min=0.2))
    opened(stack, flow(40000))
    opened(stack, flow(40001))
    first, second = listener.ready
    first.write(b"a")
    sent(stack, NOW + 1)
    second.write(b"b")
    sent(stack, NOW + 1.1)

    again: list[tuple[float, object]] = []
    while stack.wake_at < NOW + 1.35:
        now = stack.wake_at
        stack.tick(now)
        again += [(round(now - NOW, 6), one.payload) for one in sent(stack, now)]

    assert again == [(1.2, b"a"), (1.3, b"b")]


def test_a_later_syn_opens_anew_beyond_the_old_numbers() -> None:
    stack, listener = server()
    answer = opened(stack, flow())
    old = listener.ready.popleft()
    old.shutdown()
    sent(stack)
    ours = old.block.snd_nxt & WRAP
    stack.arrive(NOW, flow().key, Segment(FIN | ACK, 7001, ours, 1000))
    sent(stack)
    assert old.state is State.TIME_WAIT

    stack.arrive(NOW, flow().key, syn(9000))
    (again,) = sent(stack)

    stack.arrive(NOW, flow().key, Segment(ACK, 9001, again.sequence + 1 & WRAP, 1000))
    sent(stack)
    assert [one.state for one in listener.ready] == [State.ESTABLISHED]
    assert again.flags == SYN | ACK
    assert 0x10000 < (again.sequence - answer.sequence & WRAP) < 0x11000
    assert old.is_over


def test_a_flood_of_syns_neither_grows_the_memory_nor_stops_a_good_client() -> None:
    stack, listener = server(half_open=50)
    for number in range(5000):
        stranger = IPv4Address(0x0A000000 + number)
        stack.arrive(NOW, flow(number, stranger).key, syn())
    answers = sent(stack)

    opened(stack, flow(40000))

    assert len(answers) == 5000
    assert len(stack.connections) == 51
    assert listener.remembered == 4951
    assert [one.flow for one in listener.ready] == [flow(40000)]
    assert listener.ready[0].block.mss == 1460


def test_without_cookies_a_full_listener_drops() -> None:
    stack, listener = server(half_open=1, cookies=Cookies.NEVER)
    stack.arrive(NOW, flow(1).key, syn())
    stack.arrive(NOW, flow(2).key, syn())

    assert len(sent(stack)) == 1
    assert listener.dropped == 1


def test_nobody_is_let_in_when_nobody_takes_those_who_wait() -> None:
    stack, listener = server(backlog=1)
    opened(stack, flow(1))

    stack.arrive(NOW, flow(2).key, syn())

    assert sent(stack) == []
    assert listener.dropped == 1


@pytest.mark.parametrize("wrong", ["another acknowledgment", "later", "another port"])
def test_only_a_cookie_of_ours_opens(wrong: str) -> None:
    stack, listener = server(cookies=Cookies.ALWAYS)
    stack.arrive(NOW, flow().key, syn())
    (answer,) = sent(stack)
    ack, who, now = answer.sequence + 1, flow(), NOW
    if wrong == "another acknowledgment":
        ack += 1
    elif wrong == "later":
        now += LASTS * TICK
    else:
        who = flow(40001)

    stack.arrive(now, who.key, Segment(ACK, 7001, ack & WRAP, 1000))

    assert [one.flags for one in sent(stack, now)] == [RST]
    assert not listener.ready


@pytest.mark.parametrize("mss", [100, 536, 1459, 1460, 9000])
def test_a_cookie_remembers_the_segment_size(mss: int) -> None:
    number = cookie(NOW, flow(), 7000, mss, SECRET)

    found = size_in(NOW + TICK, number, flow(), 7000, SECRET)

    assert found == max(size for size in SIZES if size <= max(mss, SIZES[0]))


def test_one_flow_is_one_connection() -> None:
    stack, _ = server()
    stack.connect(NOW, flow(1))

    with pytest.raises(UsageError, match="there is a connection"):
        stack.connect(NOW, flow(1))
    with pytest.raises(UsageError, match="has a listener already"):
        stack.listen(HERE, PORT, Listener())


def test_a_key_and_its_flow_lead_to_each_other() -> None:
    assert Flow.of_key(flow().key) == flow()


def test_the_answer_to_a_cookie_counts_though_the_syn_came_once_more() -> None:
    stack, listener = server(half_open=1)
    stack.arrive(NOW, flow(1).key, syn())
    stack.arrive(NOW, flow(2).key, syn())
    by_cookie, _ = sent(stack)
    stack.arrive(NOW, flow(1).key, Segment(RST, 7001))
    stack.arrive(NOW + 1, flow(2).key, syn())  # there is room for it now
    (remembered,) = sent(stack, NOW + 1)
    assert remembered.sequence != by_cookie.sequence

    answer = Segment(ACK, 7001, by_cookie.sequence + 1 & WRAP, 1000, payload=b"hello")
    stack.arrive(NOW + 1, flow(2).key, answer)

    assert [one.flags & RST for one in sent(stack, NOW + 1)] == []
    (connection,) = listener.ready
    assert connection.read() == b"hello"
    assert list(stack.connections.values()) == [connection]
    assert not listener.opening


def test_a_wrong_answer_to_a_remembered_syn_is_no_cookie() -> None:
    stack, listener = server()
    stack.arrive(NOW, flow().key, syn())
    (answer,) = sent(stack)

    stack.arrive(NOW, flow().key, Segment(ACK, 7001, answer.sequence + 2 & WRAP, 1000))

    assert [one.flags for one in sent(stack)] == [RST]
    assert not listener.ready
