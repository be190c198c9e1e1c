"""Other programs read our files, and we read theirs."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from rawkit.capture.blocks import NameRecord, Names
from rawkit.capture.choosing import CaptureFilter
from rawkit.capture.reader import read_capture
from rawkit.capture.writer import CaptureWriter
from rawkit.lab.namespace import Namespace
from rawkit.wire import icmp
from rawkit.wire.address import MAC
from rawkit.wire.cooked import LinuxCooked, LinuxCooked2, Loopback
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from tests.tcpdump import reader

pytestmark = pytest.mark.thorough

HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
HERE6, THERE6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7")
MACS = MAC.parse("02:00:00:00:00:07"), MAC.parse("02:00:00:00:00:01")
TIME = 1_700_000_000_123_456_789
DATAGRAM = IPv4(HERE, THERE) / UDP(40000, 53) / b"hello"
PACKETS = [
    bytes(Ethernet(*MACS) / DATAGRAM),
    bytes(Ethernet(*MACS) / IPv4(HERE, THERE) / icmp.EchoRequest(7, 1) / b"ping"),
    bytes(Ethernet(*MACS) / IPv4(HERE, THERE) / TCP(40000, 80)),
    bytes(Ethernet(*MACS) / IPv6(HERE6, THERE6) / UDP(1, 2)),
]


def run(program: str, *words: object) -> str:
    """Run a tool to its end, and return what it prints."""
    if (found := shutil.which(program)) is None:
        pytest.skip(f"there is no {program} here (apt-get install it)")
    called = reader() if program == "tcpdump" else (found,)
    command = [*called, *map(str, words)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def tshark(path: Path, *fields: str) -> list[list[str]]:
    """Return fields of all packets, as tshark reads them."""
    wanted = [word for field in fields for word in ("-e", field)]
    output = run("tshark", "-r", path, "-T", "fields", "-E", "separator=;", *wanted)
    return [line.split(";") for line in output.splitlines()]


def write_to(path: Path) -> Path:
    with CaptureWriter(path) as writer:
        for number, octets in enumerate(PACKETS):
            writer.write(octets, TIME + number, length=len(octets) + 100 * number)
    return path


@pytest.fixture(params=["x.pcap", "x.pcapng", "x.pcap.gz", "x.pcapng.gz"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_to(tmp_path / request.param)


@pytest.fixture(params=["x.pcap", "x.pcapng"])
def plain(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What tcpdump can read, which does not decompress."""
    return write_to(tmp_path / request.param)


def test_tshark_reads_what_we_write(written: Path) -> None:
    found = tshark(
        written, "frame.time_epoch", "frame.cap_len", "frame.len", "ip.src", "udp.dstport"
    )

    assert found == [
        [
            f"1700000000.{123_456_789 + number}",
            str(len(octets)),
            str(len(octets) + 100 * number),
            "" if number == 3 else "192.0.2.1",
            ["53", "", "", "2"][number],
        ]
        for number, octets in enumerate(PACKETS)
    ]


def test_tcpdump_reads_what_we_write(plain: Path) -> None:
    lines = run("tcpdump", "-n", "-r", plain).splitlines()

    assert [line.split()[1] for line in lines] == ["IP", "IP", "IP", "IP6"]
    assert "192.0.2.1.40000 > 192.0.2.7.53" in lines[0]


def test_capinfos_finds_the_same_file(written: Path) -> None:
    told = run("capinfos", "-M", "-c", "-u", "-E", written)

    assert f"Number of packets:   {len(PACKETS)}" in told
    assert "File encapsulation:  ether" in told


