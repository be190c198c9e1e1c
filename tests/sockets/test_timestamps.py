"""Kernel stamps become monotonic time, even where somebody sets the clock."""

import pytest

from rawkit.sockets.timestamps import SECOND, StampConverter

MICROSECOND, MILLISECOND = 1_000, 1_000_000
BOOTED = 1_700_000_000 * SECOND
"""Real time at which the monotonic clock was 0."""


class Clocks:
    """A monotonic clock, and a real-time clock that can be set."""

    def __init__(self) -> None:
        self.now = 1000 * SECOND
        self.offset = BOOTED
        self.reading_takes = 40

    def monotonic(self) -> int:
        return self.now

    def real_time(self) -> int:
        self.now += self.reading_takes
        return self.now + self.offset

    def stamp(self) -> tuple[int, int]:
        """Return what the kernel would stamp on a packet now."""
        return divmod(self.now + self.offset, SECOND)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def converter(clocks: Clocks) -> StampConverter:
    return StampConverter(clocks.real_time, clocks.monotonic)


def nanoseconds(time: float) -> int:
    return round(time * SECOND)


def test_a_stamp_becomes_the_monotonic_time_of_that_moment(
    clocks: Clocks, converter: StampConverter
) -> None:
    at, stamp = clocks.now, clocks.stamp()
    clocks.now += 3 * SECOND  # the program was busy

    assert abs(nanoseconds(converter.to_monotonic(*stamp)) - at) < MICROSECOND


def test_differences_are_exact_though_measurements_of_the_offset_are_not(
    clocks: Clocks, converter: StampConverter
) -> None:
    moments, times = [], []
    for number in range(50):
        clocks.reading_takes = 317 * number % 2000
        moments.append(clocks.now)
        times.append(converter.to_monotonic(*clocks.stamp()))
        clocks.now += 2 * MILLISECOND

    found = [nanoseconds(time - times[0]) for time in times]
    assert found == [moment - moments[0] for moment in moments]


@pytest.mark.alone
@pytest.mark.parametrize("jump", [3600 * SECOND, -3600 * SECOND, 50 * MILLISECOND])
def test_a_clock_set_between_two_packets_changes_nothing(
    clocks: Clocks, converter: StampConverter, jump: int
) -> None:
    before, at_first = converter.to_monotonic(*clocks.stamp()), clocks.now
    clocks.offset += jump
    clocks.now += 5 * MILLISECOND

    after, at_second = converter.to_monotonic(*clocks.stamp()), clocks.now

    elapsed = at_second - at_first
    assert abs(nanoseconds(after - before) - elapsed) < 10 * MICROSECOND


@pytest.mark.alone
@pytest.mark.parametrize("jump", [3600 * SECOND, -3600 * SECOND])
def test_a_packet_stamped_before_the_clock_was_set_keeps_its_time(
    clocks: Clocks, converter: StampConverter, jump: int
) -> None:
    converter.to_monotonic(*clocks.stamp())
    clocks.now += 5 * MILLISECOND
    at, stamp = clocks.now, clocks.stamp()
    clocks.offset += jump
    clocks.now += MILLISECOND
    young = clocks.stamp()

    converter.to_monotonic(*young)
    time = converter.to_monotonic(*stamp)

    assert abs(nanoseconds(time) - at) < 10 * MICROSECOND


def test_an_interrupted_measurement_is_repeated(clocks: Clocks) -> None:
    durations = iter([900_000, 40])

    def real_time() -> int:
        took = next(durations)
        clocks.now += took
        value = clocks.now + clocks.offset
        clocks.now += took // 100
        return value

    at, stamp = clocks.now, clocks.stamp()
    converter = StampConverter(real_time, clocks.monotonic)

    assert abs(nanoseconds(converter.to_monotonic(*stamp)) - at) < MICROSECOND
