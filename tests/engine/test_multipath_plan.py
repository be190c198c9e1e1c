"""What is asked next, on a board that is set by hand."""

from ipaddress import IPv4Address

from rawkit.engine.multipath_board import Board
from rawkit.engine.multipath_plan import Planner
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.trace_events import Kind

FIRST, SECOND = IPv4Address("198.51.100.1"), IPv4Address("198.51.100.2")


def table() -> tuple[Board, Planner]:
    board = Board(first_ttl=1, attempts=3)
    return board, Planner(board, MultipathSettings(), most_flows=100)


def answer(
    board: Board, ttl: int, flows: range, who: IPv4Address, kind: Kind = Kind.EXPIRED
) -> None:
    for flow in flows:
        cell = board.place(ttl, flow)
        cell.sent += 1
        board.answered(cell, who, kind)


def by_ttl(wanted: list[tuple[int, int]], ttl: int) -> list[int]:
    return [flow for hop, flow in wanted if hop == ttl]


def test_at_first_one_flow_goes_ahead_as_far_as_the_gap_allows() -> None:
    _, planner = table()

    assert planner.wanted() == [(ttl, 0) for ttl in range(1, 7)]


def test_every_router_that_the_first_flow_met_gets_as_many_as_it_needs() -> None:
    board, planner = table()
    answer(board, 1, range(1), FIRST)
    answer(board, 2, range(1), SECOND)
    wanted = planner.wanted()

    assert by_ttl(wanted, 1) == by_ttl(wanted, 2) == [1, 2, 3, 4, 5]


def test_where_enough_flows_met_one_router_only_all_are_taken_to_pass_it() -> None:
    board, planner = table()
    answer(board, 1, range(6), FIRST)
    board.place(2, 40)
    planner.look()

    assert planner.levels[1][40].address == FIRST


def test_with_fewer_flows_none_are_taken_to_pass_it() -> None:
    board, planner = table()
    answer(board, 1, range(5), FIRST)
    board.place(2, 40)
    planner.look()

    assert 40 not in planner.levels[1]


def test_a_router_behind_two_others_that_were_hardly_asked_is_not_taken_for_the_only_one() -> None:
    board, planner = table()
    answer(board, 1, range(3), FIRST)
    answer(board, 1, range(3, 6), SECOND)
    answer(board, 2, range(6), IPv4Address("198.51.100.3"))
    board.place(3, 40)
    planner.look()

    assert 40 not in planner.levels[2]


def test_a_second_router_is_looked_for_with_more_flows_and_flows_are_repeated() -> None:
    board, planner = table()
    answer(board, 1, range(3), FIRST)
    answer(board, 1, range(3, 6), SECOND)
    asked = by_ttl(planner.wanted(), 1)

    assert len([flow for flow in asked if flow >= 6]) >= 5  # 11 in all for two next hops
    assert len([flow for flow in asked if flow < 6]) == 5  # whether packets of a flow part


def test_nothing_is_asked_behind_the_target() -> None:
    board, planner = table()
    answer(board, 1, range(6), FIRST)
    answer(board, 2, range(6), SECOND, Kind.REACHED)

    assert planner.wanted() == []


def test_who_refuses_some_flows_is_asked_with_the_others() -> None:
    board, planner = table()
    answer(board, 1, range(3), FIRST, Kind.REFUSED)
    answer(board, 1, range(3, 6), FIRST)
    planner.look()

    (branch,) = planner.branches[1].values()
    assert list(branch.flows) == [3, 4, 5]


def test_what_one_flow_met_twice_makes_all_at_that_distance_one_place() -> None:
    board, planner = table()
    answer(board, 1, range(6), FIRST)
    answer(board, 1, range(1), SECOND)
    planner.look()

    (place,) = set(planner.levels[1].values())
    assert place.is_mixed
    assert not board.is_mixed(2)


def test_packets_that_parted_are_apart_until_they_meet() -> None:
    board, _ = table()
    answer(board, 1, range(1), FIRST)
    answer(board, 1, range(1), SECOND)
    answer(board, 2, range(1), FIRST)
    answer(board, 2, range(1, 2), SECOND)
    answer(board, 3, range(2), FIRST)
    answer(board, 4, range(1), FIRST)
    answer(board, 4, range(1, 2), SECOND)

    assert [board.is_mixed(ttl) for ttl in range(5)] == [False, True, True, False, False]
