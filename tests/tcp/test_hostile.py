"""Segments that nobody in his right mind sends: nothing raises, and the books stay right."""

from random import Random

import pytest

from rawkit.tcp.icmp import Advice
from rawkit.tcp.segment import ACK, FIN, PSH, RST, SYN, WRAP, Segment
from rawkit.tcp.state import State
from rawkit.testing.tcp_pair import End, Pair
from rawkit.wire import icmp
from tests.tcp.invariants import check
from tests.tcp.packet_script import FLOW, SCRIPTS, Play, lines_of

BEGINNINGS = sorted(path.stem for path in (SCRIPTS / "common").glob("*.pkt"))
"""A script that leads to each state, and some with options."""
BODY = Random(3).randbytes(60_000)


def any_options(random: Random) -> bytes:
    """Return octets where options are: mostly nonsense, some of it well formed."""
    return random.choice(
        (
            b"",
            b"",
            random.randbytes(4 * random.randrange(10)),
            bytes((1, 1, 8, 10)) + random.randbytes(8),
            bytes((1, 1, 5, 10)) + random.randbytes(8),
            bytes((2, 4)) + random.randbytes(2),
            bytes((3, 3, random.randrange(256), 0)),
        )
    )


def any_segment(random: Random, played: Play) -> Segment:
    """Return a segment whose numbers are often near those that would be right."""
    b = played.connection.block
    far = random.getrandbits(32)
    near = random.choice((0, 0, 0, 1, -1, 100, -100, b.settings.window, 1 << 31, far))
    acked = random.choice((b.snd_una, b.snd_nxt, b.snd_max + 1, b.snd_una - 1, far))
    return Segment(
        random.choice((ACK, ACK, ACK | PSH, ACK | FIN, random.getrandbits(8))),
        b.rcv_nxt + near & WRAP,
        acked & WRAP,
        random.choice((0, 1, 1000, 0xFFFF)),
        any_options(random),
        random.randbytes(random.choice((0, 0, 1, 100, 1460))),
        random.getrandbits(16),
        random.getrandbits(2),
    )


def act(random: Random, played: Play) -> None:
    """Do something that a user, the network or time may do."""
    connection = played.connection
    match random.randrange(8):
        case 0:
            played.now += random.choice((0.0, 0.01, 0.3, 5.0, 100.0))
            connection.tick(played.now)
        case 1 if connection.state is State.ESTABLISHED:
            connection.write(random.randbytes(random.randrange(3000)))
        case 2:
            connection.read(random.randrange(3000))
        case 3:
            sequence = connection.block.snd_una + random.choice((0, 1, 5000)) & WRAP
            message = icmp.Unreachable(code=random.randrange(16))
            mtu = random.choice((None, 0, 68, 600, 70_000))
            connection.advise(played.now, Advice(message, sequence, mtu))
        case _:
            segment = any_segment(random, played)
            if not connection.gives_way(segment):
                connection.arrive(played.now, segment, FLOW)


@pytest.mark.parametrize("begins", BEGINNINGS)
def test_no_segment_raises_anything_in_any_state(begins: str) -> None:
    lines = lines_of(SCRIPTS / "common" / f"{begins}.pkt")
    for seed in range(100):
        random = Random(seed)
        played = Play([*lines])
        played.run()
        for _ in range(40):
            act(random, played)
            sent = played.connection.outgoing(played.now)
            played.connection.take_events()
            check(played.connection.block)
            assert len(sent) <= 100
        assert played.connection.info(played.now).unread <= 65_535


class Blind:
    """Somebody who sees nothing, and puts segments of his own between those of a pair."""

    def __init__(self, pair: Pair, seed: int) -> None:
        self._pair = pair
        self._random = Random(seed)
        self.count = 0

    def disturb(self, end: End) -> None:
        """Have an end get a segment with numbers that are guessed, and wrong."""
        b = end.connection.block
        if not b.open:
            return
        guessed = b.rcv_nxt + self._random.randrange(1, 1 << 32) & WRAP
        flags = self._random.choice((RST, RST | ACK, SYN, SYN | ACK, ACK))
        payload = b"injected" if flags == ACK else b""
        if payload and (guessed - b.rcv_nxt) & WRAP < b.settings.window:
            return  # in the window: with timestamps that is dropped, without it is a matter of luck
        ack = b.snd_una + self._random.getrandbits(32) & WRAP
        end.connection.arrive(self._pair.now, Segment(flags, guessed, ack, 1000, b"", payload))
        self.count += 1


@pytest.mark.parametrize("seed", range(4))
def test_blind_injection_neither_breaks_nor_changes_a_connection(seed: int) -> None:
    pair = Pair(seed=seed)
    pair.client.to_write, pair.server.to_write = BODY, BODY[::-1]
    pair.client.closes = pair.server.closes = "at once"
    blind = Blind(pair, seed)
    pair.watch = blind.disturb
    pair.open()

    assert pair.run()

    assert blind.count > 30
    assert bytes(pair.server.received) == BODY
    assert bytes(pair.client.received) == BODY[::-1]


def test_what_contradicts_octets_that_came_first_is_left_out() -> None:
    played = Play(lines_of(SCRIPTS / "common" / "established.pkt"))
    played.run()
    connection, now = played.connection, played.now

    connection.arrive(now, Segment(ACK, 5011, 1001, 1000, b"", b"second...."))
    connection.arrive(now, Segment(ACK, 5006, 1001, 1000, b"", b"XXXXXXXXXX"))
    connection.arrive(now, Segment(ACK, 5001, 1001, 1000, b"", b"first"))

    assert connection.read() == b"firstXXXXXsecond...."


def test_crumbs_beyond_gaps_take_bounded_memory() -> None:
    played = Play(lines_of(SCRIPTS / "common" / "established.pkt"))
    played.run()

    for number in range(5000, 60_000, 2):
        played.connection.arrive(played.now, Segment(ACK, 5001 + number, 1001, 1000, b"", b"x"))
        played.connection.outgoing(played.now)

    b = played.connection.block
    check(b)
    assert len(b.queue) <= 1024
