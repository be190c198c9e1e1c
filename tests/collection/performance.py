"""Chapters of the collection, run as they are needed: each once, and read by one tshark."""

from collections.abc import Callable
from contextlib import ExitStack

from rawkit import lab
from rawkit.lab import Lab
from rawkit.record import record
from tests.collection.entry import Chapter, Way
from tests.collection.preamble import PREAMBLE
from tests.collection.stage import SYSCTLS, Ran, Seen, Stage, seen

SHAPES: dict[str, Callable[..., Lab]] = {"pair": lab.pair, "line": lab.line, "star": lab.star}


@record
class Outcome:
    """What came of one way."""

    command: Ran
    library: Ran
    by_command: Seen
    by_library: Seen


class Performance:
    """Runs chapters, each when the first of its ways is asked for.

    Args:
        labs: what takes the labs down in the end.
    """

    def __init__(self, labs: ExitStack) -> None:
        self._labs = labs
        self._stages: dict[str, Stage] = {}
        self._outcomes: dict[str, list[Outcome | Exception]] = {}

    def outcome(self, chapter: Chapter, number: int) -> Outcome:
        """Return what came of a way of a chapter, or raise what that raised.

        Args:
            chapter: whose.
            number: of the way among all of its chapter, from 0.
        """
        if chapter.title not in self._outcomes:
            self._outcomes[chapter.title] = self._played(chapter)
        outcome = self._outcomes[chapter.title][number]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _played(self, chapter: Chapter) -> list[Outcome | Exception]:
        tried = [
            (way, self._tried(self._stage(way.shape or entry.shape), way))
            for entry in chapter.entries
            for way in entry.ways
        ]
        ran = [(way, one) for way, pair in tried if isinstance(pair, tuple) for one in pair]
        read = iter(seen(ran))
        return [
            pair if isinstance(pair, Exception) else Outcome(*pair, next(read), next(read))
            for _, pair in tried
        ]

    def _tried(self, stage: Stage, way: Way) -> tuple[Ran, Ran] | Exception:
        try:
            return stage.command(way), stage.library(way)
        except Exception as error:  # whatever it is: the other ways of the chapter go on
            return error

    def _stage(self, shape: str) -> Stage:
        if shape not in self._stages:
            net = self._labs.enter_context(SHAPES[shape](sysctls=SYSCTLS))
            self._stages[shape] = Stage(net, PREAMBLE)
        return self._stages[shape]
