"""The handshake over UDP, both sides, in virtual time."""

import errno
import heapq
from ipaddress import IPv4Address, IPv6Address
from math import inf
from random import Random

import pytest

from rawkit.engine.udp_handshake import Caller, datagram
from rawkit.engine.udp_handshake_callee import Callee
from rawkit.engine.udp_handshake_events import (
    Cause,
    Connected,
    Failed,
    HandshakeEvent,
    HandshakeSettings,
    Peer,
    Said,
)
from rawkit.errors import UsageError
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import SendFailed
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received
from rawkit.wire.udp_handshake import HandshakeMessage, Kind, parse

HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
HERE_6, THERE_6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
ROUTER = IPv4Address("192.0.2.254")
CALLER, CALLEE = (HERE, 40000), (THERE, 7000)
TOKEN = b"a token!"
SECRET = b"nobody knows"
SETTINGS = HandshakeSettings(wait=1.0, longest_wait=3.0, tries=4, linger=5.0)
DELAY = 0.05


def caller(token: bytes = TOKEN, local: tuple[Address, int] = CALLER) -> Caller:
    return Caller(local, CALLEE, token, SETTINGS)


def callee(*, wanted: int | None = None, most: int = 100) -> Callee:
    return Callee(CALLEE, SECRET, SETTINGS, wanted=wanted, most=most)


def came(packet: Packet, at: float, checksum: Checksum = Checksum.VALID) -> Received:
    return Received(packet, at, "eth0", Clock.KERNEL, checksum)


class Net:
    """Two engines and a network that loses, doubles and delays, by chance."""

    def __init__(self, seed: int, loss: float, doubles: float = 0.0, jitter: float = 0.0) -> None:
        self._random = Random(seed)
        self._loss, self._doubles, self._jitter = loss, doubles, jitter
        self.ends: dict[tuple[Address, int], Caller | Callee] = {
            CALLER: caller(),
            CALLEE: callee(),
        }
        self.events: dict[tuple[Address, int], list[HandshakeEvent]] = {CALLER: [], CALLEE: []}
        self._wakes: dict[tuple[Address, int], float | None] = {CALLER: 0.0, CALLEE: 0.0}
        self._way: list[tuple[float, int, tuple[Address, int], Packet]] = []
        self._count = 0
        self.now = 0.0

    def run(self) -> None:
        """Go on until nothing is due any more."""
        for _ in range(10_000):
            due = min((one for one in self._wakes.values() if one is not None), default=inf)
            arrival = self._way[0][0] if self._way else inf
            if min(due, arrival) == inf:
                return
            self.now = max(self.now, min(due, arrival))
            if arrival <= due:
                _, _, to, packet = heapq.heappop(self._way)
                self._step(to, came(packet, self.now))
                continue
            for end, at in list(self._wakes.items()):
                if at is not None and at <= self.now:
                    self._step(end, None)
        raise AssertionError("it does not come to an end")

    def _step(self, end: tuple[Address, int], news: Received | None) -> None:
        step = self.ends[end].step(self.now, news)
        self.events[end] += step.events
        self._wakes[end] = step.wake_at
        for packet in step.send:
            for _ in range(1 + (self._random.random() < self._doubles)):
                if self._random.random() >= self._loss:
                    self._count += 1
                    at = self.now + DELAY + self._random.random() * self._jitter
                    to = CALLEE if end == CALLER else CALLER
                    heapq.heappush(self._way, (at, self._count, to, packet))

    def connected(self, end: tuple[Address, int]) -> list[Connected]:
        return [one for one in self.events[end] if isinstance(one, Connected)]


def test_three_messages_connect_both_sides() -> None:
    net = Net(1, loss=0.0)

    net.run()

    for here, there in ((CALLER, CALLEE), (CALLEE, CALLER)):
        (found,) = net.connected(here)
        assert found.peer == Peer(*there, TOKEN)
        assert found.rtt == pytest.approx(2 * DELAY)
    assert net.ends[CALLER].report().sent == 2
    assert net.ends[CALLEE].report().sent == 1


@pytest.mark.parametrize("seed", range(100))
def test_whatever_the_network_does_nobody_connects_twice_or_to_nobody(seed: int) -> None:
    net = Net(seed, loss=0.3, doubles=0.2, jitter=2.0)

    net.run()

    ours, theirs = net.connected(CALLER), net.connected(CALLEE)
    assert len(ours) <= 1
    assert len(theirs) <= 1
    assert len(ours) >= len(theirs), "who confirms is connected"
    for one in ours + theirs:
        assert one.rtt is None or 2 * DELAY <= one.rtt <= 2 * DELAY + 4.0, "from what was answered"
    if not ours:
        failed = net.ends[CALLER].report().failed
        assert [one.cause for one in failed] == [Cause.SILENCE]


