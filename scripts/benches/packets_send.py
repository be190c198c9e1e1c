"""How fast packets leave: by ``send`` of rawkit and of scapy, and by a bare socket."""

from scripts.benches import sending
from scripts.benches.packet_rounds import Least
from scripts.benches.result import Result
from scripts.benches.sending_work import FEW, MANY, ONE

REPEAT = 5
LEAST = Least("scapy", 100)


def measure(repeat: int) -> Result:
    """Send in turns."""
    times = sending.measure("send", ("rawkit", "scapy", "socket"), repeat)
    about = (
        f"UDP, 48 octets, over a veth, CPU time; {MANY} packets a round, of scapy {FEW};"
        f" {repeat} interleaved rounds"
    )
    goals = sending.goals(times, ONE, "sending a packet", LEAST)
    return Result("send", about, sending.COLUMNS, sending.rows(times), goals)
