"""``rawkit replay`` in nodes of a lab: what it sends, how it ends, what it leaves behind."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.capture.reader import read_capture
from rawkit.lab import Lab
from rawkit.wire.link_types import LinkType
from tests.cli.decoded import written
from tests.cli.resolve_runs import PATIENT, Running, objects
from tests.netns.capture import Capture
from tests.netns.test_replay import FRAMES, MARK

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit", "replay")
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", *RAWKIT)
LATE = re.compile(
    r"late by \d+\.\d{3} ms in the median, \d+\.\d{3} ms for 99 %, [\d.]+ ms at worst\n"
)
PLAIN = FRAMES[0]
MILLISECOND = 10**6


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


def file_of(path: Path, count: int, apart: int) -> str:
    frames = [PLAIN] * count
    return str(written(path / "x.pcapng", frames, link_type=LinkType.ETHERNET, step=apart))


def test_a_capture_is_sent_and_what_was_sent_is_written(net: Lab, tmp_path: Path) -> None:
    out_file = str(tmp_path / "out.pcap")
    words = ("-i", "eth0", "-v", "-w", out_file, file_of(tmp_path, 2, MILLISECOND))
    with Capture(net.last, "eth0") as capture:
        code, out, err = Running(net.first, *words, before=RAWKIT).finish()
        found = capture.until(lambda frame: MARK in frame.octets, 2)

    line = "IP 10.1.0.1.9 > 10.1.0.2.9999: UDP, length 8"
    assert (code, err, [one.octets for one in found]) == (0, "", [bytes(PLAIN)] * 2)
    lines = f"    1  +0.000000 {line}\n    2  +0.001000 {line}\n"
    assert out.startswith(f"{lines}2 packets sent over eth0, 100 octets in ")
    assert LATE.search(out)
    with read_capture(tmp_path / "out.pcap") as written_down:
        assert [one.octets for one in written_down] == [bytes(PLAIN)] * 2


@pytest.mark.parametrize("options", [("-q",), (), ("--json",)], ids=" ".join)
def test_ctrl_c_ends_it_with_what_was_sent(
    net: Lab, tmp_path: Path, options: tuple[str, ...]
) -> None:
    path = file_of(tmp_path, 1000, 20 * MILLISECOND)
    with Capture(net.last, "eth0") as capture:
        running = Running(net.first, *options, "-i", "eth0", path, before=RAWKIT)
        assert len(capture.until(lambda frame: MARK in frame.octets, 3, PATIENT)) == 3
    running.signal(signal.SIGINT)
    code, out, err = running.finish()

    assert (code, err) == (1, "")
    if options == ("--json",):
        assert 3 <= objects(out)[-1]["packets_sent"] < 1000
    elif options == ("-q",):
        assert out == ""
    else:
        sent = re.match(r"(\d+) packets sent over eth0, ", out)
        assert sent
        assert 3 <= int(sent[1]) < 1000


def test_nobody_reading_is_no_trouble(net: Lab, tmp_path: Path) -> None:
    path = file_of(tmp_path, 100, MILLISECOND)
    with net.first.popen(
        (*RAWKIT, "-v", "-i", "eth0", path),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert (process.returncode, said) == (141, b"")


def test_what_the_kernel_refuses_is_told_in_words(net: Lab, tmp_path: Path) -> None:
    long = written(
        tmp_path / "x.pcap", [PLAIN / bytes(1500), PLAIN], link_type=LinkType.ETHERNET
    )  # of 1550 octets

    code, out, err = Running(
        net.first, "-i", "eth0", "--mtu", "2000", str(long), before=RAWKIT
    ).finish()

    assert (code, out) == (
        1, "1 packet sent over eth0, 50 octets\n2 packets read, 2 chosen\n"
    )  # fmt: skip
    assert err.startswith("rawkit replay: 1 packet refused: ")
    assert "1550 octets for an MTU of 1500" in err


def test_without_the_privilege_it_says_so_in_one_line(tmp_path: Path, net: Lab) -> None:
    octets = Path(file_of(tmp_path, 1, 0)).read_bytes()
    pipe = subprocess.PIPE
    with net.first.popen(
        (*POWERLESS, "-i", "eth0", "-"), stdin=pipe, stdout=pipe, stderr=pipe
    ) as one:
        out, err = (told.decode() for told in one.communicate(octets, timeout=60))
        code = one.returncode

    assert (code, out) == (2, "")
    assert err.startswith("rawkit replay: cannot open a packet socket: CAP_NET_RAW is not even")
    assert err.count("\n") == 1


def test_a_rate_is_kept(net: Lab, tmp_path: Path) -> None:
    path = file_of(tmp_path, 20, 0)

    code, out, _ = Running(net.first, "-i", "eth0", "-p", "100", "-j", path, before=RAWKIT).finish()

    assert code == 0
    assert objects(out)[0]["elapsed"] >= 0.19
