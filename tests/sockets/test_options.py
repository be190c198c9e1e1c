"""The table of socket options says what the kernel's headers say."""

import re
import socket
from collections import Counter
from pathlib import Path

import pytest

from rawkit.sockets import options
from rawkit.sockets.options import OPTIONS, Option

HEADERS = [
    Path("/usr/include") / name
    for name in (
        *("asm-generic/socket.h", "linux/in.h", "linux/in6.h", "linux/icmp.h", "linux/icmpv6.h"),
        *("linux/errqueue.h", "linux/net_tstamp.h", "linux/sock_diag.h", "linux/sockios.h"),
        *("linux/if_packet.h", "linux/if_ether.h", "linux/if_arp.h", "linux/filter.h"),
    )
]
DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)\s+(0x[0-9a-fA-F]+|\d+)\b", re.MULTILINE)
ALIAS = re.compile(r"^\s*#\s*define\s+(\w+)\s+([A-Z_]\w+)\s*$", re.MULTILINE)
SHIFTED = re.compile(r"\b(SOF_TIMESTAMPING_\w+|TP_STATUS_\w+)\s*=?\s*\(1\s*<<\s*(\d+)\)")
NEGATIVE = re.compile(r"\b(SKF_\w+)\s*\((-0x[0-9a-fA-F]+)\)")


def defined() -> dict[str, int]:
    """Return the numbers in the headers of this machine."""
    text = "\n".join(path.read_text() for path in HEADERS if path.exists())
    found = {name: int(number, 0) for name, number in DEFINE.findall(text)}
    found |= {name: found[other] for name, other in ALIAS.findall(text) if other in found}
    found |= {name: 1 << int(shift) for name, shift in SHIFTED.findall(text)}
    found |= {name: int(number, 0) for name, number in NEGATIVE.findall(text)}
    return found


NUMBERS = defined()


def number_of(name: str) -> int:
    if not NUMBERS:
        pytest.skip("no kernel headers on this machine")
    # Where time became 64 bits wide, the old name is chosen by a condition.
    return NUMBERS[name] if name in NUMBERS else NUMBERS[f"{name}_OLD"]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_has_the_kernels_number(option: Option) -> None:
    assert option.number == number_of(option.name)


@pytest.mark.parametrize(
    "name",
    [
        *(name for name in vars(options) if name.startswith(("SOF_", "SO_EE_", "SIOCGIF"))),
        *(name for name in vars(options) if name.startswith(("TP_", "ETH_P_", "ARPHRD_", "SKF_"))),
        *(name for name in vars(options) if re.match("PACKET_(MR_|[HBMO]|TX_|FANOUT_)", name)),
        *("IPV6_FL_A_GET", "IPV6_FL_F_CREATE", "IPV6_FL_S_ANY"),
    ],
)
def test_a_constant_has_the_kernels_number(name: str) -> None:
    assert getattr(options, name) == number_of(name)


@pytest.mark.parametrize("mode", ["DONT", "WANT", "DO", "PROBE", "INTERFACE", "OMIT"])
def test_path_mtu_modes_are_the_same_for_both_families(mode: str) -> None:
    number = getattr(options, f"PMTUDISC_{mode}")

    assert number == number_of(f"IP_PMTUDISC_{mode}") == number_of(f"IPV6_PMTUDISC_{mode}")


def test_every_option_bears_its_own_name_and_number() -> None:
    assert all(getattr(options, option.name) is option for option in OPTIONS)
    assert max(Counter((option.level, option.number) for option in OPTIONS).values()) == 1


def test_an_option_is_set_and_read() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        options.IP_MTU_DISCOVER.set(sock, options.PMTUDISC_PROBE)

        assert options.IP_MTU_DISCOVER.get(sock) == options.PMTUDISC_PROBE