def test_nearly_all_connect_though_a_third_is_lost() -> None:
    nets = [Net(seed, loss=1 / 3) for seed in range(200)]

    for net in nets:
        net.run()

    assert sum(len(net.connected(CALLER)) for net in nets) >= 170
    assert sum(len(net.connected(CALLEE)) for net in nets) >= 160


def test_a_request_is_repeated_later_and_later_and_then_given_up() -> None:
    engine = caller()

    times: list[float] = []
    events: list[HandshakeEvent] = []
    now: float | None = 10.0
    while now is not None:
        step = engine.step(now)
        times.append(now)
        events += step.events
        now = step.wake_at

    assert times == [10.0, 11.0, 13.0, 16.0, 19.0]
    assert [type(one) for one in events] == [Said] * 4 + [Failed]
    assert events[-1] == Failed(Peer(*CALLEE, TOKEN), Cause.SILENCE)
    assert engine.report().repeated == 3


def test_a_reply_that_comes_by_itself_connects_and_measures_nothing() -> None:
    engine = caller()
    engine.step(0.0)

    step = engine.step(2.5, came(reply(0, 2), 2.5))

    assert step.events[-1] == Connected(Peer(*CALLEE, TOKEN), None)
    assert numbers(step.send[0]) == (Kind.CONFIRMATION, 0, 2)


def test_a_lost_confirmation_is_sent_again_for_each_reply() -> None:
    engine = caller()
    engine.step(0.0)
    first = engine.step(0.1, came(reply(1, 1), 0.1))
    again = engine.step(1.1, came(reply(1, 2), 1.1))

    assert numbers(first.send[0]) == (Kind.CONFIRMATION, 1, 1)
    assert numbers(again.send[0]) == (Kind.CONFIRMATION, 1, 2)
    assert [type(one) for one in again.events] == [Said], "it is connected already"
    assert engine.report().duplicates == 1


def test_a_caller_lingers_and_goes() -> None:
    engine = caller()
    engine.step(0.0)
    engine.step(0.1, came(reply(1, 1), 0.1))

    assert engine.step(2.0).wake_at == 5.1
    assert engine.step(5.1).wake_at is None


def test_the_round_trip_is_that_of_the_request_that_was_answered() -> None:
    engine = caller()
    engine.step(0.0)
    engine.step(1.0)
    engine.step(3.0)

    step = engine.step(3.5, came(reply(2, 1), 3.5))

    assert step.events[-1] == Connected(Peer(*CALLEE, TOKEN), 2.5)


@pytest.mark.parametrize(
    "wrong",
    [
        datagram(
            CALLEE,
            Peer(*CALLER, b"another!"),
            HandshakeMessage(Kind.REPLY, b"another!", TOKEN, 1, 1),
        ),
        datagram(CALLEE, Peer(*CALLER, TOKEN), HandshakeMessage(Kind.REPLY, TOKEN, TOKEN, 2, 1)),
        datagram(
            CALLEE, Peer(*CALLER, TOKEN), HandshakeMessage(Kind.CONFIRMATION, TOKEN, TOKEN, 1, 1)
        ),
        datagram(
            (ROUTER, 7000), Peer(*CALLER, TOKEN), HandshakeMessage(Kind.REPLY, TOKEN, TOKEN, 1, 1)
        ),
        datagram(
            (THERE, 7001), Peer(*CALLER, TOKEN), HandshakeMessage(Kind.REPLY, TOKEN, TOKEN, 1, 1)
        ),
    ],
    ids=["token", "never asked", "kind", "address", "port"],
)
def test_what_answers_no_request_of_ours_connects_nobody(wrong: Packet) -> None:
    engine = caller()
    engine.step(0.0)

    step = engine.step(0.1, came(wrong, 0.1))

    assert (step.send, step.events) == ((), ())
    assert engine.report().strange == 1


def test_a_damaged_reply_is_counted_and_dropped() -> None:
    engine = caller()
    engine.step(0.0)

    step = engine.step(0.1, came(reply(1, 1), 0.1, Checksum.BAD))

    assert step.events == ()
    assert engine.report().damaged == 1


def test_port_unreachable_ends_it_and_a_passing_error_does_not() -> None:
    engine = caller()
    asked = engine.step(0.0).send[0]
    passing = IPv4(ROUTER, HERE) / icmp.Unreachable(1) / asked
    final = IPv4(THERE, HERE) / icmp.Unreachable(3) / asked

    first = engine.step(0.1, came(passing, 0.1))
    second = engine.step(0.2, came(final, 0.2))

    assert first.events == ()
    assert isinstance(second.events[0], Failed)
    assert (second.events[0].cause, second.events[0].source) == (Cause.ICMP, THERE)
    assert second.wake_at is None


def test_an_error_about_somebody_else_is_none_of_ours() -> None:
    engine = caller()
    engine.step(0.0)
    other = datagram((HERE, 40001), Peer(*CALLEE, TOKEN), HandshakeMessage(Kind.REQUEST, TOKEN))

    step = engine.step(0.1, came(IPv4(THERE, HERE) / icmp.Unreachable(3) / other, 0.1))

    assert step.events == ()


