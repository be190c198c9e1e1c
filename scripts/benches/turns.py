"""Have tools take turns: slow ones join in some rounds only, and a peer that fails is left out."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from rawkit.lab import Node
from scripts.benches import peers
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.running import Command, CommandFailed, Outcome, rounds, run

SELDOM = 7
"""A slow tool has its turn in the first of so many rounds."""
OURS = "rawkit"


class Entry(NamedTuple):
    """A tool that takes part."""

    command: Command
    is_slow: bool = False
    """It waits for seconds, so it is run seldom; those seconds hardly spread."""


Outcomes = dict[str, dict[int, Outcome]]
"""By tool, in the order of the entries, and by round."""


def take_turns(
    entries: Sequence[Entry],
    repeat: int,
    place: Callable[[Command], AbstractContextManager[Node]],
    run: Callable[[Command, Node], Outcome] = run,
) -> Outcomes:
    """Run every tool once a round, as far as it is its turn.

    Args:
        entries: who takes part.
        repeat: how many rounds.
        place: opens the node to run a command in.
        run: runs it there.

    Raises:
        CommandFailed: rawkit itself failed.
    """
    outcomes: Outcomes = {entry.command.tool: {} for entry in entries}
    for turn, order in enumerate(rounds(entries, repeat)):
        for command, is_slow in order:
            if command.tool not in outcomes or (is_slow and turn % SELDOM):
                continue
            try:
                with place(command) as node:
                    outcomes[command.tool][turn] = run(command, node)
            except CommandFailed as error:
                if command.tool.startswith(OURS):
                    raise
                del outcomes[command.tool]
                peers.say(f"left out: {command.tool}: {error}")
    return outcomes


def walls(outcomes: Iterable[Outcome]) -> Spread:
    """Return the wall times, in seconds."""
    return spread(outcome.wall for outcome in outcomes)


def times_as_long(ours: dict[int, Outcome], *theirs: dict[int, Outcome]) -> Spread | None:
    """Return how many times the wall time of others, added up, each round took.

    Only rounds in which all of them had their turn count; ``None``: there is none.
    """
    both = [turn for turn in ours if all(turn in one for one in theirs)]
    if not both:
        return None
    return ratios(
        [ours[turn].wall for turn in both],
        [sum(one[turn].wall for one in theirs) for turn in both],
    )


def times_as_long_as_usual(ours: dict[int, Outcome], theirs: dict[int, Outcome]) -> Spread | None:
    """Return how many times the median of a slow peer, which hardly spreads, each round took.

    ``None``: the peer had no turn.
    """
    if not theirs:
        return None
    usual = walls(theirs.values()).median
    return spread(outcome.wall / usual for outcome in ours.values())


def note_of(outcomes: dict[int, Outcome], repeat: int) -> str:
    """Say so where a tool had fewer turns than there were rounds."""
    return f"{len(outcomes)} of {repeat} rounds" if len(outcomes) < repeat else ""
