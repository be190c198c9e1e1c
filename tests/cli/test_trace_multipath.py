"""What ``rawkit trace --multipath`` prints, to the letter, of networks in virtual time."""

import json
from typing import Any

import pytest

from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_multipath import check, keywords_of
from rawkit.cli.trace_multipath_dot import MultipathDot
from rawkit.cli.trace_multipath_json import PARTS, SCHEMA, MultipathJson
from rawkit.cli.trace_multipath_text import MultipathText, labels_of, shown_share
from rawkit.cli.trace_options import parse
from rawkit.engine.multipath_report import Found, MultipathReport, Node
from rawkit.errors import UsageError
from tests.engine.multipath_world import BEGIN, Limit, World, diamond, multipath


def report_of(world: World, **settings: Any) -> MultipathReport:
    engine = multipath(**settings)
    world.run(engine)
    return engine.report()


def text_of(world: World, *words: str, **settings: Any) -> str:
    engine = multipath(**settings)
    world.run(engine)
    report = engine.report()
    options = parse(["--multipath", "-n", *words, "target"])
    printer = MultipathText(options, engine.settings, engine.packets.length, Lookup())
    return printer.opening(report.target) + printer.closing(report)


def test_a_diamond_is_printed_as_lines() -> None:
    assert text_of(World(diamond(2), seed=1)) == (
        "multipath to target (203.0.113.1), 30 hops max, 60 byte packets, 95% confidence\n"
        " 1  198.51.100.1  1.000 ms  per flow to 2a 2b\n"
        " 2a 198.51.100.2  2.000 ms  7 flows  to 3\n"
        " 2b 198.51.100.3  2.000 ms  7 flows  to 3\n"
        " 3  198.51.100.4  3.000 ms  to 4\n"
        " 4  203.0.113.1  4.000 ms\n"
        "from 1 to 3: 2 wide, 2 hops, per flow\n"
        "2 ways; 43 probes in 14 flows, 0.011 s\n"
    )


def test_with_names_wanted_the_address_stands_twice_if_there_is_none() -> None:
    engine = multipath()
    World(diamond(1)).run(engine)
    options = parse(["--multipath", "target"])
    printer = MultipathText(options, engine.settings, 60, Lookup())

    first, *_ = printer.closing(engine.report()).splitlines()
    assert first == " 1  198.51.100.1 (198.51.100.1)  1.000 ms  to 2"


def test_silent_routers_are_stars_and_packets_that_part_are_told() -> None:
    text = text_of(World(diamond(2), per_packet=["in0"], silent=["out0"], seed=1))

    rows = text.splitlines()
    assert rows[1] == " 1  198.51.100.1  1.000 ms  per packet to 2a 2b"
    assert rows[4] == " 3  *  to 4"
    assert rows[6] == "from 1 to 3: 2 wide, 2 hops, per packet"


def test_who_refuses_says_so() -> None:
    text = text_of(World(diamond(2), prohibits=["way1"], seed=1))

    (barred,) = [row for row in text.splitlines() if "!X" in row]
    assert barred.split()[1:4] == ["198.51.100.3", "2.000", "ms"]
    assert " to " not in barred


def test_what_is_not_sure_is_said() -> None:
    text = text_of(World(diamond(2), limits={"out0": Limit(1, 6)}, seed=1))

    assert "answers are few at hop 3: limited to so many a second\n" in text
    assert "less sure of what comes after 2a 75%, 2b 75%\n" in text


def test_an_end_before_the_end_is_said() -> None:
    text = text_of(World(diamond(1), seed=1), max_probes=15)

    assert text.splitlines()[-2].startswith(("ended before", "less sure of"))


def test_where_nobody_answers_a_star_is_left() -> None:
    world = World(diamond(1), silent=["in0", "way0", "out0", "target"])

    assert text_of(world, wait=0.1).splitlines()[1:] == [
        " 1  *",
        "1 way; 38 probes in 6 flows, 0.150 s",
    ]


def test_many_at_one_distance_have_names_of_several_letters() -> None:
    nodes = tuple(Node(number, 2, None, ()) for number in range(28))
    names = labels_of(nodes)

    assert [names[0], names[25], names[26], names[27]] == ["2a", "2z", "2aa", "2ab"]


