"""How long it takes to find out whether a packet is one that is looked for."""

from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.benches.capture_work import EXPRESSION
from scripts.benches.capturing import Contender, rows, turns, write_captures
from scripts.benches.figures import ratios
from scripts.benches.result import Column, Goal, Result

REPEAT = 5
PACKETS = 20_000
BASE = "dpkt"
NOTE = "reads the packet, and looks"
COLUMNS = (Column("CPU", "us a packet", 2), Column(f"x {BASE}", "", 3))


def measure(repeat: int) -> Result:
    """Have the libraries take turns at the same packets."""
    with TemporaryDirectory() as folder:
        path = write_captures(Path(folder), PACKETS)["pcap"]
        contenders = [
            Contender("rawkit", "rawkit", path, "runs the filter's program"),
            *(Contender(library, library, path, NOTE) for library in ("dpkt", "pypacker", "scapy")),
        ]
        seconds, counts = turns("filter", contenders, repeat)
    goals: tuple[Goal, ...] = ()
    if BASE in seconds:
        value = ratios(seconds["rawkit"], seconds[BASE]).median
        goals = (Goal("rawkit's time, times dpkt's", value, 1.0, 3),)
    chosen = counts["rawkit"]
    about = f"'{EXPRESSION}', {chosen} of {PACKETS} Ethernet frames; {repeat} rounds"
    return Result("filter", about, COLUMNS, rows(contenders, seconds, PACKETS, BASE), goals)
