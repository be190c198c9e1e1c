"""The held ends of cables: what comes in has the time at which the kernel got it."""

import socket
import time
from collections.abc import Iterator

import pytest

from rawkit.lab import veth
from rawkit.lab.far_side import FarSide
from rawkit.lab.namespace import SILENT, Namespace, write_sysctls
from rawkit.lab.ready import wait_ready

pytestmark = pytest.mark.netns

FRAME = bytes.fromhex("0200 5e10 0001 0200 5e10 0002 88b5") + bytes(46)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, FarSide]]:
    """A packet socket on the near end of a cable, and its far side."""
    with Namespace("near") as near, Namespace("far") as far:
        for node in (near, far):
            node.run(write_sysctls, SILENT)
        veth.connect(near, "near", far, "far")
        for node, name in ((near, "near"), (far, "far")):
            veth.set_up(node, name, 1500)
        with near.here():
            wait_ready(["near"], ipv6=False)
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sock.bind(("near", 0))
        side = FarSide(far, ["far"], 1500)
        with sock:
            yield sock, side
        side.close()


def test_a_frame_has_the_time_between_its_sending_and_its_reading(
    ends: tuple[socket.socket, FarSide],
) -> None:
    near, far = ends

    before = time.monotonic()
    near.send(FRAME)
    ((at, port, frame),) = far.receive()

    assert before <= at <= time.monotonic()
    assert (port, frame) == (0, FRAME)


def test_a_frame_that_comes_while_another_is_looked_at_is_not_put_early(
    ends: tuple[socket.socket, FarSide],
) -> None:
    near, far = ends
    near.send(FRAME)
    coming = far.receive()
    next(coming)

    time.sleep(0.005)
    before = time.monotonic()
    near.send(FRAME)
    at, _, _ = next(coming)

    assert before <= at <= time.monotonic()
