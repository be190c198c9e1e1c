"""``rawkit trace --live``: what keys do, what ends it, and how it leaves the terminal."""

import asyncio
import base64
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import Static

from rawkit.cli.trace_live import NO_TERMINAL, NO_TEXTUAL, Opener, live
from rawkit.cli.trace_live_app import REFRESH, TraceApp
from rawkit.cli.trace_live_help import KEYS, WIDTH, HelpScreen, help_lines
from rawkit.cli.trace_lookup import Lookup
from rawkit.engine.trace_events import TraceEvent
from rawkit.engine.trace_settings import Method
from rawkit.errors import NotPermitted, UsageError
from rawkit.lab import Node, line
from rawkit.record import replace
from tests.cli.trace_scenes import OPENED, SETTINGS, Scene, Told

Script = Callable[[Pilot[None], TraceApp], Awaitable[None]]
RAWKIT = (sys.executable, "-m", "rawkit", "trace")
PATIENCE = 30.0
"""Seconds for what ought to happen at once, on a machine that has other things to do."""


def three_hops(rounds: int = 2) -> Scene:
    scene = Scene()
    for number in range(1, rounds + 1):
        scene.round(number, 0.001, None, 0.0123)
    return scene


def endless(method: Method | None) -> Told:
    settings = replace(SETTINGS, method=method or "udp")
    return Told(three_hops().events, settings, endless=True)


def play(script: Script, opener: Opener = endless, fixed: str = "",
         size: tuple[int, int] = (100, 30)) -> TraceApp:  # fmt: skip
    """Run the view with somebody at the keys."""
    app = TraceApp(opener, fixed=fixed, lookup=Lookup())

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await script(pilot, app)

    asyncio.run(run())
    return app


