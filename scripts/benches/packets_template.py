"""How fast a packet is sent again with another destination and other numbers."""

from scripts.benches import packet_rounds
from scripts.benches.figures import ratios
from scripts.benches.packet_rounds import COLUMNS, Least
from scripts.benches.result import Result, Row

REPEAT = 7
LEAST = Least("dpkt", 20)
KEPT = "fields of a kept packet"
RAWKIT = ("rawkit", "Template")


def measure(repeat: int) -> Result:
    """Patch a packet in turns: destination, identification and sequence number."""
    times = packet_rounds.measure("patch", repeat)
    rows = []
    for row in packet_rounds.rows(times):
        name, _, way = row.tool.partition(", ")
        own = times[name, way]
        figures = dict(row.figures)
        for peer in ("dpkt", "scapy"):
            if (theirs := times.get((peer, KEPT))) is not None:
                figures[f"x {peer}"] = ratios(own, theirs)
        rows.append(Row(row.tool, figures))
    about = (
        "one TCP packet with other destinations, identifications and sequence numbers, CPU time;"
        f" {repeat} interleaved rounds"
    )
    theirs = times.get((LEAST.peer, KEPT))
    goals = packet_rounds.goal("a patched packet", times[RAWKIT], theirs, LEAST)
    return Result("template", about, COLUMNS, tuple(rows), goals)
