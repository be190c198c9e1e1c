"""What a host tells its watchdog."""

from typing import Any, cast

from rawkit.endpoint.host import Host
from rawkit.endpoint.memory_link import cable
from rawkit.tcp.codec import Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from rawkit.tcp.segment import ACK, RST, SYN, WRAP, Segment
from tests.endpoint.hosts import HERE, PORT, SECRET, THERE


class Notes:
    """A watchdog that only keeps the books."""

    def __init__(self) -> None:
        self.rows: dict[bytes, int] = {}

    def note(self, _: Flow, key: bytes, following: int) -> None:
        self.rows[key] = following

    def forget(self, key: bytes) -> None:
        self.rows.pop(key, None)

    def close(self) -> None:
        self.rows.clear()


def test_the_watchdog_knows_a_connection_of_a_cookie_though_it_took_the_place_of_another() -> None:
    client, server = cable()
    notes = Notes()
    host = Host(server, None, secret=SECRET, watchdog=cast("Any", notes))
    host.listen(THERE, PORT, Listener(half_open=1))
    first, second = Flow(HERE, 1001, THERE, PORT), Flow(HERE, 1002, THERE, PORT)

    def told(flow: Flow, segment: Segment) -> list[Segment]:
        client.send(Writer(flow), [segment])
        host.turn()
        return [one for _, one in client.receive(10)]

    told(first, Segment(SYN, 7000, window=1000))
    (by_cookie,) = told(second, Segment(SYN, 7000, window=1000))
    told(first, Segment(RST, 7001))
    assert notes.rows == {}
    told(second, Segment(SYN, 7000, window=1000))  # now there is room to remember it
    told(second, Segment(ACK, 7001, by_cookie.sequence + 1 & WRAP, 1000))

    (connection,) = host.stack.connections.values()
    assert connection.is_open
    assert notes.rows == {connection.key: by_cookie.sequence + 1 & WRAP}
    host.close()