@pytest.mark.parametrize(
    ("link_type", "packet"),
    [
        (LinkType.RAW, DATAGRAM),
        (LinkType.IPV4, DATAGRAM),
        (LinkType.LINUX_SLL, LinuxCooked(4, 1, MACS[0]) / DATAGRAM),
        (LinkType.LINUX_SLL2, LinuxCooked2(4, 1, MACS[0], interface=3) / DATAGRAM),
        (LinkType.NULL, Loopback() / DATAGRAM),
        (LinkType.LOOP, Loopback(big_endian=True) / DATAGRAM),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["x.pcap", "x.pcapng"])
def test_tshark_finds_the_datagram_on_every_link(
    tmp_path: Path, name: str, link_type: int, packet: object
) -> None:
    with CaptureWriter(tmp_path / name, link_type=link_type) as writer:
        writer.write(bytes(packet), TIME)  # type: ignore[call-overload]  # a packet

    assert tshark(tmp_path / name, "ip.dst", "udp.dstport") == [["192.0.2.7", "53"]]


def test_tshark_sees_comments_names_directions_and_losses(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    with CaptureWriter(path, comments=("about the file",)) as writer:
        eth0 = writer.add_interface(1, name="eth0", description="near", filter="udp")
        writer.write(
            PACKETS[0],
            TIME,
            interface=eth0,
            comments=("look",),
            direction=Direction.OUT,
            drop_count=5,
        )
        writer.write_statistics(eth0, TIME, received=10, dropped=3)

    told = run("capinfos", path)
    fields = tshark(path, "frame.comment", "frame.interface_name", "frame.packet_flags_direction")

    assert fields[0][:2] == ["look", "eth0"]
    assert int(fields[0][2], 0) == 2
    assert "about the file" in told
    assert "Name = eth0" in told
    assert "Description = near" in told
    assert "Filter string = udp" in told
    assert "Number of stat entries = 1" in told


@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "pcapng"])
def test_we_read_what_editcap_writes(tmp_path: Path, kind: str) -> None:
    source, target = tmp_path / "x.pcapng", tmp_path / "y"
    with CaptureWriter(source) as writer:
        for number, octets in enumerate(PACKETS):
            writer.write(octets, TIME + number * 1000)

    run("editcap", "-F", kind, "-s", "50", source, target)
    found = list(read_capture(target))

    step = 1000 if kind == "pcap" else 1
    assert [one.octets for one in found] == [octets[:50] for octets in PACKETS]
    assert [one.length for one in found] == [len(octets) for octets in PACKETS]
    assert [one.time_ns for one in found] == [
        (TIME + number * 1000) // step * step for number in range(len(PACKETS))
    ]


def test_we_read_the_comments_that_editcap_writes(tmp_path: Path) -> None:
    source, target = tmp_path / "x.pcap", tmp_path / "y.pcapng"
    with CaptureWriter(source) as writer:
        writer.write(PACKETS[0], TIME)

    run("editcap", "-a", "1:on a packet", "--capture-comment", "on the file", source, target)
    capture = read_capture(target)
    (found,) = capture

    assert found.comments == ("on a packet",)
    assert capture.sections[0].comments == ("on the file",)
    assert "Editcap" in (capture.sections[0].application or "")


def test_we_read_what_mergecap_writes(tmp_path: Path) -> None:
    for name, link_type, octets in (("a", 1, PACKETS[0]), ("b", 101, bytes(DATAGRAM))):
        with CaptureWriter(tmp_path / name, format="pcap", link_type=link_type) as writer:
            writer.write(octets, TIME)

    run("mergecap", "-w", tmp_path / "c", tmp_path / "a", tmp_path / "b")
    capture = read_capture(tmp_path / "c")
    found = list(capture)

    assert sorted(one.interface.link_type for one in found) == [1, 101]
    assert all(one.dissect()[UDP].dst_port == 53 for one in found)
    assert len(capture.interfaces) == 2


def test_we_read_what_text2pcap_writes(tmp_path: Path) -> None:
    text = tmp_path / "x.txt"
    text.write_text("000000 " + " ".join(f"{octet:02x}" for octet in PACKETS[1]) + "\n")

    run("text2pcap", "-q", text, tmp_path / "x.pcapng")

    assert [one.octets for one in read_capture(tmp_path / "x.pcapng")] == [PACKETS[1]]


