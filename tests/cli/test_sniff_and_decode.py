"""A ping, sniffed to a file, decoded from there, and read by tshark: all say the same."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from rawkit.lab import Lab
from tests.cli.resolve_runs import Running

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit")
COUNT = 5
TIMEVAL = 16
"""Digits of a payload that tshark takes for a time, and not for data."""
FIELDS = {
    "Ethernet.dst": "eth.dst",
    "Ethernet.src": "eth.src",
    "Ethernet.ether_type": "eth.type",
    "IPv4.src": "ip.src",
    "IPv4.dst": "ip.dst",
    "IPv4.protocol": "ip.proto",
    "IPv4.ttl": "ip.ttl",
    "IPv4.dscp": "ip.dsfield.dscp",
    "IPv4.ecn": "ip.dsfield.ecn",
    "IPv4.identification": "ip.id",
    "IPv4.dont_fragment": "ip.flags.df",
    "IPv4.more_fragments": "ip.flags.mf",
    "IPv4.fragment_offset": "ip.frag_offset",
    "IPv4.total_length": "ip.len",
    "IPv4.checksum": "ip.checksum",
    "ICMP.code": "icmp.code",
    "ICMP.identifier": "icmp.ident",
    "ICMP.sequence": "icmp.seq",
    "ICMP.checksum": "icmp.checksum",
    "ICMP.payload": "data.data",
    "interface": "frame.interface_name",
    "length": "frame.len",
    "time": "frame.time_epoch",
    "valid": "icmp.checksum.status",
}
"""Every field that ``decode -v`` shows of an echo, and tshark's name of it."""
ECHOES = {"EchoRequest": "8", "EchoReply": "0"}


def plain(word: str) -> str:
    """Return a value as both have it: numbers in decimal, no names behind them."""
    word = {"True": "1", "False": "0"}.get(word, word.partition(" ")[0])
    try:
        return str(int(word, 0))
    except ValueError:
        return word


def decoded(text: str) -> list[dict[str, str]]:
    """Return the fields of each packet that ``rawkit decode -v`` shows."""
    return [packet_of(block) for block in re.split(r"^(?=\d\d:)", text, flags=re.MULTILINE)[1:]]


def packet_of(block: str) -> dict[str, str]:
    first, facts, *rows = block.splitlines()
    told = re.fullmatch(r" +packet \d+, (\d+) octets, (\w+) \w+, checksum valid", facts)
    assert told, facts
    found = {"time": first.split()[0], "length": told[1], "interface": told[2], "valid": "1"}
    header, payload = "", ""
    for row in rows:
        if row.startswith("      ") and (octets := re.match(r" +[\da-f]{4}  (.{48})", row)):
            payload += octets[1].replace(" ", "")
        elif row.startswith("      "):
            name, _, value = row.strip().partition(" ")
            found[f"{header}.{name}"] = plain(value.strip())
        else:
            header = row.strip()
            if header in ECHOES:
                found["type"], header = ECHOES[header], "ICMP"
    return {**found, "ICMP.payload": payload[TIMEVAL:]}


def told_by_tshark(path: Path) -> list[dict[str, str]]:
    names = ["icmp.type", *FIELDS.values()]
    fields = [word for name in names for word in ("-e", name)]
    command = ["tshark", "-n", "-r", str(path), "-o", "ip.check_checksum:TRUE", "-T", "fields"]
    shown = subprocess.run([*command, *fields], capture_output=True, text=True, check=True).stdout
    packets = []
    for row in shown.splitlines():
        kind, *values = row.split("\t")
        packet = {
            name: value if name == "ICMP.payload" else plain(value)
            for name, value in zip(FIELDS, values, strict=True)
        }
        seconds, _, fraction = packet["time"].partition(".")
        clock = datetime.fromtimestamp(int(seconds)).strftime("%H:%M:%S")
        packets.append({**packet, "type": kind, "time": f"{clock}.{fraction[:6]}"})
    return packets


def test_what_is_sniffed_and_decoded_is_what_tshark_reads(
    pair: Callable[..., Lab], tmp_path: Path
) -> None:
    net = pair()
    path = tmp_path / "x.pcapng"
    sniff = (*RAWKIT, "sniff", "-c", str(COUNT), "icmp", "-w", str(path))
    sniffing = Running(net.first, before=sniff)
    with net.first.popen(
        ["ping", "-q", "-i", "0.1", str(net.last.ipv4)], stdout=subprocess.DEVNULL
    ) as pinging:
        code, _, err = sniffing.finish()
        pinging.terminate()

    text = subprocess.run(
        [*RAWKIT, "decode", "-v", str(path)], capture_output=True, text=True, check=True
    ).stdout
    ours, theirs = decoded(text), told_by_tshark(path)

    assert code == 0, err
    assert len(ours) == COUNT
    assert "".join(packet["type"] for packet in ours) in ("80808", "08080")
    for mine, other in zip(ours, theirs, strict=True):
        mine.pop("IPv4.reserved")
        assert mine == other
