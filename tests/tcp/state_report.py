"""Which way from state to state is taken by which scripts: ``python -m tests.tcp.state_report``."""

from rawkit.tcp.state import TRANSITIONS, Cause, State
from tests.tcp.packet_script import names, play

Way = tuple[State, Cause]


def ways_taken() -> dict[Way, list[str]]:
    """Return each way of the table and the scripts that take it."""
    taken: dict[Way, list[str]] = {way: [] for way in TRANSITIONS}
    for name in names():
        for move in play(name).moves:
            taken[move.before, move.cause].append(name)
    return taken


def report() -> str:
    """Return one line for each way, and the sum."""
    taken = ways_taken()
    lines = [
        f"{before!s:13} {cause!s:38} {TRANSITIONS[before, cause]!s:13} {len(set(scripts)):3}"
        for (before, cause), scripts in taken.items()
    ]
    covered = sum(map(bool, taken.values()))
    return "\n".join([*lines, f"{covered} of {len(taken)} by {len(names())} scripts"])


if __name__ == "__main__":
    print(report())