async def until(pilot: Pilot[None], is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it never came true"
        await pilot.pause(0.01)


def shown(app: TraceApp, where: str) -> str:
    """Return what a part of the screen says, without styles."""
    return str(app.query_one(where, Static).visual)


def cut_at_top(app: TraceApp) -> int:
    """Return how many rows are hidden above the first that is shown."""
    return round(app.query_one("#hops").scroll_y)


async def table_is_there(pilot: Pilot[None], app: TraceApp) -> None:
    await until(pilot, lambda: "198.51.100.7" in shown(app, "#table"))


def test_the_table_the_histogram_and_the_facts_are_there() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        rows = shown(app, "#table").splitlines()
        assert [row.split()[:2] for row in rows] == [
            ["1", "192.0.2.1"], ["2", "no"], ["3", "198.51.100.7"],
        ]  # fmt: skip
        assert rows[2].split()[2:9] == ["0%", "2", "12.3", "12.3", "12.3", "12.3", "0.000"]
        assert "loss  sent   last" in shown(app, "#titles")
        assert shown(app, "#heading").startswith("trace to goal.example (198.51.100.7)")
        assert "reached · round 2 · UDP port 33434" in shown(app, "#heading")
        assert "█" in shown(app, "#histogram")
        assert "2 sent = 2 answered" in shown(app, "#facts")

    play(script)


def test_the_arrows_and_a_click_select_a_hop() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        panel = app.query_one("#facts")
        await pilot.press("up")
        assert panel.border_title == "hop 2 of 3"
        assert shown(app, "#histogram") == "no answer yet"
        await pilot.press("home", "up")
        assert panel.border_title == "hop 1 of 3"
        await pilot.press("j", "j", "j", "down", "k")
        assert panel.border_title == "hop 2 of 3"
        await pilot.click("#table", offset=(5, 2))
        assert panel.border_title == "hop 3 of 3"

    play(script)


def test_pause_takes_nothing_in_until_it_goes_on() -> None:
    class Stepped(Told):
        """Tells an event whenever it is asked for one, for ever."""

        async def __aiter__(self) -> AsyncIterator[TraceEvent]:
            number = 0
            while True:
                number += 1
                scene = Scene()
                scene.serial = number * 3
                scene.round(number, 0.001)
                for event in scene.events:
                    yield event
                await asyncio.sleep(0.001)

    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await until(pilot, lambda: app.model.report().rounds > 3)
        await pilot.press("p")
        await pilot.pause(0.05)
        stopped = app.model.report().rounds
        await pilot.pause(0.1)
        assert app.model.report().rounds == stopped
        assert "paused · round" in shown(app, "#heading")
        await pilot.press("space")
        await until(pilot, lambda: app.model.report().rounds > stopped)

    play(script, lambda _: Stepped([]))


def test_reset_begins_to_count_anew() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await pilot.press("r")
        assert shown(app, "#table") == "no answer yet"
        assert "UDP socket" in shown(app, "#heading")

    play(script)


def test_another_method_closes_the_session_and_opens_the_next() -> None:
    opened: list[Told] = []

    def opener(method: Method | None) -> Told:
        opened.append(endless(method))
        return opened[-1]

    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        for heading in ("ICMP", "TCP port 80", "UDP port"):
            await pilot.press("m")
            await until(pilot, lambda: opened[-2].closed)
            await until(pilot, lambda wanted=heading: wanted in shown(app, "#heading"))  # type: ignore[misc]
            await table_is_there(pilot, app)

    play(script, opener)

    assert [one.settings.method for one in opened] == ["udp", "icmp", "tcp", "udp"]
    assert all(one.closed for one in opened)


def test_a_method_that_is_not_permitted_is_told_and_what_is_shown_goes_on() -> None:
    refusal = NotPermitted("probe", ("no CAP_NET_RAW here",), ("sudo",))
    opened: list[Told] = []

    def opener(method: Method | None) -> Told:
        refused = replace(SETTINGS, method=method or "udp")
        opened.append(Told([], refused, failure=refusal) if method == "icmp" else endless(method))
        return opened[-1]

    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await pilot.press("m")
        await until(pilot, lambda: bool(app._notifications))
        assert [one.message for one in app._notifications] == [str(refusal)]
        assert "UDP port 33434" in shown(app, "#heading")
        assert (app.session, opened[0].closed) == (opened[0], False)
        await pilot.press("m")
        await until(pilot, lambda: "TCP port 80" in shown(app, "#heading"))
        await until(pilot, lambda: opened[0].closed)
        await pilot.press("m")
        await until(pilot, lambda: "UDP port 33434" in shown(app, "#heading"))

    assert play(script, opener).failure is None
    assert [one.settings.method for one in opened] == ["udp", "icmp", "tcp", "udp"]


def test_where_no_other_method_is_permitted_that_is_told_again() -> None:
    def opener(method: Method | None) -> Told:
        if method is not None:
            raise UsageError(f"no {method} here")
        return endless(method)

    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await pilot.press("m", "m", "m")
        await until(pilot, lambda: len(app._notifications) == 3)
        told = [one.message for one in app._notifications]
        assert told == ["no icmp here", "no tcp here", "no icmp here"]
        assert "2 sent = 2 answered" in shown(app, "#facts")

    play(script, opener)


def test_a_recording_keeps_its_method_and_says_why() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await pilot.press("m")
        assert [one.message for one in app._notifications] == ["a recording has its method"]
        assert app.session.settings.method == "udp"

    play(script, fixed="a recording has its method")


def test_c_copies_the_report_as_json() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await pilot.press("c")
        copied = json.loads(app.clipboard)
        assert (copied["command"], copied["type"]) == ("trace", "summary")
        assert [hop["sent"] for hop in copied["hops"]] == [2, 2, 2]

    play(script)


def test_details_can_be_hidden_and_small_screens_have_none() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await pilot.press("d")
        assert (app.query_one("#facts").display, app.query_one("#below").display) == (False, True)
        await pilot.press("d")
        assert app.query_one("#facts").display
        await pilot.resize_terminal(40, 12)
        await until(pilot, lambda: not app.query_one("#below").display)
        await until(pilot, lambda: "stdev" not in shown(app, "#titles"))
        assert "198.51.100.7" in shown(app, "#table")
        await pilot.resize_terminal(5, 3)
        await pilot.pause()
        await pilot.resize_terminal(160, 50)
        await until(pilot, lambda: app.query_one("#below").display)
        await until(pilot, lambda: "stdev" in shown(app, "#titles"))

    play(script)


def test_a_path_that_is_longer_than_the_screen_scrolls() -> None:
    scene = Scene()
    scene.round(1, *[0.001] * 40)

    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        hops = app.query_one("#hops")
        await pilot.press("end")
        await until(pilot, lambda: hops.scroll_y > 20)
        await pilot.press("home")
        await until(pilot, lambda: hops.scroll_y == 0)

    play(script, lambda _: Told(scene.events, endless=True), size=(90, 24))


def test_the_selected_hop_stays_in_sight_whatever_the_size() -> None:
    scene = Scene()
    scene.round(1, *[0.001] * 12)

    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await until(pilot, lambda: len(shown(app, "#table").splitlines()) == 12)
        assert cut_at_top(app) == 0
        await pilot.resize_terminal(90, 19)
        await until(pilot, lambda: cut_at_top(app) == 12 - 5)
        await pilot.press("home")
        await until(pilot, lambda: cut_at_top(app) == 0)
        app.query_one("#hops").scroll_to(y=4, animate=False)
        await until(pilot, lambda: cut_at_top(app) == 4)
        app.draw()
        await pilot.pause()
        assert cut_at_top(app) == 4, "who looks elsewhere is let"

    play(script, lambda _: Told(scene.events, endless=True), size=(90, 40))


@pytest.mark.parametrize("key", ["question_mark", "h", "f1"])
def test_help_tells_the_keys_and_any_key_leaves_it(key: str) -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        app.draw()
        await pilot.press("down", "up")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))
        assert app.is_running

    play(script)


