"""What the options of ``rawkit ping`` mean for the session."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from rawkit.cli.ping_options import parse
from rawkit.cli.ping_session import ip_options, settings, stands_for_many, wanted_hosts
from rawkit.errors import UsageError
from rawkit.wire.ip_options import NoOperation, RecordRoute, Stamp, Stamping, Timestamp, decode

HOST = "192.0.2.7"

MEANT: list[tuple[str, dict[str, object]]] = [
    ("", {"count": None, "interval": 1.0, "timeout": 10.0, "deadline": None, "size": 56,
          "hurry": True, "announce": True, "adaptive": False, "pmtu": "want", "options": None,
          "kind": None, "identifier": None, "multicast_loop": True, "transmit_stamps": True}),
    ("-c 3 -i 0.2 -W 2 -w 5", {"count": 3, "interval": 0.2, "timeout": 2.0, "deadline": 5.0}),
    ("-f", {"adaptive": True, "interval": 0.01}),
    ("-f -i 0.5", {"adaptive": False, "interval": 0.5}),
    ("-A", {"adaptive": True, "interval": 1.0}),
    ("-M do -s 1472 -t 3 -Q 0x10", {"pmtu": "do", "size": 1472, "ttl": 3, "traffic_class": 16}),
    ("-I eth0 -m 7 -r -b -L", {"interface": "eth0", "mark": 7, "dont_route": True,
                               "broadcast": True, "multicast_loop": False}),
    ("-I 192.0.2.1", {"source": IPv4Address("192.0.2.1")}),
    ("-p ff -l 3 -S 9000 -U", {"pattern": b"\xff", "preload": 3, "send_buffer": 9000,
                               "transmit_stamps": False}),
    ("-e 77", {"identifier": 77, "kind": "raw"}),
    ("-R", {"kind": "raw"}),
    ("-6 -F 5", {"version": 6, "flow_label": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("line", "meant"), MEANT)
def test_options_become_keywords(line: str, meant: dict[str, object]) -> None:
    keywords = settings(parse([*line.split(), HOST]), [HOST])

    assert {name: keywords.get(name) for name in meant} == meant


def test_several_hosts_are_not_asked_all_in_the_same_instant() -> None:
    options = parse(["-i", "1", HOST, "192.0.2.8"])

    assert settings(options, [HOST])["spacing"] == 0.0
    assert settings(options, [HOST, "192.0.2.8"])["spacing"] == 0.001
    assert settings(options, [HOST] * 4000)["spacing"] == 1 / 4000


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("-R", (NoOperation(), RecordRoute((), 9))),
        ("-T tsonly", (Timestamp(Stamping.TIMES, (), 9),)),
        ("-T tsandaddr", (Timestamp(Stamping.ADDRESSES_AND_TIMES, (), 4),)),
        ("-T tsprespec 192.0.2.1 192.0.2.2",
         (Timestamp(Stamping.ASKED_ROUTERS,
                    (Stamp(IPv4Address("192.0.2.1")), Stamp(IPv4Address("192.0.2.2")))),)),
    ],
)  # fmt: skip
def test_routers_are_asked_as_ping_asks_them(line: str, options: tuple[object, ...]) -> None:
    assert decode(ip_options(parse([*line.split(), HOST]))) == options


def test_no_more_hops_can_be_asked_than_fit() -> None:
    with pytest.raises(UsageError, match="5 hops, and 4 fit"):
        ip_options(parse(["-T", "tsprespec", *["192.0.2.1"] * 5, HOST]))


def test_hops_to_be_stamped_are_not_asked_themselves() -> None:
    assert wanted_hosts(parse(["-T", "tsprespec", "192.0.2.1", HOST])) == [HOST]


@pytest.mark.parametrize(
    ("word", "many"),
    [
        ("192.0.2.7", False),
        ("2001:db8::7", False),
        ("fe80::1%eth0", False),
        ("host-7.example", False),
        ("1-2.example", False),
        ("192.0.2.0/24", True),
        ("192.0.2.1-9", True),
        ("192.0.2.1-192.0.2.9", True),
        ("2001:db8::1-2001:db8::9", True),
        ("192.0.2.*", True),
        ("10.0.0.1,5", True),
        ("@hosts", True),
    ],
)
def test_a_word_may_stand_for_many(word: str, many: bool) -> None:
    assert stands_for_many(word) is many


def test_networks_ranges_and_files_are_taken_apart(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("192.0.2.40  # the first\nhost.example\n")

    hosts = wanted_hosts(parse(["192.0.2.0/30", "192.0.2.8-9", f"@{file}", "name.example"]))

    assert [str(host) for host in hosts] == [
        "192.0.2.1", "192.0.2.2", "192.0.2.8", "192.0.2.9",
        "192.0.2.40", "host.example", "name.example",
    ]  # fmt: skip


def test_plain_hosts_are_left_alone_without_loading_netaddr() -> None:
    import subprocess
    import sys

    script = (
        "import sys; from rawkit.cli.ping_options import parse\n"
        "from rawkit.cli.ping_session import wanted_hosts\n"
        "assert wanted_hosts(parse(['192.0.2.1', 'a-b.example'])) == ['192.0.2.1', 'a-b.example']\n"
        "heavy = {'netaddr', 'pyroute2', 'argparse', 'asyncio', 'json', 'logging', 'ctypes'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_empty_file_is_nobody_to_ask(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("# nobody\n")

    with pytest.raises(UsageError, match="no host in @"):
        wanted_hosts(parse([f"@{file}"]))
