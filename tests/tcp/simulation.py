"""Random troubles for two connections, the same for the same seed.

``python -m tests.tcp.simulation FIRST BEHIND`` runs the scenes of these seeds.
"""

import sys
from random import Random

from rawkit.record import record
from rawkit.tcp.events import Closed, Ending
from rawkit.tcp.settings import Settings
from rawkit.testing.tcp_pair import End, Pair, Path
from tests.tcp.invariants import check

SIZES = (0, 1, 100, 1460, 20_000, 20_000, 50_000, 200_000)
WRAPS = (0, 1, 0xFFFFFFFF, 0xFFFFFC18, 0x7FFFFF00, None)
HOURS = 3 * 3600.0


@record
class Outcome:
    """What became of one run."""

    seed: int
    problem: str
    """Nothing, if all was well."""
    seconds: float
    """Virtual ones."""
    segments: int


def settings_of(random: Random) -> Settings:
    """Draw how one side behaves."""
    return Settings(
        mss=random.choice((None, None, 536, 1000, 1459)),
        gso=random.choice((0, 0, 0, 20_000)),
        window=random.choice((1000, 3000, 20_000, 70_000, 1 << 20)),
        send_buffer=random.choice((2000, 30_000, 1 << 20)),
        window_scaling=random.random() < 0.7,
        timestamps=random.random() < 0.7,
        sack=random.random() < 0.7,
        ecn=random.random() < 0.5,
        nodelay=random.random() < 0.5,
        delayed_ack=random.choice((0.0, 0.04, 0.5)),
        ack_every=random.choice((1, 2, 2, 8)),
        congestion=random.choice(("cubic", "newreno")),
        rack=random.random() < 0.7,
        undo=random.random() < 0.8,
        pacing=random.random() < 0.2,
        rto_min=random.choice((0.01, 0.2, 1.0)),
        mtu_probing=random.random() < 0.2,
        keepalive=random.choice((None, None, 1.0)),
        syn_timeout=3600.0,
        user_timeout=3600.0,
    )


def pair_of(seed: int) -> Pair:
    """Draw a whole scene."""
    random = Random(seed)
    path = Path(
        delay=random.choice((0.0001, 0.01, 0.1)),
        loss=random.choice((0, 0, 0.01, 0.05, 0.2)),
        duplicate=random.choice((0, 0, 0.05)),
        reorder=random.choice((0, 0, 0.1, 0.5)),
        corrupt=random.choice((0, 0, 0.02)),
        mark=random.choice((0, 0, 0.05)),
        rate=random.choice((1e5, 1e7, 1e12)),
        queue=random.choice((0.05, 0.5)),
        mtu=random.choice((1 << 16, 1 << 16, 1500)),
    )
    pair = Pair(
        client_settings=settings_of(random),
        server_settings=settings_of(random),
        path=path,
        seed=seed,
        version=random.choice((4, 4, 6)),
        isns=(random.choice(WRAPS), random.choice(WRAPS)),
        simultaneous=random.random() < 0.1,
    )
    for end in pair.ends:
        end.to_write = random.randbytes(random.choice(SIZES))
        end.read_at_once = random.choice((100, 5000, 1 << 30))
        end.pause = random.choice((0.0, 0.0, 0.01))
    pair.client.closes = random.choice(("at once", "at once", "after eof"))
    pair.server.closes = "at once" if pair.client.closes == "after eof" else "after eof"
    if random.random() < 0.3:
        pair.client.closes = pair.server.closes = "at once"
    return pair


def _check(end: End) -> None:
    check(end.connection.block)


def simulate(seed: int) -> Outcome:
    """Run one scene to its end."""
    pair = pair_of(seed)
    pair.watch = _check
    pair.open()
    until = pair.now + HOURS
    problem = ""
    try:
        while not (pair.client.is_over and pair.server.is_over):
            if pair.steps > 300_000 or not pair.step(until):
                problem = f"stuck after {pair.now - 1000:.1f} s in {states(pair)}"
                break
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    segments = sum(end.connection.block.counters.segments_out for end in pair.ends)
    problem = problem or difference(pair)
    return Outcome(seed, problem, pair.now - 1000, segments)


def difference(pair: Pair) -> str:
    """Return how the outcome differs from what was to be, or nothing."""
    for end, other in (pair.ends, pair.ends[::-1]):
        if bytes(end.received) != other.to_write:
            return f"{end.name} read {len(end.received)} of {len(other.to_write)}: {endings(pair)}"
        if end.ending not in (None, Closed(Ending.FINISHED)) and not is_excused(end, other):
            return f"{end.name} {end.ending}"
    return ""


def is_excused(end: End, other: End) -> bool:
    """Tell whether an end could not learn that all it sent had arrived.

    The other one waited for two maximum segment lifetimes, and all its last acknowledgments
    were lost: then a connection that is closed answers with a reset.
    """
    return end.ending == Closed(Ending.RESET) and other.ending == Closed(Ending.FINISHED)


def states(pair: Pair) -> str:
    return " and ".join(str(end.connection.state) for end in pair.ends)


def endings(pair: Pair) -> str:
    return ", ".join(f"{end.name}: {end.ending}" for end in pair.ends)


def main(arguments: list[str]) -> int:
    """Run the scenes from one seed to another, and print what goes wrong."""
    from time import process_time

    first, behind = (*map(int, arguments), int(arguments[0]) + 1)[:2]
    begun = process_time()
    wrong = segments = 0
    for seed in range(first, behind):
        outcome = simulate(seed)
        segments += outcome.segments
        if outcome.problem:
            wrong += 1
            print(outcome, flush=True)
    took = process_time() - begun
    print(f"{behind - first} runs, {wrong} wrong, {segments} segments, {took:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
