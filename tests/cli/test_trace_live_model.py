"""The live view without a terminal: what stands in which row, column and chart."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.cli.trace_live_charts import (
    Bin,
    Line,
    bins,
    common_top,
    cut,
    histogram,
    milliseconds,
    sparkline,
)
from rawkit.cli.trace_live_facts import facts, heading, is_reached
from rawkit.cli.trace_live_model import REMEMBERED, LiveModel, Row, Sample
from rawkit.cli.trace_live_table import columns, table
from rawkit.engine.trace_events import Dismissed, Hop, Kind, NotSent, RoundEnd
from rawkit.engine.trace_report import HopReport, Remark, SourceReport
from rawkit.engine.trace_settings import TraceSettings
from rawkit.record import replace
from rawkit.wire import icmp
from rawkit.wire.multipart import InterfaceInfo, Label, Role, mpls
from rawkit.wire.news import Dropped
from tests.cli.trace_scenes import GOAL, OTHER, ROUTER, SETTINGS, TARGET, Scene

TIMES = st.floats(0, 100, allow_nan=False)
SAMPLES = st.lists(st.builds(Sample, st.none() | TIMES, st.booleans()), max_size=80)


def model_of(scene: Scene, model: LiveModel | None = None) -> LiveModel:
    model = model or LiveModel(TARGET)
    for event in scene.events:
        model.take(event)
    scene.events.clear()
    return model


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


def lost(*rtts: float | None) -> tuple[Sample, ...]:
    return tuple(Sample(rtt) for rtt in rtts)


# The model


def test_rows_go_to_the_target_with_their_history() -> None:
    scene = Scene()
    scene.round(1, 0.001, 0.002, 0.005)
    scene.round(2, 0.001, None, 0.004)

    rows = model_of(scene).rows()

    assert [(row.ttl, row.host, row.hop.loss) for row in rows] == [
        (1, "192.0.2.1", 0.0), (2, "192.0.2.2", 0.5), (3, "198.51.100.7", 0.0),
    ]  # fmt: skip
    assert [row.history for row in rows] == [
        lost(0.001, 0.001), lost(0.002, None), lost(0.005, 0.004)
    ]  # fmt: skip


def test_hops_behind_the_last_one_heard_of_are_one_row() -> None:
    scene = Scene()
    scene.answer(scene.sent(1))
    silent = [scene.sent(ttl) for ttl in (2, 3, 4)]
    model = model_of(scene)

    waiting = model.rows()
    for probe in silent:
        scene.silence(probe)
    silence = model_of(scene, model).rows()

    assert [(row.ttl, row.until, row.host) for row in waiting] == [
        (1, 1, "192.0.2.1"), (2, 4, "waiting"),
    ]  # fmt: skip
    assert [(row.ttl, row.until, row.host) for row in silence[1:]] == [(2, 4, "no answer")]


def test_a_silent_hop_on_the_way_has_its_own_row() -> None:
    scene = Scene()
    scene.answer(scene.sent(1))
    scene.silence(scene.sent(2))
    scene.answer(scene.sent(3), GOAL)
    scene.events.append(RoundEnd(TARGET, 1, True, scene.time))

    row = model_of(scene).rows()[1]

    assert (row.ttl, row.until, row.host, row.notes) == (2, 2, "no answer", ("silent",))


def test_nothing_is_shown_behind_the_target() -> None:
    scene = Scene()
    scene.round(1, 0.001, 0.002)
    scene.silence(scene.sent(2, 2))
    scene.answer(scene.sent(3, 2), GOAL)  # its answer at the second hop was lost
    scene.events.append(RoundEnd(TARGET, 2, True, scene.time))

    assert [row.ttl for row in model_of(scene).rows()] == [1, 2]


def test_a_late_answer_takes_the_place_of_its_silence() -> None:
    scene = Scene()
    probe = scene.sent(1)
    scene.silence(probe)
    scene.answer(scene.sent(1), rtt=0.003)
    scene.answer(probe, late=True)

    assert model_of(scene).history(1) == (Sample(None, is_late=True), Sample(0.003))


def test_what_is_no_outcome_is_no_history() -> None:
    scene = Scene()
    probe = scene.sent(1)
    scene.answer(probe, rtt=0.001)
    scene.answer(probe, rtt=0.009, duplicate=True)
    scene.answer(scene.sent(1), kind=Kind.ADVICE, message=icmp.SourceQuench())
    scene.events.append(Dismissed(TARGET, scene.sent(1)))

    assert model_of(scene).history(1) == (Sample(0.001),)


def test_history_is_bounded_and_keeps_the_latest() -> None:
    scene = Scene()
    for number in range(REMEMBERED + 5):
        scene.answer(scene.sent(1), rtt=float(number))

    history = model_of(scene).history(1)

    assert len(history) == REMEMBERED
    assert history[-1] == Sample(REMEMBERED + 4.0)
    assert model_of(scene, LiveModel(TARGET)).history(1) == ()


def test_a_reset_forgets_and_older_probes_do_not_enter_the_new_books() -> None:
    scene = Scene()
    scene.round(1, 0.001, 0.002)
    pending = scene.sent(1, 2)
    model = model_of(scene)

    model.reset()
    late = scene.answer(pending)
    scene.events.append(Hop(TARGET, 1, 2, (late,)))
    scene.events.append(RoundEnd(TARGET, 2, False, scene.time))
    empty = model_of(scene, model).rows()
    scene.round(3, 0.004, 0.005)

    assert empty == ()
    assert [row.hop.sent for row in model_of(scene, model).rows()] == [1, 1]
    assert model.report().via == "UDP socket"


def test_names_and_networks_come_in_when_they_are_known() -> None:
    names: dict[IPv4Address | IPv6Address, str] = {}
    model = LiveModel(TARGET, names.get, lambda address: "AS64500" if address == GOAL else None)
    scene = Scene()
    scene.round(1, 0.001, 0.002)

    before = [(row.host, row.network) for row in model_of(scene, model).rows()]
    names[ROUTER] = "router.example"
    after = [(row.host, row.network) for row in model.rows()]

    assert before == [("192.0.2.1", ""), ("198.51.100.7", "AS64500")]
    assert after == [("router.example", ""), ("198.51.100.7", "AS64500")]


def test_a_refusal_of_the_kernel_is_told() -> None:
    scene = Scene()
    error = PermissionError(1, "Operation not permitted")
    scene.events.append(NotSent(TARGET, scene.sent(1), error, scene.time))
    model = model_of(scene)

    assert model.complaint == "Operation not permitted"
    assert [row.host for row in model.rows()] == ["not sent"]


def test_what_is_remarkable_stands_in_the_notes() -> None:
    scene = Scene()
    scene.answer(scene.sent(1), ttl=60, extensions=(mpls(Label(24001), Label(7)),))
    scene.answer(scene.sent(1), OTHER, kind=Kind.REFUSED, message=icmp.Unreachable(13), ttl=60)
    scene.events.append(RoundEnd(TARGET, 1, False, scene.time))

    (row,) = model_of(scene).rows()

    assert row.host == "192.0.2.1 +1"
    assert row.notes == ("!X", "MPLS 24001/7", "filtered", "back +4", "2 routers")


# The charts


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "-"), (0.0, "0.000"), (58e-6, "0.058"), (0.0009994, "0.999"), (0.0009996, "1.00"),
        (0.00999, "9.99"), (0.009999, "10.0"), (0.09994, "99.9"), (0.09996, "100"),
        (1.5, "1500"), (99.9, "99900"),
    ],
)  # fmt: skip
def test_times_have_three_digits_and_fit_five_columns(seconds: float | None, said: str) -> None:
    assert milliseconds(seconds) == said


def test_a_sparkline_has_a_letter_for_each_sample() -> None:
    history = (*lost(0.001, 0.008, None, 0.004, 0.004), Sample(None, is_late=True), Sample(0.1))

    line = sparkline(history, 0.008)

    assert line == [("▂", "good"), ("█", "slow"), ("x", "lost"), ("▅▅", "good"), ("+", "late"),
                    ("█", "bad")]  # fmt: skip


def test_a_common_top_is_not_set_by_a_single_slow_answer() -> None:
    usual, odd = lost(*[0.010] * 30), lost(*[0.002] * 29, 5.0)

    assert common_top([usual, odd, lost(None), ()]) == pytest.approx(0.011)
    assert common_top([]) == 0.0


@given(SAMPLES, TIMES)
def test_a_sparkline_is_as_long_as_its_history(history: list[Sample], top: float) -> None:
    assert len(text(sparkline(history, top))) == len(history)


@given(st.lists(TIMES, min_size=1), st.integers(1, 40))
def test_every_round_trip_is_in_one_bin(trips: list[float], most: int) -> None:
    found = bins(trips, most)

    assert sum(bar.count for bar in found) == len(trips)
    assert len(found) <= most
    assert found[0].low == min(trips)


def test_bins_are_of_one_width_and_the_last_one_is_open() -> None:
    assert bins([0.0, 1.0, 1.9, 4.0], 4) == (
        Bin(0, 1, 1), Bin(1, 2, 2), Bin(2, 3, 0), Bin(3, 4, 1),
    )  # fmt: skip
    assert bins([2.0, 2.0], 9) == (Bin(2, 2, 2),)
    assert bins([], 9) == ()
    many = bins([float(number) for number in range(99)] + [1000.0], 10)
    assert many[-1].high < 110
    assert sum(bar.count for bar in many) == 100


def test_a_histogram_stands_on_its_axis() -> None:
    assert list(map(text, histogram([0.001] * 8 + [0.004] * 4 + [0.005], 18, 2))) == [
        "██             ",
        "██       ██ ▂▂ ",
        "1.00…5.00 ms",
    ]
    assert histogram([], 15, 2) == []
    assert list(map(text, histogram([0.001], 15, 1))) == ["██ ", "1.00 ms"]


@given(st.lists(TIMES, min_size=1), st.integers(16, 120), st.integers(1, 12))
def test_a_histogram_keeps_to_its_room(trips: list[float], width: int, height: int) -> None:
    lines = histogram(trips, width, height)

    assert len(lines) == height + 1
    assert all(len(text(line)) <= width for line in lines)
    assert any(letter in "▁▂▃▄▅▆▇█" for letter in text(lines[-2]))


@given(st.lists(st.tuples(st.text(max_size=9), st.just("dim"))), st.integers(1, 30))
def test_a_cut_line_fits_and_says_that_it_is_cut(line: Line, width: int) -> None:
    short = cut(line, width)

    assert len(text(short)) <= width
    assert short == line or text(short).endswith("…")


# The table

SHORT = HopReport(1, 0, 0, 0, 0, 0, 0, 0, (), None, None, None)


def rows() -> tuple[Row, ...]:
    scene = Scene()
    for number in range(1, 31):
        scene.round(number, 0.0005, None if number % 4 == 0 else 0.0123, 0.2)
    silent = Row(replace(SHORT, ttl=4, sent=3, unanswered=3), 12, "no answer", "", ("filtered",))
    return (*model_of(scene, LiveModel(TARGET, lambda _: None, lambda _: "AS64500")).rows(), silent)


def test_a_wide_table_has_everything() -> None:
    lines = [text(line).rstrip() for line in table(rows(), 124, 2)]

    assert lines == [
        " hop host            network   loss  sent   last    avg   best  worst  stdev latest",
        "   1 192.0.2.1       AS64500     0%    30  0.500  0.500  0.500  0.500  0.000 "
        + "▁" * 30,
        "   2 192.0.2.2       AS64500  23.3%    30   12.3   12.3   12.3   12.3  0.000 "
        + "▁▁▁x" * 7 + "▁▁" + " " * 5 + "rate limited",
        "   3 198.51.100.7    AS64500     0%    30    200    200    200    200  0.000 "
        + "█" * 30,
        "4-12 no answer                 100%     3" + " " * 71 + "filtered",
    ]  # fmt: skip


@given(st.integers(1, 250))
def test_every_line_of_a_table_has_one_width(width: int) -> None:
    lines = table(rows(), width, 1)

    assert len({len(text(line)) for line in lines}) == 1
    assert len(text(lines[0])) <= width


def test_columns_go_where_there_is_no_room_and_the_host_stays() -> None:
    def names(width: int) -> list[str]:
        return [column.name for column in columns(rows(), width)]

    assert names(200) == ["hop", "host", "network", "loss", "sent", "last", "avg", "best",
                          "worst", "stdev", "history", "notes"]  # fmt: skip
    assert names(80) == ["hop", "host", "loss", "sent", "last", "avg", "best", "worst", "history"]
    assert names(50) == ["hop", "host", "loss", "sent", "last", "avg"]
    assert names(26) == ["hop", "host", "loss"]
    assert columns(rows(), 20)[1].width == 15


def test_an_address_is_not_cut_off_while_there_are_other_columns() -> None:
    address = "2001:db8:1234:5678:9abc:def0:1234:5678"
    of_ipv6 = [replace(row, host=address) if row.hop.sources else row for row in rows()]

    assert address in text(table(of_ipv6, 80, 0)[1])
    assert address in text(table(of_ipv6, 54, 0)[1])
    assert text(table(of_ipv6, 30, 0)[1]).startswith("   1 2001:db8:1234")


def test_a_long_host_gets_what_room_there_is() -> None:
    long = replace(rows()[0], host="a-router-with-a-very-long-name.of-the-provider.example")

    wide = text(table([long], 200, 0)[1])
    narrow = text(table([long], 70, 0)[1])

    assert "a-router-with-a-very-long-name.of-the-provide… " in wide
    assert "a-router-with-a-very…" in narrow


def test_the_selected_row_is_marked_in_all_its_columns() -> None:
    lines = table(rows(), 90, 2)

    assert all(style.startswith("selected") for _, style in lines[2])
    assert not any("selected" in style for line in (lines[1], lines[3]) for _, style in line)


def test_loss_is_coloured_by_how_bad_it_is() -> None:
    def style(**changes: int) -> str:
        source = SourceReport(ROUTER, 1, None)
        hop = replace(SHORT, sent=100, sources=(source,), **changes)
        line = table([Row(hop, 1, "host")], 90, 0)[1]
        return next(name for part, name in line if "%" in part)

    assert style(answered=100) == "good"
    assert style(answered=99, unanswered=1) == "slow"
    assert style(answered=50, unanswered=50) == "bad"


# What stands around it


def test_the_heading_says_who_how_and_how_far() -> None:
    scene = Scene()
    scene.round(1, 0.001, 0.002)
    scene.events.append(Dropped(3))
    scene.sent(1, 2)
    model = model_of(scene)

    assert [text(line) for line in heading(model, SETTINGS, "running")] == [
        "trace to goal.example (198.51.100.7) from 192.0.2.100",
        "reached · round 2 · UDP port 33434 · paris · every 1 s · UDP socket · 3 answers lost here"
        " · times in ms",
    ]
    icmp_settings = TraceSettings(method="icmp", interval=0.5)
    assert text(heading(model, icmp_settings, "paused")[1]).startswith(
        "paused · round 2 · ICMP · paris · every 0.5 s · UDP socket"
    )


def test_the_target_was_reached_if_it_answered_at_all() -> None:
    scene = Scene()
    scene.round(1, 0.001, None)
    model = model_of(scene)
    before = is_reached(model.report())
    scene.round(2, 0.001, 0.002)
    scene.round(3, 0.001, None)
    after = is_reached(model_of(scene, model).report())
    refusing = Scene()
    refusing.answer(refusing.sent(1), GOAL, kind=Kind.REFUSED, message=icmp.Unreachable(13))

    assert (before, after) == (False, True)
    assert not is_reached(model_of(refusing).report())


def test_the_facts_of_a_hop_tell_all_that_is_known() -> None:
    scene = Scene()
    info = InterfaceInfo(Role.INCOMING, 2, GOAL, "eth\x1b[2J0", 1500)
    source = SourceReport(ROUTER, 1, None, (Label(24001, ttl=3),), (info,), ("!X",))
    model = LiveModel(TARGET, lambda _: "router.example", lambda _: "AS64500")
    for rtt in (0.001, 0.002, 0.003):
        probe = scene.sent(1)
        scene.answer(probe, rtt=rtt)
    scene.answer(probe, duplicate=True)
    scene.silence(scene.sent(1))
    measured = model_of(scene, model).report().hops[0]
    hop = replace(measured, sources=(source, *measured.sources), remarks=(Remark.ECMP,))

    assert [text(line) for line in facts(hop, model)] == [
        "router.example 192.0.2.1  AS64500",
        "  1 answer, all late",
        "  came in by eth?[2J0 198.51.100.7 index 2 mtu 1500",
        "  MPLS label 24001, class 0, ttl 3",
        "  says !X",
        "router.example 192.0.2.1  AS64500",
        "  3 answers, 1.00/2.00/3.00 ms",
        "several routers share this hop",
        "4 sent = 3 answered + 1 silent",
        "1 duplicate",
        "median 2.00  p95 2.90  p99 2.98  jitter 1.00",
        "answers came back over about 1 hop",
    ]


def test_there_is_a_sentence_for_every_remark() -> None:
    for remark in Remark:
        hop = replace(SHORT, remarks=(remark,), back_hops=3)
        assert len(facts(hop, LiveModel(TARGET))) == 4
