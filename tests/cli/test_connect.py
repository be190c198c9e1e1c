"""``rawkit connect``, to the letter."""

import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rawkit.cli.main import main
from tests.posix import peers

Captured = pytest.CaptureFixture[str]
RAWKIT = (sys.executable, "-m", "rawkit", "connect")
PATIENCE = 30
VARYING = re.compile(r"\d+\.\d{3}(?= m?s)|(?<=from tcp4:127.0.0.1:)\d+")
LISTENS = (
    "connection refused (ECONNREFUSED): nobody listens at that port: the other host answered with"
    " RST, or somebody on the way with an ICMP error (try: ss -lnt over there; is it the right"
    " port, and the right address?)"
)

pytestmark = pytest.mark.netns


def run(*words: str, given: bytes = b"") -> tuple[int, bytes, str]:
    """Run the command with this input; times and ports become ``#`` in what it says."""
    done = subprocess.run(
        [*RAWKIT, *words], input=given, capture_output=True, timeout=PATIENCE, check=False
    )
    return done.returncode, done.stdout, VARYING.sub("#", done.stderr.decode())


def objects(*words: str, given: bytes = b"") -> list[dict[str, object]]:
    """Run it with ``--json``, and return the objects without what differs from run to run."""
    _, out, _ = run("--json", *words, given=given)
    found = [json.loads(line) for line in out.splitlines()]
    for one in found:
        assert (one.pop("schema"), one.pop("command")) == ("rawkit/1", "connect")
        assert one.pop("address") is None
        for name in ("took", "lasted"):
            assert one.pop(name, 1.0) >= 0
    return found


def test_input_goes_there_and_what_comes_goes_to_the_output() -> None:
    octets = bytes(range(256)) * 2000
    with peers.server("tcp:127.0.0.1:0") as there:
        assert run(there, given=octets) == (0, octets, "")


@pytest.mark.parametrize(
    "where", ["tcp6:[::1]:0", "unix:@rawkit-cli", "unix-seqpacket:@rawkit-cli"]
)
def test_every_kind_of_connection_is_ended_half_by_half(where: str) -> None:
    with peers.server(where) as there:
        assert run(there, given=b"hello\n") == (0, b"hello\n", "")


@pytest.mark.parametrize("where", ["udp:127.0.0.1:0", "unix-dgram:@rawkit-cli"])
def test_a_line_is_a_datagram_and_the_answers_are_lines(where: str) -> None:
    with peers.datagram_echo(where) as there:
        assert run("--lines", "-i", "300ms", there, given=b"a\n\nbb") == (0, b"a\n\nbb\n", "")


