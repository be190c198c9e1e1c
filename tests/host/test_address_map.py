"""Addresses that become others."""

from ipaddress import ip_address

import pytest

from rawkit.errors import UsageError
from rawkit.host.address_map import AddressMap

MAPPED = [
    ({"10.0.0.0/24": "192.0.2.0/24"}, "10.0.0.7", "192.0.2.7"),
    ({"10.0.0.0/24": "192.0.2.0/24"}, "10.0.1.7", "10.0.1.7"),
    ({"10.0.0.5/24": "192.0.2.0/24"}, "10.0.0.0", "192.0.2.0"),
    ({"10.0.0.1-10.0.0.9": "192.0.2.11-192.0.2.19"}, "10.0.0.9", "192.0.2.19"),
    ({"10.0.0.1-10.0.0.9": "192.0.2.11-192.0.2.19"}, "10.0.0.10", "10.0.0.10"),
    ({"10.0.1-2.*": "192.0.2-3.*"}, "10.0.2.5", "192.0.3.5"),
    ({"10.0.0.0/8": "192.0.2.7"}, "10.99.0.1", "192.0.2.7"),
    ({"10.0.0.7": "192.0.2.7"}, "10.0.0.7", "192.0.2.7"),
    ({"0.0.0.0/0": "192.0.2.7"}, "203.0.113.1", "192.0.2.7"),
    ({"2001:db8::/32": "fd00::/32"}, "2001:db8:1::7", "fd00:0:1::7"),
    ({"2001:db8::/32": "fd00::/32"}, "10.0.0.1", "10.0.0.1"),
    ({"10.0.0.0/24": "192.0.2.0/24"}, "2001:db8::7", "2001:db8::7"),
    ({"10.0.0.7": "192.0.2.1", "10.0.0.0/24": "198.51.100.0/24"}, "10.0.0.7", "192.0.2.1"),
    ({"10.0.0.7": "192.0.2.1", "10.0.0.0/24": "198.51.100.0/24"}, "10.0.0.8", "198.51.100.8"),
    ({}, "10.0.0.8", "10.0.0.8"),
]


@pytest.mark.parametrize(("pairs", "old", "new"), MAPPED)
def test_an_address_becomes_the_one_in_the_same_place(
    pairs: dict[str, str], old: str, new: str
) -> None:
    change = AddressMap(pairs)

    assert change(ip_address(old)) == ip_address(new)
    assert change(ip_address(old)) == ip_address(new)  # remembered


REFUSED = [
    ({"10.0.0.0/24": "192.0.2.0/25"}, "256 addresses cannot become 128: as many, or one"),
    ({"10.0.0.0/24": "2001:db8::/120"}, "IPv4 cannot become IPv6"),
    (
        {"example.org": "192.0.2.7"},
        "'example.org' is no address and no range of them: 192.0.2.0/24",
    ),
    ({"10.0.0.9-10.0.0.1": "192.0.2.7"}, "'10.0.0.9-10.0.0.1' is no address"),
    ({"10.0.0.0/33": "192.0.2.7"}, "'10.0.0.0/33' is no address"),
    ({"": "192.0.2.7"}, "'' is no address"),
]


@pytest.mark.parametrize(("pairs", "said"), REFUSED)
def test_what_does_not_fit_is_refused(pairs: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        AddressMap(pairs)

    assert said in str(caught.value)


def test_it_forgets_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rawkit.host.address_map.MOST_KNOWN", 10)
    change = AddressMap({"10.0.0.0/24": "192.0.2.0/24"})
    for last in range(100):
        assert str(change(ip_address(f"10.0.0.{last}"))) == f"192.0.2.{last}"
        assert len(change._known) <= 10
