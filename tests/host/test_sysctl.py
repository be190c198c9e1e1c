"""Kernel settings by name."""

import pytest

from rawkit.errors import NotPermitted, UsageError
from rawkit.host import sysctl


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "/proc/sys/net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/1.forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"),
        ("net/ipv4/conf/eth0.1/forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"),
    ],
)
def test_the_first_separator_decides_how_a_key_is_read(key: str, path: str) -> None:
    assert sysctl.path_of(key) == path


@pytest.mark.parametrize("key", ["", ".", "net..ip", "/etc/passwd", "net/../../etc/passwd", "a\0b"])
def test_a_key_never_leads_out_of_proc_sys(key: str) -> None:
    with pytest.raises(UsageError):
        sysctl.path_of(key)


def test_a_setting_is_read_as_text_or_as_numbers() -> None:
    assert sysctl.read("kernel.ostype") == "Linux"
    numbers = sysctl.numbers("net.ipv4.ip_local_port_range")

    assert numbers is not None
    assert len(numbers) == 2


def test_a_setting_that_does_not_exist_is_none_or_an_error() -> None:
    assert sysctl.find("net.ipv4.no_such_thing") is None
    assert sysctl.numbers("net.ipv4.no_such_thing") is None
    with pytest.raises(FileNotFoundError):
        sysctl.read("net.ipv4.no_such_thing")


def test_a_setting_that_nobody_may_change_is_refused_in_one_line() -> None:
    with pytest.raises(NotPermitted) as caught:
        sysctl.write("kernel.ostype", "Plan9")

    assert str(caught.value).startswith("cannot set kernel.ostype: ")
    assert "\n" not in str(caught.value)