def test_a_socket_that_was_inherited_is_used() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [*RAWKIT, f"fd:{ours.fileno()}"], pass_fds=[ours.fileno()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        ours.close()
        theirs.sendall(b"hello")
        theirs.shutdown(socket.SHUT_WR)
        out, _ = process.communicate(b"there", timeout=PATIENCE)

        assert (process.returncode, out, theirs.recv(10)) == (0, b"hello", b"there")


def test_what_happens_is_told_on_stderr() -> None:
    with peers.server("tcp:127.0.0.1:0") as there:
        numeric = there.replace("tcp:", "tcp4:")
        assert run("-v", there, given=b"hello\n") == (
            0,
            b"hello\n",
            f"rawkit connect: trying {numeric}\n"
            f"rawkit connect: connected to {numeric} from tcp4:127.0.0.1:# (after # ms)\n"
            "rawkit connect: the other side has ended; 6 octets sent, 6 octets received in # s\n",
        )


def test_a_refusal_is_a_line_and_exit_code_1() -> None:
    said = f"rawkit connect: tcp4:127.0.0.1:9: RST came back: {LISTENS}\n"

    assert run("tcp:127.0.0.1:9") == (1, b"", said)


def test_silence_is_a_line_and_exit_code_1() -> None:
    with peers.full_queue("tcp:127.0.0.1:0") as there:
        code, out, err = run("-w", "200ms", there)

    assert (code, out) == (1, b"")
    assert re.match(r"rawkit connect: tcp4:\S+: nothing came back in 0\.2 s, to \d SYNs?:", err)
    assert err.count("\n") == 1


def test_a_closed_port_of_udp_is_told_by_icmp() -> None:
    code, out, err = run("udp:127.0.0.1:9", given=b"x")

    assert (code, out) == (1, b"")
    assert err == (
        "rawkit connect: udp4:127.0.0.1:9: ICMP 3/3 (Destination Port Unreachable) from this host"
        " itself came back: connection refused (ECONNREFUSED): a datagram that was sent met a"
        " closed port: ICMP says so (try: is the server there? Later datagrams may get through)\n"
    )


def test_datagrams_that_nobody_answers_are_exit_code_1() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        where = f"udp4:127.0.0.1:{silent.getsockname()[1]}"

        assert run("-i", "200ms", where, given=b"x") == (
            1, b"", f"rawkit connect: {where}: no answer in 0.2 s\n",
        )  # fmt: skip


def test_a_datagram_that_is_too_long_is_our_own_mistake() -> None:
    with peers.datagram_echo("udp:127.0.0.1:0") as there:
        code, _, err = run("--lines", there, given=bytes(70_000))

    assert code == 2
    assert "nothing was sent: message too long (EMSGSIZE)" in err


def test_a_reset_keeps_what_came_and_is_exit_code_1() -> None:
    with peers.server("tcp:127.0.0.1:0", peers.reset) as there:
        code, _, err = run(there, given=b"x")

    assert code == 1
    assert "RST came back: connection reset by peer (ECONNRESET)" in err
    assert err.count("\n") == 1


def test_rst_ends_a_connection_by_force_when_all_was_taken() -> None:
    heard: list[bytes] = []
    with peers.server("tcp:127.0.0.1:0", peers.collect(heard)) as there:
        assert run("--rst", there, given=b"hello") == (0, b"", "")

    assert heard in ([b"helloConnectionResetError"], [b"ConnectionResetError"])


def test_hold_stays_when_the_input_has_ended() -> None:
    heard: list[bytes] = []
    with peers.server("tcp:127.0.0.1:0", peers.collect(heard)) as there:
        assert run("--hold", "-i", "300ms", there, given=b"x") == (
            1, b"", f"rawkit connect: {there.replace('tcp:', 'tcp4:')}: no answer in 0.3 s\n",
        )  # fmt: skip

    assert heard == [b"x"]


def test_what_was_expected_ends_it_with_exit_code_0() -> None:
    with peers.server("tcp:127.0.0.1:0") as there:
        assert run("--hold", "-e", "l+o", there, given=b"hello\n") == (0, b"hello\n", "")
        numeric = there.replace("tcp:", "tcp4:")
        assert run("--expect", "y", there, given=b"x") == (
            1, b"x", f"rawkit connect: {numeric}: 'y' has not come: the other side has ended\n",
        )  # fmt: skip


def test_connect_only_sends_nothing() -> None:
    heard: list[bytes] = []
    with peers.server("tcp:127.0.0.1:0", peers.collect(heard)) as there:
        assert run("-z", there, given=b"x") == (0, b"", "")

    assert heard == [b""]


def test_it_can_come_from_a_place_of_ones_choice() -> None:
    with peers.server("tcp:127.0.0.1:0") as there:
        _, _, err = run("-v", "-z", "--bind", "127.0.0.3:4100", there)

    assert "from tcp4:127.0.0.3:4100 (" in err


def test_a_low_port_says_what_is_missing() -> None:
    if (setpriv := shutil.which("setpriv")) is None:
        pytest.skip("no setpriv here")
    done = subprocess.run(
        [setpriv, "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service",
         *RAWKIT, "-s", "127.0.0.1:22", "tcp:127.0.0.1:9"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr.startswith(
        "rawkit connect: tcp4:127.0.0.1:9: cannot connect from tcp4:127.0.0.1:22: permission denied"
        " (EACCES): CAP_NET_BIND_SERVICE is not"
    )
    assert "sysctl net.ipv4.ip_unprivileged_port_start=22" in done.stderr


def test_json_has_an_object_for_each_thing_that_happens() -> None:
    with peers.server("tcp:127.0.0.1:0") as there:
        found = objects(there, given=b"h\xc3\xa9\n")
        numeric = there.replace("tcp:", "tcp4:")
        local = found[1].pop("socket_address")

    head = {"host": "127.0.0.1"}
    assert str(local).startswith("tcp4:127.0.0.1:")
    assert found == [
        {"type": "trying", **head, "peer_address": numeric},
        {"type": "connected", **head, "peer_address": numeric, "note": None},
        {"type": "data", **head, "said": "68c3a90a", "said_text": "hé\n"},
        {
            "type": "end", **head, "ended_by": "peer", "octets_to_peer": 4,
            "octets_from_peer": 4, "errno_name": None, "cause": None, "came_back": None,
            "cut_messages": 0, "exit_code": 0,
        },
    ]  # fmt: skip


def test_json_of_a_failure_has_errno_cause_and_what_came_back() -> None:
    found = objects("tcp:127.0.0.1:9")

    assert found == [
        {"type": "trying", "host": "127.0.0.1", "peer_address": "tcp4:127.0.0.1:9"},
        {
            "type": "failure", "host": "127.0.0.1", "peer_address": "tcp4:127.0.0.1:9",
            "call": "connect", "errno_name": "ECONNREFUSED", "cause": LISTENS,
            "came_back": "RST", "syns": None,
        },
        {
            "type": "end", "host": "127.0.0.1", "ended_by": "unconnected", "octets_to_peer": 0,
            "octets_from_peer": 0, "errno_name": "ECONNREFUSED",
            "cause": f"tcp4:127.0.0.1:9: RST came back: {LISTENS}", "came_back": "RST",
            "cut_messages": 0, "exit_code": 1,
        },
    ]  # fmt: skip


def test_json_of_what_is_no_text_has_octets_only() -> None:
    with peers.server("unix:@rawkit-cli") as there:
        found = objects(there, given=b"\xff\0")

    assert found[2] == {"type": "data", "host": None, "said": "ff00", "said_text": None}


def test_the_reader_of_the_output_may_go_at_any_time_and_nothing_is_said() -> None:
    with peers.server("tcp:127.0.0.1:0") as there:
        process = subprocess.Popen(
            [*RAWKIT, there],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"x")
        process.stdin.flush()
        process.stdout.read(1)
        process.stdout.close()
        code = process.wait(PATIENCE)  # though the input has not ended
        process.stdin.close()
        assert process.stderr is not None
        said = process.stderr.read()
        process.stderr.close()

    assert (code, said) == (141, b"")


def test_ctrl_c_ends_it_and_what_is_known_is_told() -> None:
    with peers.server("tcp:127.0.0.1:0") as there:
        process = subprocess.Popen(
            [*RAWKIT, "--json", there],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.flush()
        told = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    assert json.loads(told[2])["said_text"] == "x"
    end = json.loads(out)
    assert (end["ended_by"], end["octets_from_peer"], end["exit_code"]) == ("interrupted", 1, 130)
    assert (process.returncode, err) == (130, b"")


def test_ctrl_c_ends_the_wait_for_a_reader_that_reads_nothing() -> None:
    with peers.server("tcp:127.0.0.1:0", lambda sock: sock.sendall(bytes(4_000_000))) as there:
        process = subprocess.Popen(
            [*RAWKIT, there], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.read(100_000)
        process.send_signal(signal.SIGINT)
        code = process.wait(PATIENCE)
        process.stdout.close()

    assert code == 130


def test_at_a_terminal_it_is_over_when_the_other_side_ends() -> None:
    ours, terminal = pty.openpty()
    with peers.server("tcp:127.0.0.1:0", peers.greet) as there:
        done = subprocess.run(
            [*RAWKIT, there], stdin=terminal, capture_output=True, timeout=PATIENCE, check=False
        )
    os.close(ours)
    os.close(terminal)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello\n", b"")


def test_elsewhere_the_input_goes_on_when_the_other_side_sends_no_more() -> None:
    heard: list[bytes] = []

    def ends_and_listens(sock: socket.socket) -> None:
        sock.shutdown(socket.SHUT_WR)
        peers.collect(heard)(sock)

    with peers.server("tcp:127.0.0.1:0", ends_and_listens) as there:
        assert run(there, given=bytes(1_000_000)) == (0, b"", "")

    assert len(heard[0]) == 1_000_000


def test_a_full_disk_is_told() -> None:
    with (
        peers.server("tcp:127.0.0.1:0", peers.greet) as there,
        Path("/dev/full").open("wb") as full,
    ):
        done = subprocess.run(
            [*RAWKIT, there], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
            timeout=PATIENCE, check=False,
        )  # fmt: skip

    assert (done.returncode, done.stderr) == (
        2, b"rawkit connect: write error: No space left on device\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no ADDRESS, such as tcp:localhost:80 (rawkit connect --help)"),
        (["tcp:127.0.0.1:9", "x"], "one ADDRESS, and not 'x', too"),
        (["localhost:80"],
            "address 'localhost:80': it begins with a kind: tcp:localhost:80, or"
            " udp:localhost:80"),
        (["fd:0"], "fd:0: that is input or output of this command itself"),
        (["tcp:*:80"], "tcp:*:80: * is for servers; a client needs a host"),
        (["packet:lo"], "packet:lo: frames have no connections; rawkit send sends them"),
        (["--rst", "udp:127.0.0.1:9"], "--rst: only TCP has RSTs, udp: has none"),
        (["-N", "unix-dgram:@x"], "--half-close: unix-dgram: has no end to tell of"),
        (["-z", "udp:127.0.0.1:9"],
            "-z: nobody says whether there is anybody at udp:; send something"),
        (["--hold", "--rst", "tcp:127.0.0.1:9"], "--hold or --rst, not both"),
        (["-r", "0", "tcp:127.0.0.1:9"],
            "bad rate: 0 (octets a second, or lines with --lines: 10, 64KiB)"),
        (["-e", "(", "tcp:127.0.0.1:9"],
            "--expect '(': no regular expression: missing ), unterminated subpattern at"
            " position 0"),
        (["-w", "x", "tcp:127.0.0.1:9"], "bad timeout: x (seconds, or 200ms, 50us, 2m)"),
        (["-s", "::1", "tcp:127.0.0.1:9"],
            "tcp:127.0.0.1:9 cannot be reached from tcp:[::1]:0: they are of different kinds"),
        (["-o", "TCP_NODELAY=x", "tcp:127.0.0.1:9"], "TCP_NODELAY='x': it takes on or off"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(
    words: Sequence[str], said: str, capsys: Captured
) -> None:
    code = main(["connect", *words])

    assert (code, *capsys.readouterr()) == (2, "", f"rawkit connect: {said}\n")


def test_help_and_version_are_told(capsys: Captured) -> None:
    assert main(["connect", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: rawkit connect [options] ADDRESS\n")
    assert main(["connect", "-V"]) == 0
    assert capsys.readouterr().out.startswith("rawkit connect ")
