"""What ``rawkit pmtu`` prints: lines like tracepath(8)'s, and what follows from them in words."""

from collections.abc import Callable, Iterator

from rawkit.engine.pmtu_probes import END
from rawkit.engine.pmtu_report import Narrowing, PmtuHop, PmtuRemark, PmtuReport, SizeTried
from rawkit.wire.address import Address

NAME_COLUMNS = 50
"""As many as tracepath(8) leaves for names."""
FIRST_COLUMNS = 33
INDENT = " " * 5
REMARKS = {
    PmtuRemark.LIES: "somebody told an MTU that is not true; it was not believed",
    PmtuRemark.UNCERTAIN: "answers were rare: larger packets may pass, too",
    PmtuRemark.REMEMBERED: "the kernel has taken note of an MTU: ip -6 route get HOST",
    PmtuRemark.BELOW_LEAST: "IPv6 demands 1280 of every link (RFC 8200)",
}


def lines(report: PmtuReport, shown: Callable[[Address], str]) -> Iterator[str]:
    """Yield the lines of a report.

    Args:
        report: what is known.
        shown: gives the name of an address, or whatever is to be shown of it.
    """
    narrow: dict[int, Narrowing] = {}
    for narrowing in report.narrowings:
        narrow[narrowing.ttl] = narrowing
    yield f" 1?: {'[LOCALHOST]':<{FIRST_COLUMNS}}pmtu {_first(report, narrow)}"
    known = {hop.ttl: hop for hop in report.hops}
    for ttl in range(1, max(known, default=0) + 1):
        if (hop := known.get(ttl)) is None:
            yield f"{ttl:>2}:  no reply"
            continue
        words = [f"pmtu {narrow[ttl].mtu}"] if ttl in narrow else []
        words += ["reached"] if hop.is_target else []
        yield _hop_line(hop, shown(hop.address), words)
    yield _resume(report)
    yield from (INDENT + sentence for sentence in sentences(report, shown))


def sentences(report: PmtuReport, shown: Callable[[Address], str]) -> Iterator[str]:
    """Yield in words what a report says: narrow places, what was not reached, and remarks."""
    for narrowing in report.narrowings:
        place, said = _place(narrowing, shown), _told(narrowing)
        yield f"no more than {narrowing.mtu} passes {place}: {said}"
    if not report.reached:
        yield _how_far(report, shown)
    if report.refusal:
        yield f"refused: {report.refusal}"
    yield from (REMARKS[remark] for remark in report.remarks if remark in REMARKS)


def tried(event: SizeTried) -> str:
    """Return what ``-v`` says of a size."""
    if event.ttl == END:
        return f"{event.size} octets come through"
    if event.ttl:
        return f"{event.size} octets come as far as hop {event.ttl}"
    return f"{event.size} octets do not come through"


def _first(report: PmtuReport, narrow: dict[int, Narrowing]) -> int:
    return narrow[0].mtu if 0 in narrow else report.local_mtu


def _hop_line(hop: PmtuHop, name: str, words: list[str]) -> str:
    line = f"{hop.ttl:>2}:  {name:<{NAME_COLUMNS}} {hop.rtt * 1000:>8.3f}ms {' '.join(words)}"
    return line.rstrip()


def _resume(report: PmtuReport) -> str:
    if not report.reached:
        return f"{INDENT}Not reached"
    hops = "" if report.distance is None else f" hops {report.distance}"
    back = "" if report.back_hops is None else f" back {report.back_hops}"
    return f"{INDENT}Resume: pmtu {report.mtu}{hops}{back}"


def _place(narrowing: Narrowing, shown: Callable[[Address], str]) -> str:
    """Return where a narrow link is."""
    ttl, address = narrowing.ttl, narrowing.address
    before = f"hop {ttl}" if ttl else "this host"
    if address is not None:
        before += f", {shown(address)}"
    behind = narrowing.next_ttl
    if behind is not None and behind > ttl + 1:
        return f"between {before}, and hop {behind}"
    return f"behind {before}"


def _told(narrowing: Narrowing) -> str:
    match narrowing.announced, narrowing.told:
        case True, told if told == narrowing.mtu:
            return "it says so"
        case True, 0:
            return "it says that it is too much, but not what is not"
        case True, told:
            return f"it says {told}, which is not true"
        case None, _:
            return "whether anybody says so cannot be heard (-v tells why)"
    return "nobody says so, a black hole"


def _how_far(report: PmtuReport, shown: Callable[[Address], str]) -> str:
    if not report.hops:
        return "nobody answers, neither the target nor a router"
    last = report.hops[-1]
    where = f"hop {last.ttl}, {shown(last.address)}"
    return f"the target does not answer; {last.size} octets come as far as {where}"
