"""Where a server can listen, and why it cannot: to the letter."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rawkit.errors import ListenRefused, OptionRefused, RawkitError, UsageError
from rawkit.host import capability
from rawkit.posix.address import parse
from rawkit.posix.listen import listen
from rawkit.posix.options import parse_setting
from rawkit.posix.serving.settings import Settings

ME = Path("/proc/self/comm").read_text().rstrip("\n")
US = f"{ME} (pid {os.getpid()})"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Paths are short: a Unix socket has 107 octets for its path."""
    monkeypatch.chdir(tmp_path)
    yield
    left = [path.name for path in tmp_path.iterdir() if path.name.endswith(".lock")]
    assert left == []


def refusal(address: str, **settings: Any) -> str:
    with pytest.raises(RawkitError) as caught:
        listen(parse(address), Settings(**settings))
    return str(caught.value)


@pytest.mark.netns
@pytest.mark.parametrize("kind", ["tcp4", "udp4"])
def test_a_port_in_use_is_told_with_who_has_it(kind: str) -> None:
    type_ = socket.SOCK_STREAM if kind == "tcp4" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, type_) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == "tcp4":
            taken.listen()
        port = taken.getsockname()[1]

        said = refusal(f"{kind}:127.0.0.1:{port}")

    assert said == (
        f"cannot listen at {kind}:127.0.0.1:{port}: address already in use (EADDRINUSE):"
        f" {US} has it (try: port 0)"
    )


@pytest.mark.netns
def test_every_address_of_this_machine_meets_a_single_one_at_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert f"{US} has it" in refusal(f"tcp:*:{port}")