@pytest.mark.parametrize(
    ("share", "shown"), [(0.95, "95%"), (0.999, "99.9%"), (0.9375, "93.75%"), (1 - 1e-9, "99.99%")]
)
def test_a_share_is_never_rounded_to_certainty(share: float, shown: str) -> None:
    assert shown_share(share) == shown


def test_the_graph_in_json_has_all_fields_and_adds_up() -> None:
    engine = multipath()
    told = World(diamond(3), silent=["way1"], seed=1).run(engine)
    printer = MultipathJson(engine.settings, 60, Lookup(), lambda time: time)
    report = engine.report()

    found = [json.loads(printer.event(event)) for event in told if isinstance(event, Found)]
    graph = json.loads(printer.closing(report))

    assert all(tuple(one)[5:] == SCHEMA["found"] for one in found)
    assert found[0]["hop"] == 1
    assert found[0]["time"] == pytest.approx(BEGIN + 0.001)
    assert tuple(graph)[5:] == SCHEMA["graph"]
    for part, fields in PARTS.items():
        assert graph[part]
        assert all(tuple(one) == fields for one in graph[part])
    assert [one["node"] for one in graph["nodes"]] == list(range(len(graph["nodes"])))
    assert {(e["before"], e["after"]) for e in graph["edges"]} == {
        (one["node"], after) for one in graph["nodes"] for after in one["next"]
    }
    (star,) = [one for one in graph["nodes"] if one["source"] is None]
    assert (star["hop"], star["rtts"], star["name"]) == (2, None, None)
    assert graph["diamonds"] == [
        {"begin": 1, "meets": 5, "width": 3, "span": 2, "balancing": "per flow"}
    ]


def test_the_graph_for_graphviz() -> None:
    text = MultipathDot(Lookup()).closing(report_of(World(diamond(2), silent=["out0"], seed=1)))

    assert text == (
        'digraph "192.0.2.1 to target" {\n'
        "  rankdir=LR;\n"
        "  node [shape=box];\n"
        '  "0" [label="192.0.2.1", shape=oval];\n'
        '  "1" [label="1: 198.51.100.1"];\n'
        '  "2a" [label="2a: 198.51.100.2"];\n'
        '  "2b" [label="2b: 198.51.100.3"];\n'
        '  "3" [label="3: *", style=dotted];\n'
        '  "4" [label="4: 203.0.113.1", shape=oval];\n'
        '  "0" -> "1";\n'
        '  "1" -> "2a";\n'
        '  "1" -> "2b";\n'
        '  "2a" -> "3";\n'
        '  "2b" -> "3";\n'
        '  "3" -> "4";\n'
        "}\n"
    )


def test_graphviz_shows_what_is_uncertain_and_who_spreads_packets() -> None:
    links = {"us": ["a"], "a": ["b", "c"], "b": ["d"], "c": ["e"], "d": ["target"], "e": ["target"]}
    report = report_of(World(links, per_packet=["a"], seed=1))
    text = MultipathDot(Lookup()).closing(report)

    assert text.count("peripheries=2") == 1
    assert text.count("[style=dashed]") == sum(not edge.is_certain for edge in report.edges) > 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--report"], "--report is not for --multipath"),
        (["--csv"], "--csv is not for --multipath"),
        (["-q", "2"], "-q is not for --multipath: --confidence says how many probes"),
        (["-c", "2"], "-c is not for --multipath"),
        (["--record", "FILE"], "--record is not for --multipath"),
        (["--flow", "classic"], "--flow classic is not for --multipath"),
    ],
)
def test_what_is_for_traces_only_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check(parse(["--multipath", *words, "target"]))


@pytest.mark.parametrize(
    ("line", "parallel", "wait"),
    [("", None, None), ("-N 16", 16, None), ("-N 8 -w 3", 8, 3.0), ("-w 5", None, None)],
)
def test_what_was_not_asked_for_is_left_to_multipath(
    line: str, parallel: int | None, wait: float | None
) -> None:
    keywords = keywords_of(parse(["--multipath", *line.split(), "192.0.2.1"]))

    assert (keywords.get("parallel"), keywords.get("wait")) == (parallel, wait)
