"""What the demonstrations show does happen; bounds are wide enough for a busy machine."""

from pathlib import Path

import pytest

from rawkit.demos import (
    DEMOS,
    backlog,
    batching,
    fastopen,
    half_close,
    herd,
    messages,
    mptcp,
    nagle,
    omission,
    refused,
    reuseport,
    rst_trap,
    time_wait,
    udp_drop,
)
from rawkit.demos.outcome import number
from tests.demos.shown import shown, value

pytestmark = pytest.mark.netns


@pytest.mark.parametrize("name", DEMOS)
def test_every_demonstration_has_a_test_of_its_own(name: str) -> None:
    assert f'shown("{name}")' in Path(__file__).read_text()


def test_two_small_writes_wait_for_a_delayed_acknowledgement() -> None:
    figures = shown("nagle").figures

    waited = number(figures, nagle.TWO, "median")
    assert 0.035 < waited < 0.5  # TCP_DELACK_MIN is 40 ms
    for case in (nagle.NODELAY, nagle.ONE, nagle.QUICKACK):
        assert number(figures, case, "median") < waited / 2


@pytest.mark.parametrize("size", backlog.BACKLOGS)
def test_a_queue_has_room_for_one_more_than_listen_was_told(size: int) -> None:
    outcome, case = shown("backlog"), f"TCP, listen({size})"

    assert value(outcome, case, "connected") == size + 1
    assert value(outcome, case, "the next one") == "no answer"
    assert number(outcome.figures, case, "counted by kernel") >= 1


def test_a_queue_is_never_longer_than_somaxconn_and_a_unix_one_says_eagain() -> None:
    outcome = shown("backlog")

    assert value(outcome, backlog.LIMITED, "connected") == backlog.LIMIT + 1
    for size in backlog.UNIX_BACKLOGS:
        assert value(outcome, f"unix, listen({size})", "connected") == size + 1
        assert value(outcome, f"unix, listen({size})", "the next one") == "EAGAIN"


def test_an_answer_comes_to_who_shuts_down_his_side_and_not_to_who_closes() -> None:
    outcome = shown("half-close")

    assert value(outcome, half_close.NOTHING, "heard") == 0
    assert value(outcome, half_close.HALF, "heard") == half_close.ANSWER
    assert value(outcome, half_close.HALF, "server") == "sent all"
    for case in (half_close.CLOSED, half_close.UNREAD):
        assert value(outcome, case, "server") in ("EPIPE", "ECONNRESET")


def test_datagrams_keep_messages_apart_and_lose_what_does_not_fit() -> None:
    outcome = shown("messages")

    for case in messages.STREAMS:
        assert value(outcome, case, "first recv(99)") == len(messages.WHOLE)
        assert value(outcome, case, "the next recv") == len(messages.WHOLE) - messages.SHORT
    for case in messages.DATAGRAMS:
        assert value(outcome, case, "first recv(99)") == len(messages.SENT[0])
        assert value(outcome, case, "lost by recv(2)") == len(messages.SENT[0]) - messages.SHORT
        assert value(outcome, case, "the next recv") == len(messages.SENT[1])


def test_udp_is_told_by_the_second_send_that_nobody_had_the_first() -> None:
    outcome = shown("refused")

    assert value(outcome, refused.TCP, "connect") == "ECONNREFUSED"
    assert value(outcome, refused.CONNECTED, "first send") == "ok"
    assert value(outcome, refused.CONNECTED, "second send") == "ECONNREFUSED"
    assert value(outcome, refused.CONNECTED, "then recv") == "nothing"
    assert value(outcome, refused.LOOSE, "second send") == "ok"
    assert value(outcome, refused.UNIX, "connect") == "ECONNREFUSED"


@pytest.mark.parametrize("case", [udp_drop.UDP_SMALL, udp_drop.UDP_LARGE])
def test_udp_loses_without_an_error_and_the_kernel_counts(case: str) -> None:
    outcome = shown("udp-drop")

    sent, arrived, lost, counted = (
        number(outcome.figures, case, name)
        for name in ("sent", "arrived", "lost", "counted by kernel")
    )
    assert value(outcome, case, "stopped by") == "nothing"
    assert sent == udp_drop.COUNT == arrived + lost
    assert lost == counted > arrived > 0


