"""How fast much is sent and received where packets get lost: the kernel's TCP, and rawkit's."""

from rawkit import lab
from scripts.benches.figures import Spread, ratios, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import rounds
from scripts.benches.tcp_transfer import KERNEL, SIZE, Took, Transfer, one_transfer, server_on

REPEAT = 7
SHARES = (0.01, 0.05)
"""Of the frames in each direction, acknowledgments included."""
OWN = "rawkit, raw"
WAYS = ("down", "up")
ENOUGH, TO_BE_BORNE = 10.0, 0.05
"""Megabytes a second that are wanted, and at which loss."""
COLUMNS = (
    Column("rate", "MB/s", 2),
    Column("cpu", "us/1448", 2),
    Column("x sockets", "", 3),
)


def measure(repeat: int) -> Result:
    """Transfer in turns, over wires that lose more and more."""
    found: dict[Transfer, list[Took]] = {}
    for share in SHARES:
        kinds = [Transfer(tool, way, f"{share:.0%}") for tool in (KERNEL, OWN) for way in WAYS]
        with lab.pair(loss=share) as net, server_on(net.last) as port:
            for turn in rounds(kinds, repeat):
                for kind in turn:
                    found.setdefault(kind, []).append(one_transfer(kind, net, port))
    about = (
        f"{SIZE / 1e6:.0f} MB over a wire in user space that loses frames, each way;"
        f" no segment above the MTU; {repeat} interleaved rounds"
    )
    rows = tuple(Row(str(kind), _figures(kind, found)) for kind in sorted(found, key=_order))
    return Result("loss", about, COLUMNS, rows, _goals(found))


def _order(kind: Transfer) -> tuple[str, str, str]:
    return kind.link, kind.way, kind.tool


def _figures(kind: Transfer, found: dict[Transfer, list[Took]]) -> dict[str, Spread]:
    own, theirs = found[kind], found[kind._replace(tool=KERNEL)]
    return {
        "rate": spread(1000 / took.wall for took in own),
        "cpu": spread(took.cpu * 1448 / 1000 for took in own),
        "x sockets": ratios([took.wall for took in theirs], [took.wall for took in own]),
    }


def _goals(found: dict[Transfer, list[Took]]) -> tuple[Goal, ...]:
    """Return what is to be reached, as time: the shorter, the better."""
    goals: list[Goal] = []
    for way in WAYS:
        kind = Transfer(OWN, way, f"{TO_BE_BORNE:.0%}")
        own = spread(took.wall for took in found[kind]).median
        goals.append(Goal(f"{kind}: ms for 1 MB", own, 1000 / ENOUGH, 0))
    return tuple(goals)
