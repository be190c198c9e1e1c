"""What RFC 9293 and its companions say, one behaviour a script; and that no state is forgotten."""

import pytest

from tests.tcp.packet_script import names, play


@pytest.mark.parametrize("name", names())
def test_a_connection_does_what_the_script_says(name: str) -> None:
    play(name)
