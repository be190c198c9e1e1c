"""What the books of a trace allow to conclude, and nothing beyond."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rawkit.engine.chance import by_chance
from rawkit.engine.trace_report import HopReport, Remark
from rawkit.record import replace

if TYPE_CHECKING:
    from rawkit.engine.trace_book import HopTally

INITIAL_TTLS = (64, 128, 255)
"""What hosts and routers start with (RFC 1700 and custom)."""
PROHIBITED = frozenset(("!X", "!<5>"))
"""With code 5 of IPv6: the source address failed a policy (RFC 4443 §3.1)."""
NOWHERE = frozenset(("!H", "!N", "!P", "!S", "!<6>"))
"""With code 6 of IPv6: the route rejects it."""
CLEAN_ENOUGH = 1 / 3
"""Where what lies behind a hop loses no more than this share of what the hop loses …"""
CHANCE = 0.01
"""… and chance would make such a difference less often than this, it loses its answers."""


def round_hops(ttl: int) -> int | None:
    """Return over how many hops an answer with this TTL came, by the usual initial TTLs."""
    for initial in INITIAL_TTLS:
        if ttl <= initial:
            return initial - ttl + 1
    return None


def remarks_of(
    hops: Sequence[HopReport], tallies: "Mapping[int, HopTally]", *, reached: bool, over: bool
) -> tuple[HopReport, ...]:
    """Return the hops with what can be concluded of each.

    Args:
        hops: in the order of their TTLs.
        tallies: what the reports do not tell, by TTL.
        reached: the target has answered.
        over: a round is finished, so that what is missing is missing for good.
    """
    last_heard = max((hop.ttl for hop in hops if hop.sources), default=0)
    found, was_rewritten = [], False
    for hop in hops:
        behind = [other for other in hops if other.ttl > hop.ttl and other.sources]
        tally = tallies[hop.ttl]
        remarks = [*_of_answers(hop, behind)]
        if over and not hop.sources and behind:
            remarks.append(Remark.SILENT)
        elif over and not reached and hop.ttl == last_heard + 1 and hop.unanswered:
            remarks.append(Remark.FILTERED)
        if tally.was_rewritten and not was_rewritten:
            was_rewritten = True
            remarks.append(Remark.NAT)
        if tally.shares_a_round:
            remarks.append(Remark.ECMP)
        found.append(replace(hop, remarks=tuple(remark for remark in Remark if remark in remarks)))
    return tuple(found)


def _of_answers(hop: HopReport, behind: Sequence[HopReport]) -> Iterator[Remark]:
    """Yield what follows from what a hop has answered, and those behind it."""
    if hop.answered and behind and _loses_answers(hop, behind):
        yield Remark.RATE_LIMITED
    said = {word for source in hop.sources for word in source.annotations}
    if said & PROHIBITED:
        yield Remark.FILTERED
    if said & NOWHERE:
        yield Remark.UNREACHABLE
    if hop.asymmetry:
        yield Remark.ASYMMETRIC


def _loses_answers(hop: HopReport, behind: Sequence[HopReport]) -> bool:
    """Tell whether more is missing of a hop than packets lost on the way to it explain.

    A packet that is lost before a hop is missing behind it, too. So it is measured by all
    that lies behind; or by the last hop alone, where those in between lose answers as well.
    """
    missing, asked = hop.unanswered, _finished(hop)
    for others in (behind, behind[-1:]):
        missing_there = sum(other.unanswered for other in others)
        asked_there = sum(map(_finished, others))
        if missing * CLEAN_ENOUGH * asked_there <= missing_there * asked:
            continue
        if by_chance(missing, asked, missing_there, asked_there) < CHANCE:
            return True
    return False


def _finished(hop: HopReport) -> int:
    return hop.answered + hop.late + hop.unanswered
