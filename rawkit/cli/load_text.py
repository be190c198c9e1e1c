"""What ``rawkit load`` prints."""

from collections.abc import Iterator

from rawkit.cli.columns import rows
from rawkit.engine.load_report import Latency, LoadReport

WHAT = {"connect": "no connection", "ask": "not asked", "answer": "no answer"}


def report(peer: str, found: LoadReport) -> Iterator[str]:
    """Yield the lines of a report, doubts apart."""
    yield f"{peer}: {_how(found)}"
    yield _rate(found)
    yield from _latencies(found)
    yield from _remarks(found)
    effort = found.effort
    yield (
        f"this generator took {effort.busy:.0%} of a processor, and waited for one"
        f" {effort.waited:.0%} of the time"
    )


def _how(found: LoadReport) -> str:
    if found.each_its_own:
        ways = f"a new connection each time, {_number(found.connections, 'question')} at once"
    else:
        ways = _number(found.connections, "connection")
        if found.connected < found.connections:
            ways = f"{found.connected} of {ways}"
    loop = "closed loop" if found.rate is None else f"open loop of {found.rate:g} a second"
    return f"{ways}, {_number(found.size, 'octet')}, {loop}"


def _rate(found: LoadReport) -> str:
    unit = "connections" if found.each_its_own else "answers"
    octets = found.per_second * found.size / 1e6
    return (
        f"{_number(found.asked, 'question')}, {found.answered} answered;"
        f" {found.elapsed:.3f} s, {found.per_second:.0f} {unit} a second, {octets:.3f} MB/s"
    )


def _latencies(found: LoadReport) -> Iterator[str]:
    """Yield a table of all latencies."""
    corrected = "corrected" if found.rate is None else "from when they were due"
    lines = (
        ("from when they were asked" if found.rate is not None else "as asked", found.latency),
        (corrected, found.corrected),
        ("to connect", found.connecting),
    )
    told = [(name, one) for name, one in lines if one is not None]
    if not told:
        return
    percents = sorted({percent for _, one in told for percent in one.percentiles})
    heads = ("milliseconds", "least", "mean", *(f"{p:g} %" for p in percents), "most")
    yield from rows([heads, *(_row(name, one, percents) for name, one in told)])


def _row(name: str, one: Latency, percents: list[float]) -> tuple[str, ...]:
    middle = [one.percentiles.get(percent) for percent in percents]
    values = (one.min, one.mean, *middle, one.max)
    return (name, *("-" if value is None else f"{value * 1000:.3f}" for value in values))


def _remarks(found: LoadReport) -> Iterator[str]:
    if found.most and not found.each_its_own and found.connections > 1:
        yield f"a connection had {found.fewest} to {found.most} answers"
    if found.unasked:
        yield f"{_number(found.unasked, 'question')} never asked: all connections were waiting"
    if found.unfinished:
        yield f"{_number(found.unfinished, 'answer')} not waited for"
    if found.different:
        yield f"{_number(found.different, 'answer')} not what was asked: no echo service"
    if found.strays:
        yield f"{_number(found.strays, 'datagram')} came late, or twice"
    for cause, times in found.causes.items():
        yield f"{_number(times, 'time')} {WHAT[cause.what]}: {cause.says}"


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
