"""How many flows must be tried until one may say: there are no more ways from here?

A router that spreads flows evenly over some next hops is asked with one flow after the
other. The rule is that of the Multipath Detection Algorithm (B. Augustin, T. Friedman,
R. Teixeira, "Measuring load-balanced paths in the Internet", IMC 2007), with the chances of
stopping too soon at an earlier point taken into account as D. Veitch, B. Augustin,
T. Friedman and R. Teixeira do ("Failure control in multipath route tracing", INFOCOM 2009).
The numbers are worked out, none is from a table.
"""

from math import ceil, log

TOLERANCE = 1e-12
"""A chance that is above its bound by less than this is rounding."""


class StoppingRule:
    """The points at which to stop, for one bound on the chance of missing a next hop."""

    def __init__(self, confidence: float) -> None:
        """Prepare the rule.

        Args:
            confidence: 0 to 1, both excluded: that of a router with evenly used next hops
                at least this share of attempts finds all.
        """
        self.failure = 1 - confidence
        self._stops: list[int] = [0]

    def flows_for(self, found: int) -> int:
        """Return after how many flows to stop if no more than so many next hops were seen.

        At 95 %: 6 flows for one next hop, 11 for two, 16 for three …
        """
        while len(self._stops) <= found:
            self._stops.append(self._next_stop())
        return self._stops[found]

    def repeats_for(self, found: int) -> int:
        """Return how many more packets of one flow must take the same of so many ways.

        As many until chance alone would explain it no more: then the ways go by flow.
        """
        return ceil(log(1 / self.failure) / log(found) - TOLERANCE) if found > 1 else 0

    def _next_stop(self) -> int:
        """Find the next point: the first at which one way more would hardly be missed."""
        ways = len(self._stops) + 1
        seen = [1.0] + [0.0] * ways  # the chance of having seen so many ways, and not stopped
        failed, flows = 0.0, 0
        while True:
            flows += 1
            seen = _one_more(seen, ways)
            if flows in self._stops:
                stopped = self._stops.index(flows)
                failed += seen[stopped]
                seen[stopped] = 0.0
            incomplete = sum(seen[:ways])
            if flows > self._stops[-1] and failed + incomplete <= self.failure + TOLERANCE:
                return flows


def chance_of_missing(found: int, flows: int) -> float:
    """Return the chance that so many flows see no more than ``found`` of ``found + 1`` ways.

    All ways are used evenly. It is 1 if nothing was found at all.
    """
    if not found:
        return 1.0
    ways = found + 1
    seen = [1.0] + [0.0] * ways
    for _ in range(flows):
        seen = _one_more(seen, ways)
    return min(1.0, sum(seen[:ways]))


def _one_more(seen: list[float], ways: int) -> list[float]:
    """Return the chances of having seen 0, 1 … ways after one more flow."""
    return [
        seen[count] * count / ways + (seen[count - 1] * (ways - count + 1) / ways if count else 0)
        for count in range(ways + 1)
    ]