def test_both_families_know_a_port_that_is_unreachable() -> None:
    engine = Caller((HERE_6, 40000), (THERE_6, 7000), TOKEN, SETTINGS)
    asked = engine.step(0.0).send[0]

    step = engine.step(0.1, came(IPv6(THERE_6, HERE_6) / icmpv6.Unreachable(4) / asked, 0.1))

    assert isinstance(step.events[0], Failed)


def test_what_the_kernel_does_not_send_ends_it_unless_that_passes() -> None:
    engine = caller()
    asked = engine.step(0.0).send[0]

    full = engine.step(0.1, SendFailed(asked, OSError(errno.ENOBUFS, "no room")))
    gone = engine.step(0.2, SendFailed(asked, OSError(errno.ENETUNREACH, "no way")))

    assert full.events == ()
    assert isinstance(gone.events[0], Failed)
    assert gone.events[0].cause is Cause.NOT_SENT


def test_a_reply_is_repeated_until_it_is_given_up() -> None:
    engine = callee()
    engine.step(0.0, came(request(), 0.0))

    times: list[float] = []
    failures: list[Failed] = []
    now = engine.step(0.0).wake_at
    while now is not None and now < inf:
        step = engine.step(now)
        times += [now] * len(step.send)
        failures += [one for one in step.events if isinstance(one, Failed)]
        now = step.wake_at

    assert times == [1.0, 3.0, 6.0]
    assert [one.cause for one in failures] == [Cause.SILENCE]
    assert engine.report().repeated == 3


def test_nobody_confirms_what_he_was_not_told() -> None:
    engine = callee()
    engine.step(0.0, came(request(), 0.0))
    guess = HandshakeMessage(Kind.CONFIRMATION, TOKEN, b"a guess!", 1, 1)

    step = engine.step(0.1, came(datagram(CALLER, Peer(*CALLEE, TOKEN), guess), 0.1))
    unasked = callee().step(0.1, came(datagram(CALLER, Peer(*CALLEE, TOKEN), guess), 0.1))

    assert step.events == unasked.events == ()
    assert engine.report().strange == 1


def test_a_belated_request_of_who_is_connected_is_not_answered() -> None:
    engine = callee()
    told = parse(engine.step(0.0, came(request(), 0.0)).send[0].payload)
    confirmed = HandshakeMessage(Kind.CONFIRMATION, TOKEN, told.callee, 1, 1)
    first = engine.step(0.1, came(datagram(CALLER, Peer(*CALLEE, TOKEN), confirmed), 0.1))

    belated = engine.step(0.2, came(request(), 0.2))
    doubled = engine.step(0.3, came(datagram(CALLER, Peer(*CALLEE, TOKEN), confirmed), 0.3))

    assert isinstance(first.events[0], Connected)
    assert (belated.send, belated.events, doubled.events) == ((), (), ())
    assert engine.report().duplicates == 2


def test_a_crowd_does_not_grow_the_memory() -> None:
    engine = callee(most=10)

    for number in range(1000):
        token = number.to_bytes(7, "big") + b"x"
        engine.step(0.0, came(request(token), 0.0))

    report = engine.report()
    assert len(report.failed) == 990
    assert {one.cause for one in report.failed} == {Cause.CROWD}
    assert len(engine.step(1.0).send) == 10, "the others are not replied to any more"


def test_a_callee_ends_when_enough_are_connected() -> None:
    engine = callee(wanted=1)
    told = parse(engine.step(0.0, came(request(), 0.0)).send[0].payload)
    confirmed = HandshakeMessage(Kind.CONFIRMATION, TOKEN, told.callee, 1, 1)

    step = engine.step(0.1, came(datagram(CALLER, Peer(*CALLEE, TOKEN), confirmed), 0.1))

    assert step.wake_at is None


@pytest.mark.parametrize("token", [b"short", bytes(8)])
def test_a_bad_token_is_refused(token: bytes) -> None:
    with pytest.raises(UsageError, match="a token has 8 octets"):
        caller(token)


@pytest.mark.parametrize(
    "settings", [{"tries": 0}, {"tries": 256}, {"wait": 0.0}, {"wait": 9.0, "longest_wait": 1.0}]
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        HandshakeSettings(**settings)  # type: ignore[arg-type]


def request(token: bytes = TOKEN) -> Packet:
    return datagram(CALLER, Peer(*CALLEE, token), HandshakeMessage(Kind.REQUEST, token))


def reply(asked: int, replied: int) -> Packet:
    message = HandshakeMessage(Kind.REPLY, TOKEN, b"theirs..", asked, replied)
    return datagram(CALLEE, Peer(*CALLER, TOKEN), message)


def numbers(packet: Packet) -> tuple[Kind, int, int]:
    message = parse(packet.payload)
    return message.kind, message.asked, message.replied