def test_help_names_every_key_and_fits_a_terminal_of_80_columns() -> None:
    text = help_lines()

    assert max(map(len, text.splitlines())) <= WIDTH
    for binding in TraceApp.BINDINGS:
        assert isinstance(binding, Binding)
        if binding.show:
            assert (binding.key_display or binding.key) in dict(KEYS)


def test_control_c_ends_it_from_within_help() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: not app.is_running)

    play(script)


def test_a_timer_that_outlives_the_widgets_does_no_harm() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await app.query_one("#hops").remove()
        await pilot.pause(2 * REFRESH)
        app.exit()

    play(script)


@pytest.mark.parametrize("key", ["q", "escape", "ctrl+c", "ctrl+q"])
def test_it_ends_when_the_user_wants(key: str) -> None:
    session = endless(None)

    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await table_is_there(pilot, app)
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running)

    app = play(script, lambda _: session)

    assert app.failure is None
    assert session.closed


def test_what_has_ended_stays_on_the_screen() -> None:
    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await until(pilot, lambda: "ended · round 2" in shown(app, "#heading"))
        await table_is_there(pilot, app)
        assert app.is_running

    play(script, lambda _: Told(three_hops().events))


def test_an_error_on_the_way_ends_it_and_is_handed_on() -> None:
    error = OSError(100, "Network is down")

    async def script(pilot: Pilot[None], app: TraceApp) -> None:
        await until(pilot, lambda: app.failure is not None)

    assert play(script, lambda _: Told([OPENED], failure=error)).failure is error


