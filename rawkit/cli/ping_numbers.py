"""Times as ping(8) prints them: whole microseconds, cut off, as milliseconds."""


def microseconds(seconds: float) -> int:
    """Return whole microseconds, cut off; nothing is quicker than nothing."""
    return max(0, int(seconds * 1e9 + 0.5) // 1000)


def whole_milliseconds(seconds: float) -> int:
    """Return milliseconds, rounded to the nearest."""
    return (int(seconds * 1e9 + 0.5) + 500_000) // 1_000_000


def thousandths(seconds: float) -> str:
    """Return milliseconds with three decimals."""
    return "%d.%03d" % divmod(microseconds(seconds), 1000)  # noqa: UP031  # divmod's pair


def rounded(seconds: float) -> str:
    """Return milliseconds with as many decimals as make three or more digits."""
    time = microseconds(seconds)
    if time >= 99_950:
        return str((time + 500) // 1000)
    if time >= 9_995:
        return "%d.%d" % divmod((time + 50) // 100, 10)  # noqa: UP031
    if time >= 1_000:
        return "%d.%02d" % divmod((time + 5) // 10, 100)  # noqa: UP031
    return f"0.{time:03d}"
