"""How long it takes to read a million packets from a capture file."""

from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.benches.capturing import Contender, rows, turns, write_captures
from scripts.benches.figures import ratios
from scripts.benches.result import Column, Goal, Result

REPEAT = 5
PACKETS = 1_000_000
MOST_TIMES = 1.5
BASE = "dpkt, pcap"
COLUMNS = (Column("CPU", "us a packet", 2), Column(f"x {BASE}", "", 2))


def measure(repeat: int) -> Result:
    """Have the libraries take turns at the same packets in either format."""
    with TemporaryDirectory() as folder:
        files = write_captures(Path(folder), PACKETS)
        contenders = [
            Contender(f"{library}, {kind}", library, path)
            for kind, path in files.items()
            for library in ("rawkit", "dpkt", "scapy", "pypacker")
            if (library, kind) != ("pypacker", "pcapng")  # it has no reader for that
        ]
        seconds, _ = turns("read", contenders, repeat)
    goals = tuple(
        Goal(
            f"rawkit reads {kind}, times dpkt",
            ratios(seconds[f"rawkit, {kind}"], seconds[f"dpkt, {kind}"]).median,
            MOST_TIMES,
        )
        for kind in files
        if f"dpkt, {kind}" in seconds
    )
    about = f"{PACKETS} packets read from a file, all octets, times and lengths; {repeat} rounds"
    return Result("capture", about, COLUMNS, rows(contenders, seconds, PACKETS, BASE), goals)