class Terminal:
    """What says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_textual_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "rawkit.cli.trace_live_app")
    monkeypatch.setitem(sys.modules, "textual", None)
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, Terminal())

    with pytest.raises(UsageError) as caught:
        live(endless, lookup=Lookup())

    assert str(caught.value) == NO_TEXTUAL == "--live needs textual: pip install 'rawkit[ui]'"


def test_without_a_terminal_it_is_one_line_and_exit_code_2() -> None:
    ran = subprocess.run(
        [*RAWKIT, "--live", "127.0.0.1"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", f"rawkit trace: {NO_TERMINAL}\n")


class Screen:
    """A terminal with a program in it."""

    def __init__(self, node: Node, words: Sequence[str], leader: int, follower: int) -> None:
        self.said = b""
        self._heard = 0
        self._leader = leader
        self.process = node.popen(
            [*RAWKIT, *words], stdin=follower, stdout=follower, stderr=follower,
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
            start_new_session=True,
        )  # fmt: skip

    def wait_for(self, pattern: bytes) -> None:
        """Read on until it has said this, behind what was waited for before."""
        deadline = time.monotonic() + PATIENCE
        while (found := re.compile(pattern).search(self.said, self._heard)) is None:
            assert time.monotonic() < deadline, (pattern, self.said[-2000:])
            self._read()
        self._heard = found.end()

    def finish(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.said[-2000:]
            self._read()
        while self._read():
            pass
        return self.process.returncode

    def press(self, keys: bytes) -> None:
        os.write(self._leader, keys)

    def _read(self) -> bool:
        os.set_blocking(self._leader, False)
        try:
            data = os.read(self._leader, 65536)
        except BlockingIOError:
            time.sleep(0.02)
            return False
        except OSError:  # nobody has the other end open any more
            return False
        self.said += data
        return bool(data)


@contextmanager
def screen(*words: str) -> Iterator[Screen]:
    leader, follower = pty.openpty()
    try:
        with line(hops=2, sysctls={"net.ipv4.icmp_ratelimit": 0}) as net:
            here = Screen(net.first, [*words, str(net.last.ipv4)], leader, follower)
            try:
                yield here
            finally:
                here.process.kill()
                here.process.wait()
    finally:
        os.close(leader)
        os.close(follower)


SEVERAL = rb"round ([3-9]|\d\d)"
"""What it says after some rounds; it may not show every one."""
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
"""The alternate screen, on and off."""


@pytest.mark.netns
@pytest.mark.parametrize("end", [b"q", b"\x03", signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_real_trace_in_a_terminal_leaves_it_as_it_was(end: bytes | signal.Signals) -> None:
    with screen("--live", "-n", "--interval", "0.1") as here:
        here.wait_for(rb"10\.2\.0\.2")
        here.wait_for(SEVERAL)
        if isinstance(end, bytes):
            here.press(end)
        else:
            here.process.send_signal(end)
        code = here.finish()

    before, after = here.said.split(LEFT)
    assert ENTERED in before
    assert code == 0, after
    told = re.sub(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]", b"", after).decode()
    assert re.search(r"trace to 10\.3\.0\.2 from 10\.1\.0\.1\r\n", told)
    assert re.search(r" 3 10\.3\.0\.2 ", told)
    assert "Traceback" not in told


@pytest.mark.netns
def test_a_real_trace_changes_its_method_and_copies() -> None:
    with screen("--live", "-n", "--interval", "0.1") as here:
        here.wait_for(b"UDP port 33434")
        here.press(b"m")
        here.wait_for(b"ICMP")
        here.wait_for(SEVERAL)
        here.press(b"c")
        here.wait_for(rb"\x1b\]52;c;[^\x07]*\x07")
        here.press(b"q")
        assert here.finish() == 0

    copied = re.search(rb"\x1b\]52;c;([^\x07]*)\x07", here.said)
    assert copied
    assert json.loads(base64.b64decode(copied[1]))["method"] == "icmp"


@pytest.mark.netns
def test_a_capture_goes_on_with_another_method(tmp_path: Path) -> None:
    path = tmp_path / "path.pcap"
    with screen("--live", "-n", "--interval", "0.1", "--pcap", str(path)) as here:
        here.wait_for(SEVERAL)
        here.press(b"m")
        here.wait_for(b"ICMP")
        here.wait_for(SEVERAL)
        here.press(b"q")
        assert here.finish() == 0

    protocols = [packet[9] for packet in packets_in(path.read_bytes())]
    assert protocols.count(17) > 8, "probes by UDP"
    assert protocols.count(1) > 16, "probes by ICMP, and answers"


def packets_in(octets: bytes) -> Iterator[bytes]:
    """Yield the packets of a capture (pcap, big-endian)."""
    at = 24
    while at < len(octets):
        (length,) = struct.unpack_from("!I", octets, at + 8)
        assert 20 <= length <= 1500, f"no packet at {at}"
        yield octets[at + 16 : at + 16 + length]
        at += 16 + length


@pytest.mark.netns
def test_what_was_recorded_live_can_be_replayed_as_a_report(tmp_path: Path) -> None:
    path = str(tmp_path / "path.jsonl")
    with screen("--live", "-n", "--interval", "0.1", "--record", path) as here:
        here.wait_for(SEVERAL)
        here.press(b"q")
        assert here.finish() == 0

    ran = subprocess.run(
        [*RAWKIT, "--replay", path, "--report", "--json"], capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, "")
    report = json.loads(ran.stdout)["report"]
    assert [hub["host"] for hub in report["hubs"]] == ["10.1.0.2", "10.2.0.2", "10.3.0.2"]
    assert report["mtr"]["tests"] >= 3
