"""How fast packets are built: from addresses and numbers to octets, checksums filled in."""

from scripts.benches import packet_rounds
from scripts.benches.packet_rounds import COLUMNS, Least
from scripts.benches.packet_values import COUNT
from scripts.benches.result import Result

REPEAT = 7
LEAST = (Least("scapy", 150), Least("dpkt", 4))


def measure(repeat: int) -> Result:
    """Build frames in turns."""
    times = packet_rounds.measure("build", repeat)
    about = (
        f"{COUNT} different frames with 20 octets of payload, CPU time; {repeat} interleaved rounds"
    )
    goals = [
        goal
        for least in LEAST
        for goal in packet_rounds.goal(
            "building TCP", times["rawkit", "TCP"], times.get((least.peer, "TCP")), least
        )
    ]
    return Result("build", about, COLUMNS, packet_rounds.rows(times), tuple(goals))
