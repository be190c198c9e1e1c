"""Many targets from few words."""

import io
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from pathlib import Path

import pytest

from rawkit.errors import UsageError
from rawkit.host.targets import expand


def words(*specs: str) -> list[str]:
    return [str(target) for target in expand(specs)]


def test_names_and_addresses_are_told_apart() -> None:
    assert list(expand(["example.org", "192.0.2.7", "2001:db8::1", "fe80::1%eth0"])) == [
        "example.org",
        IPv4Address("192.0.2.7"),
        IPv6Address("2001:db8::1"),
        IPv6Address("fe80::1%eth0"),
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("192.0.2.0/30", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.2/30", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.0/255.255.255.252", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.0/31", ["192.0.2.0", "192.0.2.1"]),
        ("192.0.2.7/32", ["192.0.2.7"]),
        ("2001:db8::/127", ["2001:db8::", "2001:db8::1"]),
        ("fe80::%eth0/127", ["fe80::%eth0", "fe80::1%eth0"]),
        ("192.0.2.9-192.0.2.11", ["192.0.2.9", "192.0.2.10", "192.0.2.11"]),
        ("192.0.2.255-192.0.3.0", ["192.0.2.255", "192.0.3.0"]),
        ("192.0.2.9-11", ["192.0.2.9", "192.0.2.10", "192.0.2.11"]),
        ("192.0.2.9-192.0.2.9", ["192.0.2.9"]),
        ("2001:db8::1-2001:db8::2", ["2001:db8::1", "2001:db8::2"]),
        ("192.0-1.2.1,5", ["192.0.2.1", "192.0.2.5", "192.1.2.1", "192.1.2.5"]),
        ("1-2.example.org", ["1-2.example.org"]),
        ("a-b", ["a-b"]),
    ],
)
def test_a_word_stands_for_these_targets(spec: str, expected: list[str]) -> None:
    assert words(spec) == expected


def test_a_glob_is_taken_exactly_as_written() -> None:
    found = words("192.0.2.*")

    assert (len(found), found[0], found[-1]) == (256, "192.0.2.0", "192.0.2.255")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "2001:db8::/64",
            "2001:db8::/64 stands for 2^64 targets, the most is 1048576: "
            "take a /108 or longer, or list the hosts in a file: @hosts",
        ),
        (
            "10.0.0.0/8",
            "10.0.0.0/8 stands for 2^24 targets, the most is 1048576: "
            "take a /12 or longer, or list the hosts in a file: @hosts",
        ),
        ("*.*.*.*", "*.*.*.* stands for 2^32 targets, the most is 1048576: split it"),
        ("10.0.0.0-10.255.255.254", "10.0.0.0-10.255.255.254 stands for 16777215 targets, "
         "the most is 1048576: split it"),
        ("192.0.2.0/33", "192.0.2.0/33: /33 is no prefix length of such an address"),
        ("192.0.2.0/", "192.0.2.0/: / is no prefix length of such an address"),
        (
            "example.org/24",
            "example.org/24: only an address can have a prefix length, as in 192.0.2.0/24",
        ),
        ("192.0.2.9-192.0.2.1", "192.0.2.9-192.0.2.1: the range ends before it begins"),
        (
            "192.0.2.1-2001:db8::1",
            "192.0.2.1-2001:db8::1: a range is written 192.0.2.1-192.0.2.9 or 192.0.2.1-9",
        ),
        (
            "192.0.2.1-300",
            "192.0.2.1-300: each part is 0 to 255, a range 1-9, a list 1,5 or *",
        ),
        (
            "192.0.2.300",
            "no target: 192.0.2.300: not an IPv4 address (four decimal numbers, no leading zeros)",
        ),
        ("", "no target: '': an empty name"),
        ("two words", "no target: 'two words': not a host name"),
        ("@/nonexistent", "cannot read targets from '/nonexistent': No such file or directory"),
    ],
)  # fmt: skip
def test_a_word_that_makes_no_sense_is_refused_with_a_way_out(spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        words(spec)

    assert str(caught.value) == message


def test_the_limit_is_the_callers() -> None:
    assert len(list(expand(["2001:db8::/112"], most=1 << 16))) == 1 << 16
    with pytest.raises(UsageError, match="the most is 3: take a /127 or longer"):
        list(expand(["2001:db8::/126"], most=3))


def test_targets_come_as_they_are_needed() -> None:
    assert [str(t) for t in islice(expand(["10.0.0.0/8"], most=1 << 24), 2)] == [
        "10.0.0.1",
        "10.0.0.2",
    ]


def test_a_file_holds_words_and_comments(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("# the lab\n192.0.2.1-2 router  # two\n\n2001:db8::1\n")

    assert words(f"@{hosts}") == ["192.0.2.1", "192.0.2.2", "router", "2001:db8::1"]
    assert [str(t) for t in expand(["last"], files=[str(hosts)])][-2:] == ["2001:db8::1", "last"]


def test_an_error_in_a_file_says_where(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.1\n192.0.2.0/33\n")

    with pytest.raises(UsageError) as caught:
        words(f"@{hosts}")

    assert str(caught.value) == (
        f"{hosts}, line 2: 192.0.2.0/33: /33 is no prefix length of such an address"
    )


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match="not a text file"):
        words(f"@{tmp_path / 'hosts'}")


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("192.0.2.1\n"))

    assert words("@-") == ["192.0.2.1"]
