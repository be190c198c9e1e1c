"""Hardware addresses."""

import pytest

from rawkit.errors import BuildError
from rawkit.wire.address import BROADCAST, MAC


@pytest.mark.parametrize("text", ["02:00:5e:10:00:01", "02-00-5E-10-00-01", "2:0:5e:10:0:1"])
def test_reads_what_people_write(text: str) -> None:
    mac = MAC.parse(text)

    assert mac == bytes.fromhex("02005e100001")
    assert str(mac) == "02:00:5e:10:00:01"
    assert eval(repr(mac), {"MAC": MAC}) == mac


@pytest.mark.parametrize(
    "text", ["", "02:00:5e:10:00", "02:00:5e:10:00:01:02", "02:00:5e:10:00:100", "::::: ", "eth0"]
)
def test_refuses_what_is_no_address(text: str) -> None:
    with pytest.raises(BuildError, match="not six octets"):
        MAC.parse(text)


def test_broadcast_is_all_ones() -> None:
    assert str(BROADCAST) == "ff:ff:ff:ff:ff:ff"
