"""One schema for all commands: the same name means the same everywhere."""

import json
from importlib import import_module
from ipaddress import IPv6Address
from pathlib import Path

import pytest

import rawkit.cli
from rawkit.cli.records import FIELDS, HEAD, RTT_FIELDS, duration, line, moment, statistics
from rawkit.engine.ping_events import Target
from rawkit.engine.rtt import statistics as of_samples

WRITERS = sorted(path.stem for path in Path(rawkit.cli.__path__[0]).glob("*_json.py"))
ADDRESS = IPv6Address("2001:db8::7")


@pytest.mark.parametrize("name", WRITERS)
def test_every_name_that_a_command_uses_is_in_the_one_table(name: str) -> None:
    writer = import_module(f"rawkit.cli.{name}")

    for kind, names in {**writer.SCHEMA, **getattr(writer, "PARTS", {})}.items():
        assert set(names) <= set(FIELDS), kind
        assert not set(names) & set(HEAD), kind
        assert len(set(names)) == len(names), kind


def test_no_name_of_the_table_is_without_a_use() -> None:
    used = {*HEAD, *RTT_FIELDS}
    for name in WRITERS:
        writer = import_module(f"rawkit.cli.{name}")
        for names in {**writer.SCHEMA, **getattr(writer, "PARTS", {})}.values():
            used.update(names)

    assert set(FIELDS) - used == set()


def test_a_line_begins_with_the_head() -> None:
    text = line("ping", "lost", Target("example", ADDRESS, ADDRESS), {"sequence": 7})

    assert text == (
        '{"schema": "rawkit/1", "command": "ping", "type": "lost", "host": "example", '
        '"address": "2001:db8::7", "sequence": 7}\n'
    )


def test_what_is_about_no_one_host_says_so() -> None:
    found = json.loads(line("resolve", "seen", None, {}))

    assert (found["host"], found["address"]) == (None, None)


def test_a_number_that_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        line("ping", "lost", None, {"rtt": float("nan")})


def test_times_have_no_digits_that_mean_nothing() -> None:
    assert duration(58.0004e-6) == 58e-6
    assert duration(None) is None
    assert moment(lambda time: time + 1_700_000_000, 5.25) == 1_700_000_005.25


def test_statistics_are_an_object_of_durations() -> None:
    found = statistics(of_samples([1e-3, 2e-3]))

    assert found is not None
    assert tuple(found) == RTT_FIELDS
    assert (found["count"], found["min"], found["jitter"]) == (2, 0.001, 0.001)
    assert statistics(None) is None
