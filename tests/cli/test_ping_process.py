"""``rawkit ping`` as a process: signals, pipes, privileges, and what goes wrong around it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rawkit.lab import Lab, Node
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit", "ping")
Factory = Callable[..., Lab]


class Running:
    """A ping that runs in a node, and what it has said so far."""

    def __init__(self, node: Node, *words: str, before: Sequence[str] = ()) -> None:
        self.process = node.popen(
            (*before, *RAWKIT, *words),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_for(self, words: str) -> str:
        """Read lines up to one with these words."""
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if words in line:
                return text
        raise AssertionError(f"it ended without {words!r}: {text}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self) -> tuple[int, str, str]:
        """Return the exit code, and the rest of what it says."""
        with self.process as process:
            out, err = process.communicate(timeout=20)
            return process.returncode, out, err


def finished(node: Node, *words: str, before: Sequence[str] = ()) -> tuple[int, str, str]:
    return Running(node, *words, before=before).finish()


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_control_c_ends_it_with_the_summary(pair: Factory) -> None:
    net = pair()
    ping = Running(net.first, "-i", "50ms", str(net.last.ipv4))

    ping.wait_for("icmp_seq=2 ")
    ping.signal(signal.SIGINT)
    code, out, err = ping.finish()

    assert (code, err) == (0, "")
    assert re.search(r"\n--- \S+ ping statistics ---\n\d+ packets transmitted, \d+ received", out)
    assert re.search(r"\nrtt min/avg/max/mdev = \S+ ms\n\Z", out)


def test_control_c_where_nobody_answers_is_exit_code_1(pair: Factory) -> None:
    net = pair()
    net.last.sysctl("net.ipv4.icmp_echo_ignore_all", 1)
    ping = Running(net.first, str(net.last.ipv4))

    ping.wait_for("PING ")
    ping.signal(signal.SIGINT)
    code, out, err = ping.finish()

    assert (code, err) == (1, "")
    assert "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n\n" in out


@pytest.mark.parametrize("options", [["-f"], ["-A", "-q"], ["-f", "-q"], ["-f", "--json", "-q"]])
def test_control_c_ends_a_flood(pair: Factory, options: list[str]) -> None:
    net = pair()
    ping = Running(net.first, *options, str(net.last.ipv4))

    time.sleep(0.5)
    ping.signal(signal.SIGINT)
    code, out, err = ping.finish()

    assert (code, err) == (0, "")
    if "--json" in options:
        (summary,) = objects(out)
        sent, replied = summary["sent"], summary["replied"]
    else:
        sent, replied = re.findall(r"(\d+) packets transmitted, (\d+) received", out)[0]
    assert int(str(sent)) > 100
    assert int(str(sent)) - int(str(replied)) in (0, 1)  # the last may be under way


def test_a_flood_leaves_a_dot_for_each_request_without_answer(pair: Factory) -> None:
    net = pair()
    net.last.sysctl("net.ipv4.icmp_echo_ignore_all", 1)

    _, out, _ = finished(net.first, "-f", "-c", "5", "-W", "50ms", str(net.last.ipv4))

    assert "\n.....\n--- " in out


def test_control_backslash_says_a_line_and_goes_on(pair: Factory) -> None:
    net = pair()
    ping = Running(net.first, "-i", "0.1", "-c", "8", str(net.last.ipv4))

    ping.wait_for("icmp_seq=2 ")
    ping.signal(signal.SIGQUIT)
    code, out, err = ping.finish()

    assert code == 0
    assert re.fullmatch(r"\n\d/\d packets, \d+% loss, min/avg/ewma/max = \S+/\S+/\S+/\S+ ms\n", err)
    assert "8 packets transmitted, 8 received" in out


def test_nobody_reads_any_more_and_it_ends_without_a_word(pair: Factory) -> None:
    net = pair()
    ping = Running(net.first, "-i", "50ms", str(net.last.ipv4))

    ping.wait_for("icmp_seq=1 ")
    assert ping.process.stdout is not None
    ping.process.stdout.close()
    with ping.process as process:
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_a_full_disk_is_one_line_and_exit_code_2(pair: Factory) -> None:
    net = pair()
    shell = ("sh", "-c", 'exec "$@" > /dev/full', "sh")

    code, _, err = finished(net.first, "-c1", str(net.last.ipv4), before=shell)

    assert (code, err) == (2, "rawkit ping: write error: No space left on device\n")


def test_a_closed_stdout_does_not_hurt(pair: Factory) -> None:
    net = pair()
    shell = ("sh", "-c", 'exec "$@" >&-', "sh")

    assert finished(net.first, "-c1", str(net.last.ipv4), before=shell) == (0, "", "")


CLOSED = r"net\.ipv4\.ping_group_range (is 1 0|holds no group of this user namespace)"
"""As root of the machine, and as root of a user namespace."""


def test_without_any_privilege_it_says_what_is_missing_and_the_ways_out(pair: Factory) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv(1) here to lose privileges with")
    net = pair(sysctls={"net.ipv4.ping_group_range": "1 0"})
    unprivileged = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")

    code, out, err = finished(net.first, "-c1", str(net.last.ipv4), before=unprivileged)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert re.search(CLOSED, err)
    assert "CAP_NET_RAW" in err
    assert "try: " in err


def test_an_interface_that_goes_is_told_of_and_not_fatal(pair: Factory) -> None:
    net = pair()
    ping = Running(net.first, "-i", "0.1", "-c", "6", "-W", "0.2", str(net.last.ipv4))

    ping.wait_for("icmp_seq=2 ")
    net.first.run(os.system, f"ip link set {net.first.interfaces[0].name} down")
    code, out, err = ping.finish()

    assert code == 0
    assert set(err.splitlines()) == {"rawkit ping: sendmsg: Network is unreachable"}
    assert re.search(r"6 packets transmitted, [2-5] received, [\d.]+% packet loss", out)


def test_verbose_says_which_socket_and_why(pair: Factory) -> None:
    net = pair(sysctls={"net.ipv4.ping_group_range": "1 0"})

    code, out, err = finished(net.first, "-v", "-c1", str(net.last.ipv4))

    assert code == 0
    assert re.fullmatch(rf"rawkit ping: raw socket: {CLOSED}.*\n", err)
    assert re.search(r"icmp_seq=1 ident=\d+ ttl=64 time=", out)


def test_several_hosts_are_asked_together(pair: Factory) -> None:
    net = pair()
    v4, v6 = str(net.last.ipv4), str(net.last.ipv6)

    code, out, err = finished(net.first, "-c2", "-i", "0.1", v4, v6)

    assert (code, err) == (0, "")
    lines = out.splitlines()
    for host in (v4, v6):
        assert (
            sum(line.startswith(f"{host}: 64 bytes from {host}: icmp_seq=") for line in lines) == 2
        )
        assert f"--- {host} ping statistics ---" in lines
    assert out.count("2 packets transmitted, 2 received, 0% packet loss") == 2


def test_of_several_hosts_all_must_answer(pair: Factory) -> None:
    net = pair()
    net.last.sysctl("net.ipv4.icmp_echo_ignore_all", 1)

    code, out, _ = finished(
        net.first, "-c1", "-W", "0.2", "--json", str(net.last.ipv4), str(net.last.ipv6)
    )

    alive = {found["host"]: found["alive"] for found in objects(out) if found["type"] == "summary"}
    assert alive == {str(net.last.ipv4): False, str(net.last.ipv6): True}
    assert code == 1


def test_an_unknown_host_does_not_keep_the_others_from_being_asked(pair: Factory) -> None:
    net = pair()

    code, out, err = finished(net.first, "-c1", str(net.last.ipv4), "no such.host")

    assert code == 2
    assert "1 packets transmitted, 1 received" in out
    assert err == "rawkit ping: 'no such.host': not a host name\n"


def test_a_network_is_taken_apart(pair: Factory) -> None:
    net = pair()
    network = net.first.interfaces[0].ipv4.network
    wide = f"{net.first.ipv4}-{net.last.ipv4}"

    code, out, _ = finished(net.first, "-c1", "-q", wide)

    assert code == 0
    assert {str(net.first.ipv4), str(net.last.ipv4)} <= set(re.findall(r"--- (\S+) ping", out))
    assert network.prefixlen < 32


def test_json_tells_all_and_only_objects(pair: Factory) -> None:
    net = pair()

    code, out, err = finished(net.first, "-c2", "-i", "0.1", "--json", str(net.last.ipv6))

    reply, _, summary = objects(out)
    assert (code, err) == (0, "")
    assert (reply["type"], reply["sequence"], reply["sent_by"]) == ("reply", 1, "kernel")
    assert isinstance(reply["time"], float)
    assert abs(reply["time"] - time.time()) < 10
    assert (summary["sent"], summary["replied"], summary["loss"]) == (2, 2, 0.0)


def test_a_capture_can_be_read_by_others(pair: Factory, tmp_path: Path) -> None:
    scapy = pytest.importorskip("scapy.utils")
    net = pair()
    file = tmp_path / "ping.pcap"

    code, _, _ = finished(net.first, "-c2", "-i", "0.1", "--pcap", str(file), str(net.last.ipv4))

    with scapy.RawPcapReader(str(file)) as reader:
        kinds = [octets[20] for octets, _ in reader]
    assert (code, kinds) == (0, [8, 0, 8, 0])


def test_in_a_capture_of_several_hosts_requests_bear_the_source_the_kernel_gave_them(
    pair: Factory, tmp_path: Path
) -> None:
    scapy = pytest.importorskip("scapy.utils")
    net = pair()
    file = tmp_path / "ping.pcap"
    hosts = [str(address) for address in (net.last.ipv4, net.last.ipv6)]

    code, _, _ = finished(net.first, "-c1", "--pcap", str(file), *hosts)

    with scapy.RawPcapReader(str(file)) as reader:
        packets = [dissect_ip(octets).headers for octets, _ in reader]
    ways = {(str(ip.src), str(ip.dst)) for ip, *_ in packets if isinstance(ip, IPv4 | IPv6)}
    ours = [str(address) for address in (net.first.ipv4, net.first.ipv6)]
    assert (code, ways) == (0, {*zip(ours, hosts, strict=True), *zip(hosts, ours, strict=True)})


def test_a_capture_that_cannot_be_written_is_refused_at_once(pair: Factory) -> None:
    net = pair()

    code, out, err = finished(net.first, "-c1", "--pcap", "/nowhere/x", str(net.last.ipv4))

    assert (code, out) == (2, "")
    assert err == "rawkit ping: cannot write packets to '/nowhere/x': No such file or directory\n"


def test_a_capture_does_not_go_where_the_text_goes(pair: Factory) -> None:
    net = pair()

    code, out, err = finished(net.first, "-c1", "--pcap", "-", str(net.last.ipv4))

    assert (code, out) == (2, "")
    assert err == "rawkit ping: stdout is for the text: --pcap FILE, or --pcap >(tcpdump -r -)\n"


def test_a_capture_on_a_full_disk_is_told_of(pair: Factory) -> None:
    net = pair()

    code, out, err = finished(net.first, "-c1", "--pcap", "/dev/full", str(net.last.ipv4))

    assert (code, err) == (2, "rawkit ping: /dev/full: No space left on device\n")
    assert "ping statistics" in out


def test_with_a_deadline_an_icmp_error_ends_it_unless_told_not_to(line: Factory) -> None:
    net = line(hops=1, sysctls={"net.ipv4.icmp_ratelimit": 0})
    (router,) = net.routers
    router.run(os.system, "ip route add unreachable 198.51.100.0/24")

    code, out, _ = finished(net.first, "-w", "1", "-i", "0.4", "198.51.100.1")
    assert (code, out.count("Destination Host Unreachable")) == (1, 1)

    code, out, _ = finished(net.first, "-w", "1", "-i", "0.4", "--ignore-errors", "198.51.100.1")
    assert (code, out.count("Destination Host Unreachable")) == (1, 3)


def test_user_times_are_longer_than_those_of_the_kernel(pair: Factory) -> None:
    net = pair()

    def least(*options: str) -> float:
        words = ("-c5", "-i", "20ms", "-q", "--json", *options, str(net.last.ipv4))
        (summary,) = objects(finished(net.first, *words)[1])
        assert isinstance(summary["rtts"], dict)
        return float(summary["rtts"]["min"])

    assert least("-U") > least()


def test_a_plain_ping_loads_nothing_that_it_does_not_need(pair: Factory) -> None:
    net = pair()
    script = (
        "import sys; from rawkit.cli.main import main\n"
        "main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)\n"
    )
    heavy = {
        *("argparse", "asyncio", "dataclasses", "hashlib", "inspect", "json", "logging"),
        *("netaddr", "numpy", "pathlib", "pyroute2", "queue", "random", "scapy"),
        *("statistics", "subprocess", "tempfile", "rawkit.wire.icmpv6"),
        *("rawkit.lab", "rawkit.cli.lab", "rawkit.cli.ping_json", "rawkit.cli.ping_help"),
    }

    with net.first.popen(
        (sys.executable, "-c", script, "ping", "-c1", str(net.last.ipv4)),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        out, err = process.communicate(timeout=20)

    assert "1 received" in out
    assert set(err.split()) & heavy == set()