@pytest.mark.netns
@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "tcp:192.0.2.1:7007",
            "cannot listen at tcp4:192.0.2.1:7007: cannot assign requested address"
            " (EADDRNOTAVAIL): the address is none of this host's, or (IPv6) not yet proved to be"
            " unique (try: ip address lists them; IP_FREEBIND binds to others, too)",
        ),
        ("packet:lo", "packet:lo: frames are not served; rawkit sniff hears them"),
        ("fd:987", "fd:987: no such descriptor is open here"),
        (
            "unix:nowhere/s",
            "cannot listen at unix:nowhere/s: no such file or directory (ENOENT): a directory on"
            " the way to the file is missing (try: mkdir -p it)",
        ),
        ("unix:file", "cannot listen: file is there and no socket: it is left alone"
            " (try: another path)"),
        ("unix:stream", "cannot listen: US lives at stream"
            " (try: another path; ss -xlp shows them)"),
        ("unix-dgram:stream", "cannot listen: a server lives at stream"
            " (try: another path; ss -xlp shows them)"),
        ("unix:@rawkit-taken", "cannot listen at unix:@rawkit-taken: address already in use"
            " (EADDRINUSE): whoever has it lives (try: ss -xlp; or another name)"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_had_is_told_in_a_line(address: str, said: str) -> None:
    Path("file").touch()
    with socket.socket(socket.AF_UNIX) as live, socket.socket(socket.AF_UNIX) as named:
        live.bind("stream")
        live.listen()
        named.bind("\0rawkit-taken")
        named.listen()

        assert refusal(address).replace(US, "US") == said
    assert Path("file").exists()
    assert Path("stream").exists()


@pytest.mark.netns
def test_a_low_port_without_the_capability_is_told_with_the_ways_out() -> None:
    def without_capabilities() -> str:
        capability.drop()
        return refusal("tcp4:127.0.0.1:7")

    with ThreadPoolExecutor(1) as thread:  # a capability that a thread drops is gone with it
        said = thread.submit(without_capabilities).result()

    assert said.startswith(
        "cannot listen at tcp4:127.0.0.1:7: CAP_NET_BIND_SERVICE is not even in the bounding set"
        " (try: port 0, or one from 1024 on; or sysctl net.ipv4.ip_unprivileged_port_start=7; or "
    )


def test_a_file_of_the_dead_is_replaced_and_that_of_the_living_is_not() -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("s")

    (first,) = listen(parse("unix:s"), Settings())

    assert first.notes == ("a server that is gone had left its file: replaced",)
    assert "lives at s" in refusal("unix:s")
    first.close()
    assert not Path("s").exists()


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_file_has_its_mode_whatever_the_umask(mode: int, umask: int) -> None:
    before = os.umask(umask)
    try:
        (listener,) = listen(parse("unix:s"), Settings(mode=mode))
    finally:
        os.umask(before)

    assert stat.S_IMODE(os.lstat("s").st_mode) == mode
    listener.close()


def test_a_file_that_is_another_ones_by_now_is_not_removed() -> None:
    (listener,) = listen(parse("unix:s"), Settings())
    Path("s").unlink()
    Path("s").touch()

    listener.close()

    assert Path("s").exists()


def test_a_socket_that_was_passed_stays_with_its_file() -> None:
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind("s")
        passed.listen()
        copy = os.dup(passed.fileno())

        (listener,) = listen(parse(f"fd:{copy}"), Settings())
        listener.hush()
        listener.close()

        with socket.socket(socket.AF_UNIX) as client:
            assert client.connect_ex("s") == 0


def test_a_passed_socket_that_does_not_listen_is_refused() -> None:
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind("s")

        assert (
            refusal(f"fd:{passed.fileno()}") == f"fd:{passed.fileno()}: the socket does not listen"
        )


@pytest.mark.netns
def test_the_options_that_connections_inherit_are_set_before_anybody_comes() -> None:
    settings = Settings(keepalive=60, options=(parse_setting("SO_RCVBUF=64KiB"),))

    (listener,) = listen(parse("tcp4:127.0.0.1:0"), settings)

    tcp = socket.IPPROTO_TCP
    with listener.sock as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        assert sock.getsockopt(tcp, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(tcp, socket.TCP_KEEPIDLE) == 60
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 128 << 10


@pytest.mark.netns
def test_datagrams_never_share_their_port_by_reuse_of_addresses() -> None:
    (listener,) = listen(parse("udp4:127.0.0.1:0"), Settings())

    with listener.sock as sock:
        assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


def test_an_option_that_the_kernel_does_not_take_is_told_and_leaves_no_file() -> None:
    settings = Settings(options=(parse_setting("TCP_NODELAY=1"),))

    with pytest.raises(OptionRefused, match="TCP_NODELAY=1: operation not supported"):
        listen(parse("unix:s"), settings)
    assert not Path("s").exists()


@pytest.mark.netns
def test_what_is_not_as_it_was_asked_for_is_noted() -> None:
    (listener,) = listen(parse("tcp4:127.0.0.1:0"), Settings(backlog=1 << 20, fast_open=5))
    listener.close()

    most = Path("/proc/sys/net/core/somaxconn").read_text().strip()
    assert listener.notes[-1] == f"backlog: {most}, which is net.core.somaxconn"


@pytest.mark.netns
@pytest.mark.parametrize(
    ("address", "families"),
    [("tcp:*:0", "IPv6 and IPv4"), ("tcp6:[::1]:0", "IPv6 only"), ("tcp4:*:0", "IPv4 only"),
     ("unix:@", "")],
)  # fmt: skip
def test_a_listener_knows_who_can_reach_it(address: str, families: str) -> None:
    (listener,) = listen(parse(address), Settings())
    with listener.sock:
        assert listener.families == families


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"workers": 0}, "workers is 0: from 1 to 1024"),
        ({"idle": 0}, "idle is 0: above 0 to 1e+07"),
        ({"lifetime": float("nan")}, "lifetime is nan: above 0 to 1e+07"),
        ({"backlog": -1}, "backlog is -1: from 0 to 2.14748e+09"),
        ({"mode": 0o1000}, "mode is 512: from 0 to 511"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(**setting)

    assert str(caught.value) == said


def test_the_error_has_the_number_of_the_system() -> None:
    Path("file").touch()

    with pytest.raises(ListenRefused) as caught:
        listen(parse("unix:file"), Settings())
    assert caught.value.errno == errno.EADDRINUSE


@contextmanager
def sysctl(name: str, value: str) -> Iterator[None]:
    """Change a setting of this network, which is the tests' own."""
    path = Path("/proc/sys") / name.replace(".", "/")
    before = path.read_text()
    path.write_text(value)
    try:
        yield
    finally:
        path.write_text(before)


@pytest.mark.netns
@pytest.mark.parametrize(("enabled", "protocol"), [("1", 262), ("0", socket.IPPROTO_TCP)])
def test_where_there_is_no_multipath_tcp_plain_tcp_serves_and_that_is_noted(
    enabled: str, protocol: int
) -> None:
    if not Path("/proc/sys/net/mptcp").exists():
        pytest.skip("a kernel without multipath TCP")
    with sysctl("net.mptcp.enabled", enabled):
        (listener,) = listen(parse("mptcp4:127.0.0.1:0"), Settings())

    with listener.sock as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL) == protocol
    assert [note.partition(":")[0] for note in listener.notes] == (
        [] if protocol == 262 else ["plain TCP"]
    )


@pytest.mark.netns
@pytest.mark.parametrize(
    ("allowed", "notes"),
    [
        ("3", ()),
        ("1", ("no fast open: net.ipv4.tcp_fastopen lacks bit 2 (try: 3)",)),
    ],
)
def test_fast_open_is_noted_where_the_kernel_does_not_let_servers(
    allowed: str, notes: tuple[str, ...]
) -> None:
    with sysctl("net.ipv4.tcp_fastopen", allowed):
        (listener,) = listen(parse("tcp4:127.0.0.1:0"), Settings(fast_open=5))

    with listener.sock as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN) == 5
    assert listener.notes == notes
