"""How long one ping takes, sockets opened and closed: ``exchange`` and scapy's ``sr1``."""

from scripts.benches import sending
from scripts.benches.packet_rounds import Least
from scripts.benches.result import Result
from scripts.benches.sending_work import PING, QUESTIONS

REPEAT = 5
LEAST = Least("scapy", 50)


def measure(repeat: int) -> Result:
    """Ask in turns."""
    times = sending.measure("exchange", ("rawkit", "scapy"), repeat)
    about = (
        f"an echo request and its answer over a veth, wall time; {QUESTIONS['rawkit']} a round,"
        f" of scapy {QUESTIONS['scapy']}; {repeat} interleaved rounds"
    )
    goals = sending.goals(times, PING, "a ping", LEAST)
    return Result("exchange", about, sending.COLUMNS, sending.rows(times), goals)