def test_unix_datagrams_wait_instead_of_being_lost() -> None:
    outcome = shown("udp-drop")

    assert value(outcome, udp_drop.UNIX, "stopped by") == "EAGAIN"
    assert value(outcome, udp_drop.UNIX, "lost") == 0


def test_epoll_wakes_everybody_and_accept_wakes_one() -> None:
    outcome = shown("herd")

    woken = {one.case: one.value for one in outcome.figures if one.measure == "wake-ups"}
    everybody = woken[herd.EPOLL]
    assert isinstance(everybody, int)
    for case in (herd.ACCEPT, herd.EXCLUSIVE, herd.REUSEPORT):
        assert number(outcome.figures, case, "wake-ups") < everybody / 1.5
    assert value(outcome, herd.ACCEPT, "EAGAIN") == 0


def test_what_is_in_the_queue_of_a_closed_listener_is_reset_unless_it_migrates() -> None:
    outcome = shown("reuseport")

    lost = number(outcome.figures, reuseport.MANY, "reset")
    assert value(outcome, reuseport.ONE, "reset") == 0
    assert 0 < lost == reuseport.CLIENTS - number(outcome.figures, reuseport.MANY, "accepted")
    if reuseport.MIGRATING in {one.case for one in outcome.figures}:
        assert value(outcome, reuseport.MIGRATING, "accepted") == reuseport.CLIENTS
        assert value(outcome, reuseport.MIGRATING, "reset") == 0


def test_only_latency_since_a_question_was_due_sees_that_the_server_stops() -> None:
    figures = shown("omission").figures

    due = number(figures, omission.DUE, "99 %")
    assert due > omission.STOP / 2
    assert number(figures, omission.CLOSED, "99 %") < due / 3
    assert number(figures, omission.CLOSED, "slowest") > 0.9 * omission.STOP


def test_one_trip_through_the_kernel_is_cheaper_than_many() -> None:
    figures = shown("batching").figures

    segment = number(figures, batching.SEGMENT, "a datagram")
    assert segment < number(figures, batching.SEND, "a datagram") / 1.5
    assert segment < number(figures, batching.SENDMMSG, "a datagram") / 1.5
    for case in (batching.SEND, batching.SENDMMSG, batching.SEGMENT):
        assert number(figures, case, "arrived") == batching.BATCH * batching.BATCHES


def test_the_second_question_by_fast_open_is_in_the_syn() -> None:
    outcome = shown("fastopen")

    assert value(outcome, fastopen.FIRST, "data in SYN") == "no"
    assert value(outcome, fastopen.SECOND, "data in SYN") == "yes"
    assert number(outcome.figures, fastopen.SECOND, "answer") > 2 * fastopen.DELAY
    assert number(outcome.figures, fastopen.PLAIN, "answer") > 4 * fastopen.DELAY


def test_multipath_tcp_takes_two_and_falls_back_for_one() -> None:
    outcome = shown("mptcp")

    spoken = {one.case: one.value for one in outcome.figures if one.measure == "connection"}
    assert spoken.pop(mptcp.BOTH) == "MPTCP"
    assert set(spoken.values()) == {"TCP"}


def test_the_kernel_ends_a_handshake_by_hand_unless_a_listener_drops_the_answer() -> None:
    outcome = shown("rst-trap")

    for case in (rst_trap.NOTHING, rst_trap.BOUND, rst_trap.GUARDED):
        assert value(outcome, case, "server answered") == "SYN+ACK"
    for case in (rst_trap.NOTHING, rst_trap.BOUND):
        assert value(outcome, case, "our kernel sent") == "RST"
        assert value(outcome, case, "server heard") == "nothing"
    assert value(outcome, rst_trap.GUARDED, "our kernel sent") == "nothing"
    assert value(outcome, rst_trap.GUARDED, "server heard") == rst_trap.WORDS.decode()


def test_who_closes_first_keeps_the_address_from_who_does_not_reuse_it() -> None:
    outcome = shown("time-wait")

    assert value(outcome, time_wait.SERVER, "kept back") == 1
    assert value(outcome, time_wait.REUSED, "kept back") == 1
    assert value(outcome, time_wait.CLIENT, "kept back") == 0
    said = {one.case: one.value for one in outcome.figures if one.measure == "bind again"}
    assert said == {
        time_wait.SERVER: "EADDRINUSE",
        time_wait.REUSED: "ok",
        time_wait.CLIENT: "ok",
        time_wait.LIVE: "EADDRINUSE",
    }
