"""How fast octets are summed up (RFC 1071)."""

from scripts.benches import packet_rounds
from scripts.benches.figures import spread
from scripts.benches.packet_rounds import LIBRARIES, Times
from scripts.benches.packet_work import SIZES
from scripts.benches.result import Column, Result, Row

REPEAT = 7
COLUMNS = tuple(Column(f"{size} octets", "ns", 0) for size in SIZES)


def measure(repeat: int) -> Result:
    """Sum up octets of several sizes in turns."""
    times = packet_rounds.measure("checksum", repeat)
    about = f"the Internet checksum, CPU time; {repeat} interleaved rounds"
    rows = tuple(_row(name, times) for name in LIBRARIES if (name, str(SIZES[0])) in times)
    return Result("checksum", about, COLUMNS, rows, ())


def _row(name: str, times: Times) -> Row:
    return Row(name, {f"{size} octets": spread(times[name, str(size)]) for size in SIZES})
