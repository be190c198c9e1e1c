"""Names never hold up a trace for longer than all of them together may."""

from ipaddress import IPv4Address

from rawkit.cli.trace_lookup import Lookup
from rawkit.wire.address import Address
from tests.cli.traced import ADDRESS, LOOKUP, NAMES, ROUTERS, SYSTEMS


class Slow:
    """Names that do not come; each wait for one takes as long as it may."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def known(self, address: Address) -> None:
        return None

    def wait(self, address: Address, seconds: float) -> None:
        import time

        self.waits.append(seconds)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass


def test_all_waits_together_take_no_longer_than_the_patience() -> None:
    slow = Slow()
    lookup = Lookup(slow, patience=0.05)

    for number in range(20):
        lookup.wait_for(IPv4Address(number))

    assert slow.waits == [0.05]


def test_what_is_known_at_once_takes_no_patience() -> None:
    lookup = Lookup(NAMES, patience=0.05)

    for _ in range(3):
        lookup.wait_for(ROUTERS[1])

    assert lookup.name(ROUTERS[1]) == "one.example"


def test_a_system_has_numbers_and_a_text() -> None:
    system = LOOKUP.system(ADDRESS)

    assert system is not None
    assert system.numbers == (64501, 64502)
    assert LOOKUP.network(ADDRESS) == "AS64501/AS64502"
    assert LOOKUP.network(ROUTERS[2]) is None


def test_without_sources_nothing_is_known() -> None:
    lookup = Lookup()

    lookup.begin(ADDRESS)
    lookup.wait_for(ADDRESS)

    assert (lookup.name(ADDRESS), lookup.system(ADDRESS)) == (None, None)
    assert Lookup(systems=SYSTEMS).network(ADDRESS) is not None
