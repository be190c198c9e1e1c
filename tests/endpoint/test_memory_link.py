"""A cable in memory whose ends are driven by two threads."""

import os
import threading

import pytest

from rawkit.endpoint import memory_link
from rawkit.endpoint.memory_link import cable
from rawkit.tcp.codec import Writer
from rawkit.tcp.segment import ACK, Segment
from tests.endpoint.hosts import FLOW


def test_what_comes_while_the_cable_is_pulled_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = cable()
    errors: list[OSError] = []

    def send() -> None:
        try:
            one.send(Writer(FLOW), [Segment(ACK, 1)])
        except OSError as error:
            errors.append(error)

    sender = threading.Thread(target=send)

    def close_slowly(fd: int) -> None:
        os.close(fd)
        sender.start()
        sender.join(0.1)

    class SlowOs:
        close = staticmethod(close_slowly)
        eventfd_write = staticmethod(os.eventfd_write)

    monkeypatch.setattr(memory_link, "os", SlowOs)
    other.close()
    sender.join()
    monkeypatch.undo()
    one.close()

    assert errors == []
    assert other.receive(10) == []
