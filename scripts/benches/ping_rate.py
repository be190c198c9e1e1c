"""How fast can it go: a flood in which each request waits for the answer to the last."""

from rawkit import lab
from scripts.benches import peers, readings
from scripts.benches.figures import ratios, spread
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import Command, CommandFailed, Outcome, present, rounds, run

REPEAT = 7
COUNT = 50_000
LEAST = 0.5
KINDS = ("ping socket", "raw socket")
CLOSED = {"net.ipv4.ping_group_range": "1 0"}
"""Where nobody may open ping sockets, ping and rawkit both take raw ones."""
COLUMNS = (
    Column("rate", "k/s", 1),
    Column("time / ping's", "", 2),
    Column("wall", "ms", 0),
    Column("cpu", "us/echo", 1),
)


def measure(repeat: int) -> Result:
    """Flood from one end of a cable to the other, in turns."""
    outcomes: dict[str, list[Outcome]] = {}
    with lab.pair() as opened, lab.pair(sysctls=CLOSED) as closed:
        tools = present(_commands(str(opened.last.ipv4)), peers.missing("ping"))
        for order in rounds(tools, repeat):
            for kind, net in zip(KINDS, (opened, closed), strict=True):
                for command in order:
                    outcome = _flood(command, net.first)
                    outcomes.setdefault(f"{command.tool}, {kind}", []).append(outcome)
    walls = {tool: [outcome.wall for outcome in done] for tool, done in sorted(outcomes.items())}
    rows = tuple(_row(tool, walls, outcomes[tool]) for tool in walls)
    about = (
        f"{COUNT} echoes, each waiting for the last, over a veth, whole process;"
        f" {repeat} interleaved rounds"
    )
    return Result("rate", about, COLUMNS, rows, _goals(walls))


def _commands(host: str) -> list[Command]:
    flood = ("-f", "-q", "-c", str(COUNT), host)
    return [
        Command("ping -f", (peers.program("ping"), *flood)),
        Command("rawkit ping -f", (peers.program("rawkit"), "ping", *flood)),
    ]


def _flood(command: Command, node: lab.Node) -> Outcome:
    outcome = run(command, node)
    if readings.found(outcome.output) != (COUNT, COUNT):
        raise CommandFailed(f"{command.tool} lost echoes on a perfect cable:\n{outcome.output}")
    return outcome


def _row(tool: str, walls: dict[str, list[float]], outcomes: list[Outcome]) -> Row:
    figures = {
        "rate": spread(COUNT / wall / 1000 for wall in walls[tool]),
        "wall": spread(1000 * wall for wall in walls[tool]),
        "cpu": spread(1e6 * outcome.cpu / COUNT for outcome in outcomes),
    }
    if (peer := tool.removeprefix("rawkit ")) in walls:
        figures["time / ping's"] = ratios(walls[tool], walls[peer])
    return Row(tool, figures)


def _goals(walls: dict[str, list[float]]) -> tuple[Goal, ...]:
    goals = []
    for kind in KINDS:
        ours, theirs = walls[f"rawkit ping -f, {kind}"], walls.get(f"ping -f, {kind}")
        if theirs is not None:
            what = f"time of rawkit ping -f / ping -f, {kind}"
            goals.append(Goal(what, ratios(ours, theirs).median, 1 / LEAST))
    return tuple(goals)
