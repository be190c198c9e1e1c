"""Is it chance that one of two lots has more losses? Fisher's exact test, one-sided (1922)."""

from math import exp, lgamma

NEGLIGIBLE = 1e-12
"""Share of what has been summed up below which a term, and all behind it, does not count."""


def by_chance(lost: int, sent: int, lost_there: int, sent_there: int) -> float:
    """Return how likely so many or more of the losses are among the first, were both lots alike.

    Args:
        lost: losses among the first lot.
        sent: how many the first lot has.
        lost_there: losses among the second lot.
        sent_there: how many the second lot has.
    """
    losses = lost + lost_there
    if lost * (sent + sent_there) <= losses * sent:
        return 1.0  # no more than its share; below, terms only get smaller
    term = total = exp(
        _log_choose(sent, lost)
        + _log_choose(sent_there, lost_there)
        - _log_choose(sent + sent_there, losses)
    )
    here, there = lost, lost_there
    while here < sent and there > 0 and term > NEGLIGIBLE * total:
        term *= (sent - here) * there / ((here + 1) * (sent_there - there + 1))
        here, there = here + 1, there - 1
        total += term
    return min(1.0, total)


def _log_choose(total: int, some: int) -> float:
    return lgamma(total + 1) - lgamma(some + 1) - lgamma(total - some + 1)
