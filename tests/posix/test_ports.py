"""Ports: numbers, names of services, ranges."""

from itertools import pairwise

import pytest

from rawkit.errors import UsageError
from rawkit.lab.namespace import Namespace
from rawkit.posix import ports


@pytest.mark.parametrize(
    ("word", "protocol", "port"),
    [
        ("0", "tcp", 0),
        ("65535", "udp", 65535),
        ("smtp", "tcp", 25),
        ("http", "tcp", 80),
        ("https", "udp", 443),
        ("www", "tcp", 80),
    ],
)
def test_a_port_is_a_number_or_a_service(word: str, protocol: str, port: int) -> None:
    assert ports.parse(word, protocol) == port


@pytest.mark.parametrize("word", ["", "1e3", "00", "http\0", "ht tp", "\ud800", "65536"])
def test_what_is_neither_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match=r"port|service"):
        ports.parse(word)


# RFC 6335 §6
@pytest.mark.parametrize(
    ("port", "name"),
    [
        *((0, "well-known"), (80, "well-known"), (1023, "well-known")),
        *((1024, "registered"), (49151, "registered")),
        *((49152, "dynamic"), (65535, "dynamic")),
    ],
)
def test_every_port_lies_in_one_of_three_ranges(port: int, name: str) -> None:
    assert ports.range_of(port).name == name


def test_the_ranges_are_all_ports_in_order() -> None:
    edges = [(one.first, one.last) for one in ports.RANGES]

    assert edges[0][0] == 0
    assert edges[-1][1] == ports.MOST
    assert all(left[1] + 1 == right[0] for left, right in pairwise(edges))


def test_a_service_has_a_name() -> None:
    assert ports.service(25) == "smtp"
    assert ports.service(65001) is None


@pytest.mark.netns
@pytest.mark.parametrize(
    ("low", "port", "protocol", "said"),
    [
        (
            1024,
            80,
            "tcp",
            "80 (http), well-known (0 to 1023), to bind it takes CAP_NET_BIND_SERVICE"
            " (net.ipv4.ip_unprivileged_port_start is 1024)",
        ),
        (
            80,
            80,
            "tcp",
            "80 (http), well-known (0 to 1023), anybody may bind it"
            " (net.ipv4.ip_unprivileged_port_start is 80)",
        ),
        (
            1024,
            49_999,
            "udp",
            "49999, dynamic (49152 to 65535), anybody may bind it"
            " (net.ipv4.ip_unprivileged_port_start is 1024), the kernel gives it to clients, too"
            " (net.ipv4.ip_local_port_range is 40000 50000)",
        ),
        (
            1024,
            0,
            "tcp",
            "0: to bind it asks the kernel for any free port; nobody can connect to it",
        ),
    ],
)
def test_a_port_is_explained_by_the_settings_of_this_network(
    low: int, port: int, protocol: str, said: str
) -> None:
    with Namespace() as fresh:
        fresh.sysctl(ports.EPHEMERAL, "40000 50000")
        fresh.sysctl(ports.UNPRIVILEGED, low)

        assert fresh.run(ports.explain, port, protocol) == said
