"""``rawkit resolve`` as a process: signals, pipes, privileges, and what goes wrong around it."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from rawkit.lab import Lab, Node
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ndp import RouterAdvertisement
from rawkit.wire.ndp_options import Other
from rawkit.wire.packet import Packet
from tests.cli.resolve_runs import RAWKIT, Running, finished, objects
from tests.netns.link_host import LinkHost
from tests.netns.link_says import router

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
ENDINGS = [signal.SIGINT, signal.SIGQUIT, signal.SIGTERM]
"""All of them end arping(8) with its summary."""


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda one: one.name)
def test_a_signal_ends_it_with_the_summary(ending: signal.Signals, pair: LabFactory) -> None:
    net = pair()
    running = Running(net.first, "-i", "60", str(net.last.ipv4))

    running.wait_for("Unicast reply")
    running.signal(ending)
    code, out, err = running.finish()

    assert (code, err) == (0, "")
    assert out == "Sent 1 probes (1 broadcast(s))\nReceived 1 response(s)\n"


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda one: one.name)
def test_a_signal_ends_several_with_their_summaries(
    ending: signal.Signals, pair: LabFactory
) -> None:
    net = pair()
    running = Running(net.first, "-i", "60", str(net.last.ipv4), str(net.last.ipv6))

    running.wait_for("Unicast reply from fd00:0:0:1::2")
    running.signal(ending)
    code, out, err = running.finish()

    assert (code, err) == (0, "")
    assert out.splitlines()[-4:] == [
        "10.1.0.2: Sent 1 probes (1 broadcast(s))",
        "10.1.0.2: Received 1 response(s)",
        "fd00:0:0:1::2: Sent 1 probes (1 multicast(s))",
        "fd00:0:0:1::2: Received 1 response(s)",
    ]


def test_control_c_where_nobody_has_answered_is_exit_code_1(pair: LabFactory) -> None:
    net = pair()
    running = Running(net.first, str(net.last.spare().ipv4))

    running.wait_for("ARPING")
    running.signal(signal.SIGINT)
    code, out, err = running.finish()

    assert (code, err) == (1, "")
    assert out.endswith("Received 0 response(s)\n")


def test_control_c_ends_a_watch_with_what_was_heard(pair: LabFactory) -> None:
    net = pair()
    running = Running(net.first, "--watch", "-I", "eth0")
    running.wait_for("WATCHING eth0")

    finished(net.last, f"-c 1 -i 0.1 {net.first.ipv4}")
    running.wait_for("10.1.0.2 is at 02:00:00:00:01:02 (request, new)")
    running.signal(signal.SIGINT)
    code, out, err = running.finish()

    assert (code, err) == (0, "")
    assert out.startswith("Heard 1 message(s) of 1 address(es), 0 change(s), 0 probe(s)\n")


def test_control_c_ends_the_search_for_routers_with_those_found(pair: LabFactory) -> None:
    net = pair()
    with LinkHost(net.last, router):
        running = Running(net.first, "--routers", "-I", "eth0", "--json", "-i", "60")
        found = objects(running.wait_for('"router"'))
        running.signal(signal.SIGINT)
        code, out, err = running.finish()

    (summary,) = objects(out)
    assert found[0]["address"] == "fe80::99"
    assert (code, err, summary["found_routers"]) == (0, "", ["fe80::99"])


@pytest.mark.parametrize("hosts", ["10.1.0.2", "10.1.0.2 fd00:0:0:1::2"])
def test_nobody_reads_any_more_and_it_ends_without_a_word(hosts: str, pair: LabFactory) -> None:
    running = Running(pair().first, "-i", "50ms", *hosts.split())

    running.wait_for("ARPING")
    assert running.process.stdout is not None
    running.process.stdout.close()
    with running.process as process:
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(60) == 141


def test_a_full_disk_is_one_line(pair: LabFactory) -> None:
    net = pair()
    command = (*RAWKIT, "-c1", str(net.last.ipv4))
    with (
        Path("/dev/full").open("wb") as full,
        net.first.popen(command, stdout=full, stderr=subprocess.PIPE, text=True) as process,
    ):
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (
        2, "rawkit resolve: write error: No space left on device\n"
    )  # fmt: skip


# What may not be done


@pytest.mark.parametrize("hosts", ["10.1.0.2", "10.1.0.2 fd00:0:0:1::2"])
def test_without_the_capability_there_is_one_line_with_the_way_out(
    hosts: str, pair: LabFactory
) -> None:
    if (setpriv := shutil.which("setpriv")) is None:
        pytest.skip("no setpriv here")
    powerless = (setpriv, "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")

    code, out, err = finished(pair().first, f"-c1 {hosts}", before=(*powerless, *RAWKIT))

    assert (code, out) == (2, "")
    assert re.fullmatch(
        r"rawkit resolve: cannot open a packet socket: .*CAP_NET_RAW.* \(try: .*\)\n", err
    )


def test_what_is_not_needed_any_more_is_given_up(pair: LabFactory) -> None:
    """Once the socket is open: nothing that is heard meets a capability."""
    net = pair()
    running = Running(net.first, "--watch", "-I", "eth0")

    running.wait_for("WATCHING")
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    held = re.findall(r"^Cap(?:Prm|Eff):\s*(\w+)$", status, re.MULTILINE)
    running.signal(signal.SIGINT)
    running.finish()

    assert held == ["0" * 16] * 2


# What goes wrong on the way


@pytest.mark.parametrize("hosts", ["10.1.0.2", "10.1.0.2 fd00:0:0:1::2"])
def test_an_interface_that_goes_down_is_one_line_each_and_the_summary(
    hosts: str, pair: LabFactory
) -> None:
    net = pair()
    running = Running(net.first, "-i", "50ms", *hosts.split())

    running.wait_for(f"reply from {hosts.split()[-1]}")
    down(net.first)
    code, out, err = running.finish()

    line = "rawkit resolve: eth0 is down: nothing comes or goes there\n"
    assert err == line * len(hosts.split())
    assert "Received " in out.splitlines()[-1]
    assert code == 2


def down(node: Node) -> None:
    with node.popen(["ip", "link", "set", "eth0", "down"]) as setting:
        assert setting.wait() == 0


def test_a_killed_watch_leaves_the_interface_as_it_was(pair: LabFactory) -> None:
    node = pair().first
    running = Running(node, "--watch", "-I", "eth0", "--promiscuous")
    running.wait_for("WATCHING")
    during = promiscuity(node)

    running.process.kill()
    running.finish()

    assert during == "1"
    wait_until(lambda: promiscuity(node) == "0")


def promiscuity(node: Node) -> str:
    with node.popen(["ip", "-d", "link", "show", "eth0"], text=True, stdout=subprocess.PIPE) as ran:
        words = str(ran.communicate()[0]).split()
    return words[words.index("promiscuity") + 1]


def wait_until(is_so: Callable[[], bool], patience: float = 20.0) -> None:
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_damaged_on_the_link_is_not_believed(pair: LabFactory) -> None:
    """Frames cut short, and frames with an octet changed under the old checksum."""
    net = pair()

    def damaged(frame: Packet) -> Iterable[Packet]:
        for right in router(frame):
            octets = bytes(right)
            for end in range(14, len(octets), 3):
                yield raw(octets[:end])
            for place in range(54, len(octets)):
                for wrong in {0, 0xFF} - {octets[place]}:
                    yield raw(octets[:place] + bytes([wrong]) + octets[place + 1 :])

    with LinkHost(net.last, damaged):
        code, out, err = finished(net.first, "--routers -I eth0 -c 1 -i 2")

    assert (code, err) == (1, "")
    assert re.search(r"Received 0 advertisement\(s\) of 0 router\(s\), \d+ ignored\n\Z", out)


def raw(octets: bytes) -> Packet:
    """Return a frame of these very octets."""
    return Ethernet(octets[:6], octets[6:12], int.from_bytes(octets[12:14], "big")) / octets[14:]


@pytest.mark.parametrize("form", ["", "--json"])
def test_hostile_options_do_no_harm(form: str, pair: LabFactory) -> None:
    """Every kind of option, of all lengths, full of what does not belong there."""
    net = pair()
    fills = (b"\0", b"\xff", b"\x1b[2J\n\r", b"\x3f" + b"a" * 63, b"\xc0\x0c", b"\3a\0b")
    options = [
        Other(kind, (fill * 40)[: units * 8 - 2])
        for kind in (*range(40), 138, 253)
        for units in (1, 2, 3, 4)
        for fill in fills
    ]

    def hostile(frame: Packet) -> Iterable[Packet]:
        for right in router(frame):
            for start in range(0, len(options), 20):
                yield right.replace(RouterAdvertisement, options=options[start : start + 20])
            yield right

    with LinkHost(net.last, hostile):
        code, out, err = finished(net.first, f"--routers -I eth0 -c 1 -i 2 {form}")

    assert (code, err) == (0, "")
    assert out.replace("\n", "").isprintable()
    assert "2001:db8::53" in out
