"""The verbs: what they take, and what they refuse before anything is sent."""

import ipaddress

import pytest

import rawkit
from rawkit.api.common import Host
from rawkit.api.ping import PingOptions
from rawkit.errors import UsageError

LO, LO6 = ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1")


@pytest.mark.parametrize("source", ["127.0.0.2", ipaddress.IPv4Address("127.0.0.2")])
def test_a_source_address_may_be_written_out(source: Host) -> None:
    session = rawkit.ping(LO, source=source)

    assert [str(target.src) for target in session.targets] == ["127.0.0.2"]


@pytest.mark.parametrize(("written", "meant"), [("0.0.0.0", LO), ("::", LO6)])
def test_no_address_means_this_host_as_the_kernel_has_it(written: str, meant: Host) -> None:
    session = rawkit.ping([written])

    (target,) = session.targets
    assert (target.name, target.address) == (written, meant)


def test_an_ipv4_address_in_ipv6_form_is_refused_with_the_plain_one() -> None:
    with pytest.raises(UsageError, match=r"^::ffff:c000:201 is IPv4 in IPv6 form: ping 192.0.2.1$"):
        rawkit.ping("::ffff:192.0.2.1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"source": LO6}, "source address ::1 for packets to 127.0.0.1"),
        ({"source": "::1"}, "source address ::1 for packets to 127.0.0.1"),
        ({"source": "eth0"}, "source is 'eth0', not an address"),
        ({"kind": "tcp"}, "kind is 'tcp', not one of auto, ping, socket, raw"),
        ({"pmtu": "yes"}, "pmtu is 'yes', not one of dont, want, do, probe"),
        ({"identifier": 65_536}, "identifier is 65536, not 0 to 65535"),
        ({"identifier": -1}, "identifier is -1, not 0 to 65535"),
    ],
)
@pytest.mark.parametrize("hosts", [LO, [LO, LO]], ids=["one host", "several"])
def test_what_makes_no_sense_is_refused_with_what_would(
    hosts: Host | list[Host], options: PingOptions, said: str
) -> None:
    with pytest.raises(UsageError, match=f"^{said}$"):
        rawkit.ping(hosts, **options)
