"""The live view itself: a textual application around the model, and nothing more."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.css.query import NoMatches
from textual.widgets import Footer, Static
from textual.worker import Worker

from rawkit.cli.errors import cause_of
from rawkit.cli.trace_json import report_line
from rawkit.cli.trace_live import Opener
from rawkit.cli.trace_live_charts import Line, cut, histogram, round_trips
from rawkit.cli.trace_live_facts import facts, heading
from rawkit.cli.trace_live_help import HelpScreen
from rawkit.cli.trace_live_model import LiveModel, Row
from rawkit.cli.trace_live_table import table
from rawkit.cli.trace_lookup import Lookup
from rawkit.cli.trace_record import Traced
from rawkit.engine.trace_report import TraceReport
from rawkit.engine.trace_settings import Method
from rawkit.errors import RawkitError

STYLES = {
    "": "",
    "dim": "#8b949e",
    "head": "bold #58a6ff",
    "title": "#8b949e",
    "host": "#e6edf3",
    "good": "#3fb950",
    "slow": "#d29922",
    "bad": "#f85149",
    "lost": "bold #f85149",
    "late": "#d29922",
    "note": "#bc8cff",
    "selected": "on #1f3a5f",
}
"""What the names of the segments stand for."""
REFRESH = 0.25
"""Seconds between two pictures."""
LOW = 18
"""Lines below which the panels under the table do not fit."""
PANELS, TALLEST = 9, 15
"""Lines of those panels, borders included: at least and at most."""
AROUND = 6
"""Lines that neither the hops nor the panels take, an empty one included."""
AFTER: dict[Method, Method] = {"udp": "icmp", "icmp": "tcp", "tcp": "udp"}
"""Which method comes after which."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class TraceApp(App[None]):
    """Shows a trace while it runs."""

    TITLE = "rawkit trace"
    ENABLE_COMMAND_PALETTE = False
    CSS = f"""
    Screen {{ background: #0d1117; color: #c9d1d9; }}
    #heading {{ height: 3; padding: 0 1; }}
    #titles {{ height: 1; padding: 0 1; }}
    #hops {{ height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }}
    #below {{ height: {PANELS}; }}
    #below Static {{ width: 1fr; height: 100%; padding: 0 1; }}
    #below Static {{ border: round #30363d; border-title-color: #8b949e; }}
    Footer {{ background: #161b22; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "quit", "Quit", key_display="q"),
        Binding("question_mark,h,f1", "help", "Help", key_display="?"),
        Binding("p,space", "pause", "Pause", key_display="p"),
        Binding("r", "reset", "Reset"),
        Binding("m", "method", "Method"),
        Binding("c", "copy", "Copy JSON"),
        Binding("d", "details", "Details"),
        Binding("ctrl+c,ctrl+q", "quit", show=False, priority=True),
        Binding("down,j", "select(1)", "Next hop", show=False),
        Binding("up,k", "select(-1)", "Previous hop", show=False),
        Binding("pagedown", "select(10)", show=False),
        Binding("pageup", "select(-10)", show=False),
        Binding("home", "select(-255)", show=False),
        Binding("end", "select(255)", show=False),
        Binding("ctrl+z", "suspend_process", show=False),
    ]

    def __init__(
        self,
        opener: Opener,
        *,
        fixed: str = "",
        lookup: Lookup,
    ) -> None:
        """Prepare to show.

        Args:
            opener: makes the sessions; the first one is made at once.
            fixed: why the method cannot be changed; empty: it can.
            lookup: names and networks of addresses.
        """
        super().__init__()
        self.failure: OSError | RawkitError | None = None
        """Why it ended, if nobody wanted it to."""
        self._opener = opener
        self._fixed = fixed
        self._lookup = lookup
        self.session = opener(None)
        """What is shown."""
        self.model = LiveModel(self.session.target, lookup.name, lookup.network)
        self._feeder: Worker[None] | None = None
        """Takes in what the session tells."""
        self._candidate: Worker[None] | None = None
        """Opens the session that is to take its place."""
        self._refused: dict[Method, str] = {}
        """Methods that cannot be had, and why."""
        self._going = asyncio.Event()
        self._going.set()
        self._has_ended = False
        self._chosen: int | None = None
        """TTL of the row that was selected; ``None``: the last one."""
        self._seen = 0, 0
        """Which row was brought into sight last, and of how many lines there were."""
        self._shows_details = True

    # What is on the screen

    def compose(self) -> ComposeResult:
        """Return the widgets, from top to bottom."""
        yield Static(id="heading")
        yield Static(id="titles")
        with VerticalScroll(id="hops", can_focus=False):
            yield Static(id="table")
        with Horizontal(id="below"):
            yield Static(id="histogram")
            yield Static(id="facts")
        yield Footer()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.exit)
        self.set_interval(REFRESH, self.redraw)
        self._feeder = self._run(self.session)

    def on_unmount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Bring the screen up to date, if there is one: at the end, widgets go before timers."""
        with suppress(NoMatches):
            self.draw()

    def draw(self) -> None:
        """Bring the screen up to date."""
        report, rows = self.model.report(), self.model.rows()
        row = self._selected(rows)
        settings, hops = self.session.settings, self.query_one("#hops")
        lines = heading(self.model, settings, self.state)
        if self.model.complaint:
            lines.append([(f"not sent: {self.model.complaint}", "bad")])
        width = hops.scrollable_content_region.width
        self._show("#heading", [cut(line, width) for line in lines])
        titles, *body = table(rows, width, row.ttl if row else 0)
        self._show("#titles", [titles] if rows else [])
        self._show("#table", body or [[("no answer yet", "dim")]])
        below = self.query_one("#below")
        below.display = self.size.height >= LOW
        below.styles.height = min(max(self.size.height - AROUND - len(body), PANELS), TALLEST)
        self.query_one("#facts").display = self._shows_details
        if row is not None and below.display:
            self._draw_panels(row, report)
        if row is not None:
            self._bring_into_sight(rows.index(row), hops.scrollable_content_region.height)

    def _draw_panels(self, row: Row, report: TraceReport) -> None:
        chart, panel = self.query_one("#histogram", Static), self.query_one("#facts", Static)
        size = chart.content_region.size
        trips = round_trips(self.model.history(row.ttl))
        number = f"{len(trips)} round trip" + ("s" if len(trips) != 1 else "")
        chart.border_title = f"hop {row.ttl}: {number}"
        empty: list[Line] = [[("no answer yet", "dim")]]
        self._show("#histogram", histogram(trips, size.width, size.height - 1) or empty)
        panel.border_title = f"hop {row.ttl} of {report.hops[-1].ttl}"
        self._show("#facts", facts(row.hop, self.model)[: panel.content_region.height])

    def _show(self, where: str, lines: Sequence[Line]) -> None:
        self.query_one(where, Static).update(Text("\n").join(map(styled, lines)))

    @property
    def state(self) -> str:
        """What it does: ``running``, ``paused`` or ``ended``."""
        if self._has_ended:
            return "ended"
        return "running" if self._going.is_set() else "paused"

    def _selected(self, rows: Sequence[Row]) -> Row | None:
        heard = [row for row in rows if row.hop.sources] or rows
        if self._chosen is None:
            return heard[-1] if heard else None
        before = [row for row in rows if row.ttl <= self._chosen]
        return before[-1] if before else rows[0] if rows else None

    # Where the events come from

    def _run(self, session: Traced) -> "Worker[None]":
        return self.run_worker(self._feed(session), exit_on_error=False)

    async def _feed(self, session: Traced) -> None:
        """Take the events as they come, none while it is paused.

        Where something else is shown so far, that goes on until this session has begun.
        """
        coming = aiter(session)
        try:
            async for event in coming:
                if session is not self.session:
                    self._change_to(session)
                self.model.take(event)
                await self._going.wait()
            self._has_ended = True
        except (OSError, RawkitError) as error:
            if session is self.session:
                self.failure = error
                self.exit()
            else:
                self._refuse(session.settings.method, cause_of(error))
        finally:
            if isinstance(coming, AsyncGenerator):
                await coming.aclose()

    def _change_to(self, session: Traced) -> None:
        """Show another session, which has begun, and end the one that was shown before."""
        if self._feeder is not None:
            self._feeder.cancel()
        self._feeder, self._candidate = self._candidate, None
        self.session, self._has_ended = session, False
        self.model = LiveModel(session.target, self._lookup.name, self._lookup.network)

    def _refuse(self, method: Method, why: str) -> None:
        self._refused[method] = why
        self.notify(why, title=method, severity="error")

    # What keys do

    def action_pause(self) -> None:
        """Stop and go on; while it is stopped, nothing is sent."""
        if self._going.is_set():
            self._going.clear()
        else:
            self._going.set()
        self.draw()

    def action_reset(self) -> None:
        """Begin to count anew."""
        self.model.reset()
        self.draw()

    def action_method(self) -> None:
        """Go on with the next method that can be had; until it has begun, with this one."""
        if self._fixed:
            self.notify(self._fixed, severity="warning")
            return
        shown = self.session.settings.method
        following = AFTER[shown]
        while following in self._refused and following != shown:
            following = AFTER[following]
        if following == shown:
            self._refuse(AFTER[shown], self._refused[AFTER[shown]])
            return
        if self._candidate is not None:
            self._candidate.cancel()
        try:
            self._candidate = self._run(self._opener(following))
        except (OSError, RawkitError) as error:
            self._refuse(following, cause_of(error))

    def action_help(self) -> None:
        """Show what the keys do, and what the columns mean."""
        self.push_screen(HelpScreen())

    def action_copy(self) -> None:
        """Copy what is known as JSON, by the terminal's leave (OSC 52)."""
        report, settings = self.model.report(), self.session.settings
        self.copy_to_clipboard(report_line(report, settings, self._lookup))
        self.notify("The report went to the clipboard as JSON, if the terminal allows it.")

    def action_details(self) -> None:
        """Show or hide what is known of the selected hop."""
        self._shows_details = not self._shows_details
        self.call_after_refresh(self.redraw)
        self.draw()

    def action_select(self, steps: int) -> None:
        """Select another row."""
        rows = self.model.rows()
        if (row := self._selected(rows)) is not None:
            place = min(max(rows.index(row) + steps, 0), len(rows) - 1)
            self._choose(rows, place)

    def on_click(self, event: events.Click) -> None:
        rows = self.model.rows()
        if event.widget is self.query_one("#table") and event.y < len(rows):
            self._choose(rows, event.y)

    def _choose(self, rows: Sequence[Row], place: int) -> None:
        self._chosen = rows[place].ttl
        self.draw()

    def _bring_into_sight(self, place: int, height: int) -> None:
        """Scroll to the selected row, where it is another one, or the room has changed.

        Who scrolls away to see other rows is left alone.
        """
        if (place, height) == self._seen:
            return
        self._seen = place, height
        hops = self.query_one("#hops")
        top = min(max(hops.scroll_y, place - height + 1), place)
        # Not before the new rows have their room: there is nowhere to scroll to until then.
        self.call_after_refresh(hops.scroll_to, y=top, animate=False)


def styled(line: Line) -> Text:
    """Return a line as rich has it."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for part, names in line:
        text.append(part, " ".join(STYLES[name] for name in names.split()))
    return text