def test_what_another_program_wrote_is_written_again_octet_for_octet(tmp_path: Path) -> None:
    source, target, copy = (tmp_path / name for name in ("x.pcap", "y.pcapng", "z.pcapng"))
    with CaptureWriter(source) as writer:
        for octets in PACKETS:
            writer.write(octets, TIME)
    run("editcap", "-a", "2:look", "--inject-secrets", "tls,/dev/null", source, target)

    with CaptureWriter(copy) as writer:
        for block in read_capture(target).blocks():
            writer.add(block)

    assert copy.read_bytes() == target.read_bytes()


@pytest.mark.parametrize(
    "expression", ["udp", "icmp or tcp port 80", "ip6", "host 192.0.2.7", "less 43"]
)
def test_a_filter_chooses_what_tcpdump_chooses(plain: Path, expression: str) -> None:
    chosen = CaptureFilter(expression)

    count = sum(map(chosen, read_capture(plain)))

    assert count == len(run("tcpdump", "-n", "-r", plain, expression).splitlines())


@pytest.fixture
def host() -> Iterator[Namespace]:
    with Namespace("host") as host, host.popen(["ip", "link", "set", "lo", "up"]) as setting:
        assert setting.wait() == 0
        yield host


@pytest.mark.netns
@pytest.mark.parametrize("program", ["dumpcap", "tcpdump", "tshark"])
def test_we_read_what_is_captured_by(host: Namespace, tmp_path: Path, program: str) -> None:
    if (found := shutil.which(program)) is None:
        pytest.skip(f"there is no {program} here (apt-get install it)")
    path = tmp_path / "x"
    path.touch()
    path.chmod(0o666)
    tmp_path.chmod(0o777)
    how = {
        "dumpcap": ["-q", "-i", "lo", "-c", "4", "-w"],
        "tcpdump": ["-i", "any", "-c", "4", "-Z", "root", "-w"],
        "tshark": ["-q", "-i", "lo", "-c", "4", "-w"],
    }
    command = [found, *how[program], str(path)]
    with host.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as capturing:
        deadline = time.monotonic() + 60
        while capturing.poll() is None and time.monotonic() < deadline:
            with host.popen(
                ["ping", "-c", "1", "-W", "1", "127.0.0.1"], stdout=subprocess.DEVNULL
            ) as ping:
                ping.wait()
        if capturing.wait(timeout=10):
            assert capturing.stdout is not None
            pytest.skip(f"{program} cannot capture here: {capturing.stdout.read()!r}")
    capture = read_capture(path)
    packets = list(capture)

    assert capture.error is None
    assert len(packets) == 4
    assert all(
        icmp.EchoRequest in one.dissect() or icmp.EchoReply in one.dissect() for one in packets
    )
    assert packets[0].time is not None
    assert abs(packets[0].time - time.time()) < 600
    if program != "tcpdump":
        assert [one.name for one in capture.interfaces] == ["lo"]
        (told,) = capture.statistics.values()
        assert told.received is not None
        assert told.dropped == 0


def test_tshark_finds_the_names_that_we_write(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    with CaptureWriter(path) as writer:
        writer.add(Names((NameRecord(1, THERE.packed, ("server.example",)),)))
        writer.write(PACKETS[0], TIME)

    output = run("tshark", "-r", path, "-N", "n", "-T", "json", "-e", "ip.dst_host")

    assert json.loads(output)[0]["_source"]["layers"]["ip.dst_host"] == ["server.example"]


def test_a_packet_that_was_copied_is_what_it_was(written: Path, tmp_path: Path) -> None:
    first = [(one.octets, one.time_ns, one.length) for one in read_capture(written)]
    with CaptureWriter(tmp_path / "copy.pcapng") as writer:
        for one in read_capture(written):
            writer.add(one)

    found = read_capture(tmp_path / "copy.pcapng")

    assert [(one.octets, one.time_ns, one.length) for one in found] == first
