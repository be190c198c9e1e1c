"""Measure one library at captures: ``python -m scripts.benches.capture_work JOB LIBRARY FILE``.

It prints the seconds of CPU time and how many packets there were. ``JOB`` is ``read``, or
``filter``: which of the packets, read before, are TCP from or to a port of a host.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from rawkit.capture.reader import read_capture
from rawkit.filters.filter import Filter

HOST, PORT = "192.0.2.7", 80
EXPRESSION = f"tcp port {PORT} and host {HOST}"
ADDRESS = bytes(map(int, HOST.split(".")))


def read_by_rawkit(path: str) -> Iterable[object]:
    """Read with rawkit."""
    return read_capture(path)


def read_by_dpkt(path: str) -> Iterator[object]:
    """Read with dpkt, which has a reader for each format."""
    dpkt: Any = import_module("dpkt")
    kind = dpkt.pcapng if path.endswith("ng") else dpkt.pcap
    with Path(path).open("rb") as file:
        yield from kind.Reader(file)


def read_by_scapy(path: str) -> Iterator[object]:
    """Read with scapy, octets only."""
    with import_module("scapy.utils").RawPcapReader(path) as packets:
        yield from packets


def read_by_pypacker(path: str) -> Iterator[object]:
    """Read with pypacker, which knows pcap."""
    with import_module("pypacker.ppcap").Reader(filename=path) as packets:
        yield from packets


def filter_by_rawkit() -> Callable[[bytes], object]:
    """Choose with a filter."""
    return Filter.compile(EXPRESSION).matches


def filter_by_dpkt() -> Callable[[bytes], object]:
    """Choose by looking at what dpkt has read."""
    dpkt: Any = import_module("dpkt")
    ethernet, ipv4, tcp = dpkt.ethernet.Ethernet, dpkt.ip.IP, dpkt.tcp.TCP

    def chosen(octets: bytes) -> bool:
        ip = ethernet(octets).data
        if not isinstance(ip, ipv4) or ADDRESS not in (ip.src, ip.dst):
            return False
        return isinstance(ip.data, tcp) and PORT in (ip.data.sport, ip.data.dport)

    return chosen


def filter_by_scapy() -> Callable[[bytes], object]:
    """Choose by looking at what scapy has read."""
    ether = import_module("scapy.layers.l2").Ether
    inet = import_module("scapy.layers.inet")

    def chosen(octets: bytes) -> bool:
        packet = ether(octets)
        if inet.TCP not in packet or inet.IP not in packet:
            return False
        ip, tcp = packet[inet.IP], packet[inet.TCP]
        return HOST in (ip.src, ip.dst) and PORT in (tcp.sport, tcp.dport)

    return chosen


def filter_by_pypacker() -> Callable[[bytes], object]:
    """Choose by looking at what pypacker has read."""
    ether = import_module("pypacker.layer12.ethernet").Ethernet
    ipv4 = import_module("pypacker.layer3.ip").IP
    segment = import_module("pypacker.layer4.tcp").TCP

    def chosen(octets: bytes) -> bool:
        packet = ether(octets)
        ip, tcp = packet[ipv4], packet[segment]
        if ip is None or tcp is None or ADDRESS not in (ip.src, ip.dst):
            return False
        return PORT in (tcp.sport, tcp.dport)

    return chosen


def main(job: str, library: str, path: str) -> None:
    """Do it, and print what it took."""
    if job == "read":
        packets = globals()[f"read_by_{library}"]
        began = time.process_time()
        count = sum(1 for _ in packets(path))
    else:
        octets = [captured.octets for captured in read_capture(path)]
        chosen = globals()[f"filter_by_{library}"]()
        began = time.process_time()
        count = sum(1 for one in octets if chosen(one))
    print(time.process_time() - began, count)


if __name__ == "__main__":
    main(*sys.argv[1:])
