"""What the doctor says about one thing."""

from enum import StrEnum

from rawkit.record import record


class Verdict(StrEnum):
    """How much it matters."""

    OK = "ok"
    WARN = "warn"
    """Something will not work, or not as expected; the rest will."""
    BAD = "bad"
    """A whole command cannot do its work here."""


@record
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    says: str
    """What was found, in one line."""
    cause: str = ""
    """Why it is so, where that can be told."""
    ways_out: tuple[str, ...] = ()
    """What would change it, best first."""
