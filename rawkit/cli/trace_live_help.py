"""What the live view says of itself: its keys, and what its table means."""

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS = (
    ("q", "quit, as Esc and Ctrl-C; the table stays in the terminal"),
    ("?", "this help; any key leaves it"),
    ("p", "pause, and go on, as Space; meanwhile nothing is sent"),
    ("r", "reset: begin to count anew"),
    ("m", "go on with the next method of UDP, ICMP, TCP"),
    ("c", "copy the report to the clipboard, as JSON"),
    ("d", "hide or show the details of the selected hop"),
    ("↑ ↓", "select a hop, as k, j, PgUp, PgDn, Home, End, or a click"),
)
COLUMNS = (
    ("loss", "no answer in time, of the probes that are finished"),
    ("last … worst", "round trips in milliseconds"),
    ("stdev", "their standard deviation"),
    ("latest", "a probe each: the higher the longer; x lost, + late"),
    ("", "green as usual, yellow 1.5 and red 3 times the median"),
    ("behind it", "labels, !H and the like, and what can be concluded"),
)
SCROLLING = {"down": 1, "j": 1, "pagedown": 5, "up": -1, "k": -1, "pageup": -5}
"""Lines up or down; these keys do not leave."""
WIDTH = 74
"""Columns of the text; with its frame it fits into 80."""


def help_lines() -> str:
    """Return the text."""
    left = max(len(word) for word, _ in (*KEYS, *COLUMNS))
    return "\n".join(
        (
            "Keys",
            *(f"  {word:<{left}}  {about}" for word, about in KEYS),
            "",
            "The table",
            *(f"  {word:<{left}}  {about}" for word, about in COLUMNS),
        )
    )


class HelpScreen(ModalScreen[None]):
    """Covers the view, which goes on, until any key is pressed."""

    CSS = f"""
    HelpScreen {{ align: center middle; background: #0d1117 70%; }}
    HelpScreen VerticalScroll {{
        width: {WIDTH + 6}; max-width: 100%; height: auto; max-height: 100%;
        background: #161b22; color: #c9d1d9; border: round #30363d;
        border-title-color: #58a6ff; padding: 1 2; scrollbar-size-vertical: 1;
    }}
    """

    def compose(self) -> ComposeResult:
        """Return the text in its box."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = "rawkit trace --live"
            yield Static(help_lines(), markup=False)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if (lines := SCROLLING.get(event.key)) is None:
            self.dismiss()
        else:
            self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def on_click(self) -> None:
        self.dismiss()
