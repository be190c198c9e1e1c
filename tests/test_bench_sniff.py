"""scripts/bench packets --only sniff: how the highest rate is found, and how tools are read."""

from typing import Any

import pytest

from scripts.benches import packets_sniff, sniff_work
from scripts.benches.packets_sniff import FASTEST, SLOWEST, heard_by, highest, program_of
from scripts.benches.running import CommandFailed

NODE: Any = None
"""No packet is sent here."""


@pytest.mark.parametrize("limit", [1500.0, 5000.0, 70_000.0, 300_000.0])
def test_the_highest_rate_without_loss_is_found_to_a_tenth(
    limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packets_sniff, "hears_all", lambda *trial: trial[3] <= limit)

    found = highest(NODE, NODE, "scapy")

    assert limit / 1.1 <= found <= limit


def test_a_tool_that_is_never_outrun_has_the_fastest_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets_sniff, "hears_all", lambda *_: True)

    assert FASTEST / 2 < highest(NODE, NODE, "rawkit") <= FASTEST


def test_a_tool_that_always_loses_is_tried_at_slower_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def never(*trial: Any) -> bool:
        tried.append(trial[3])
        return False

    monkeypatch.setattr(packets_sniff, "hears_all", never)

    assert highest(NODE, NODE, "scapy") == 0
    assert min(tried) < SLOWEST


@pytest.mark.parametrize(
    ("told", "count"),
    [
        ("ready\n1234\n", 1234),
        ("tcpdump: listening on eth0\n7 packets captured\n9 packets received by filter\n", 7),
        ("1 packet captured\n1 packet received by filter\n0 packets dropped by kernel\n", 1),
    ],
)
def test_what_a_tool_heard_is_read(told: str, count: int) -> None:
    assert heard_by("tool", told) == count


def test_a_tool_that_says_nothing_has_failed() -> None:
    with pytest.raises(CommandFailed, match="does not say what it heard: oops"):
        heard_by("tool", "oops")


@pytest.mark.parametrize("tool", packets_sniff.TOOLS)
def test_every_tool_can_be_called(tool: str) -> None:
    program = program_of(tool)

    assert program in ("rawkit", "scapy", "tcpdump")
    assert (tool in sniff_work.TOOLS) == (program != "tcpdump")


def test_the_frame_that_is_sent_has_sixty_octets() -> None:
    assert len(sniff_work.frame()) == 60
