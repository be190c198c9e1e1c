"""Sparklines and histograms out of block characters."""

from collections.abc import Sequence

from rawkit.cli.trace_live_model import Sample
from rawkit.engine.rtt import percentile
from rawkit.record import record

Segment = tuple[str, str]
"""Some text, and the name of its style: see ``STYLES`` of the view."""
Line = list[Segment]

LEVELS = "▁▂▃▄▅▆▇█"
EIGHTHS = " " + LEVELS
LOST, LATE = "x", "+"
SLOW, BAD = 1.5, 3.0
"""Times the median from which on a round trip looks yellow, or red."""
AT_LEAST = 0.001
"""Seconds more than the median that it takes besides: less is this machine's noise."""
HEADROOM = 1.1
MANY = 50
"""Samples from which on the slowest hundredth has no bars of its own."""


def common_top(histories: Sequence[Sequence[Sample]]) -> float:
    """Return the round trip that a full block stands for, so that few are cut off, in seconds."""
    tops = [percentile(sorted(trips), 90) for trips in map(round_trips, histories) if trips]
    return max(tops, default=0.0) * HEADROOM


def round_trips(history: Sequence[Sample]) -> list[float]:
    """Return the round-trip times among these samples, in seconds."""
    return [sample.rtt for sample in history if sample.rtt is not None]


def sparkline(history: Sequence[Sample], top: float) -> Line:
    """Return a character for each sample: a block as high as its round trip, or a cross.

    Args:
        history: oldest first.
        top: seconds that the highest block stands for; it stands for more, too.
    """
    trips = sorted(round_trips(history))
    usual = percentile(trips, 50) if trips else 0.0
    line: Line = []
    for sample in history:
        if sample.rtt is None:
            text, style = (LATE, "late") if sample.is_late else (LOST, "lost")
        else:
            level = min(sample.rtt / top * len(LEVELS), len(LEVELS) - 1) if top else 0
            text, style = LEVELS[int(level)], pace(sample.rtt, usual)
        if line and line[-1][1] == style:
            line[-1] = line[-1][0] + text, style
        else:
            line.append((text, style))
    return line


def pace(rtt: float, usual: float) -> str:
    """Return the style of a round trip, by how slow it is compared with what is usual."""
    if rtt < usual + AT_LEAST:
        return "good"
    return "bad" if rtt >= usual * BAD else "slow" if rtt >= usual * SLOW else "good"


@record
class Bin:
    """One bar of a histogram: round trips from ``low`` to below ``high``, in seconds."""

    low: float
    high: float
    count: int


def bins(trips: Sequence[float], most: int) -> tuple[Bin, ...]:
    """Sort round trips into at most so many bins of one width.

    Of many, the slowest hundredth is counted in the last bin, however slow.
    """
    if not trips:
        return ()
    ordered = sorted(trips)
    low = ordered[0]
    high = percentile(ordered, 99) if len(ordered) >= MANY else ordered[-1]
    if high <= low:
        return (Bin(low, high, len(ordered)),)
    number = max(1, min(most, 2 + len(ordered)))
    width = (high - low) / number
    counts = [0] * number
    for trip in ordered:
        counts[min(int((trip - low) / width), number - 1)] += 1
    return tuple(
        Bin(low + place * width, low + (place + 1) * width, count)
        for place, count in enumerate(counts)
    )


def histogram(trips: Sequence[float], width: int, height: int) -> list[Line]:
    """Return a histogram of round trips: ``height`` lines of bars, and one of times below.

    Args:
        trips: in seconds.
        width: columns there are.
        height: lines for the bars.
    """
    bars = bins(trips, max(1, (width - len(" ms")) // BAR))
    if not bars or height < 1:
        return []
    fullest = max(bar.count for bar in bars)
    usual = percentile(sorted(trips), 50)
    tall = [bar.count / fullest * height * len(LEVELS) for bar in bars]
    lines = []
    for level in range(height - 1, -1, -1):
        line: Line = []
        for bar, eighths in zip(bars, tall, strict=True):
            part = min(max(round(eighths) - level * len(LEVELS), 0), len(LEVELS))
            if level == 0 and bar.count and part == 0:
                part = 1  # something there is
            line.append((EIGHTHS[part] * (BAR - 1) + " ", pace(bar.low, usual)))
        lines.append(line)
    return [*lines, _axis(bars, max(trips))]


BAR = 3
"""Columns of a bar, with the gap behind it."""


def _axis(bars: Sequence[Bin], longest: float) -> Line:
    width = len(bars) * BAR - 1
    left, right = milliseconds(bars[0].low), milliseconds(bars[-1].high)
    if longest > bars[-1].high * (1 + 1e-9):
        right += "+"
    if len(bars) == 1:
        return [(f"{left} ms", "dim")]
    middle = milliseconds((bars[0].low + bars[-1].high) / 2)
    gap = width - len(left) - len(right) - len(middle)
    if gap < 4:
        return [(f"{left}…{right} ms", "dim")]
    before = max(1, (width - len(middle)) // 2 - len(left))
    return [(left + " " * before + middle + " " * (gap - before) + right + " ms", "dim")]


def cut(line: Line, width: int) -> Line:
    """Return as much of a line as there is room for, with a sign where something is missing."""
    if sum(len(text) for text, _ in line) <= width:
        return line
    short: Line = []
    for text, style in line:
        room = width - 1 - sum(len(text) for text, _ in short)
        short.append((text[:room], style))
        if len(text) > room:
            break
    return [*short, ("…", "dim")]


def milliseconds(seconds: float | None) -> str:
    """Return a time in milliseconds, in at most five columns below a hundred seconds."""
    if seconds is None:
        return "-"
    value = seconds * 1000
    for limit, decimals in ((0.9995, 3), (9.995, 2), (99.95, 1)):
        if value < limit:
            return f"{value:.{decimals}f}"
    return f"{value:.0f}"
