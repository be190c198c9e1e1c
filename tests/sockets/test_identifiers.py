"""Identifiers do not repeat, neither here nor in a forked child."""

import os

from rawkit.sockets.identifiers import next_identifier


def test_no_identifier_comes_twice_before_all_have_come() -> None:
    given = [next_identifier() for _ in range(0xFFFF)]

    assert set(given) == set(range(1, 0x10000))
    assert next_identifier() == given[0]


def test_a_forked_child_does_not_go_on_counting_with_its_parent() -> None:
    def in_child() -> int:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, next_identifier().to_bytes(2, "big"))
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            return int.from_bytes(answer.read(), "big")

    assert len({in_child() for _ in range(4)}) > 1
