"""How fast packets are read: from octets to named fields, each of which is looked at."""

from scripts.benches import packet_rounds
from scripts.benches.packet_rounds import COLUMNS, Least
from scripts.benches.packet_values import COUNT
from scripts.benches.result import Result

REPEAT = 7
LEAST = (Least("scapy", 60), Least("dpkt", 3))


def measure(repeat: int) -> Result:
    """Read frames in turns."""
    times = packet_rounds.measure("dissect", repeat)
    about = (
        f"{COUNT} different frames with 20 octets of payload, ten fields looked at, CPU time;"
        f" {repeat} interleaved rounds"
    )
    goals = [
        goal
        for least in LEAST
        for goal in packet_rounds.goal(
            "reading TCP", times["rawkit", "TCP"], times.get((least.peer, "TCP")), least
        )
    ]
    return Result("dissect", about, COLUMNS, packet_rounds.rows(times), tuple(goals))
