"""The table of all socket options says what the kernel's headers, and the kernel, say."""

import os
import re
import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from rawkit.errors import UsageError
from rawkit.host import calls
from rawkit.sockets.known.option import CHOICES, FORMS, KnownOption
from rawkit.sockets.known.table import LEVELS, find, table
from rawkit.sockets.options import OPTIONS
from tests.sockets.test_options import defined

MORE = [Path("/usr/include/linux") / f"{name}.h" for name in ("tcp", "udp", "vm_sockets", "mptcp")]
DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)\s+(0x[0-9a-fA-F]+|\d+)\b", re.MULTILINE)
KINDS = [
    (socket.AF_INET, socket.SOCK_STREAM, 0),
    (socket.AF_INET6, socket.SOCK_STREAM, 0),
    (socket.AF_INET6, socket.SOCK_DGRAM, 0),
    (socket.AF_INET, socket.SOCK_DGRAM, 0),
    (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6),
    (socket.AF_UNIX, socket.SOCK_STREAM, 0),
    (socket.AF_PACKET, socket.SOCK_RAW, 0),
    (socket.AF_VSOCK, socket.SOCK_STREAM, 0),
    (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_MPTCP),
]
ABSENT = ("Protocol not available", "Operation not supported")
UNSEEN = {"SO_PEERSEC": "it takes a security module that labels sockets"}


def numbers() -> dict[str, int]:
    text = "\n".join(path.read_text() for path in MORE if path.exists())
    return {**defined(), **{name: int(number, 0) for name, number in DEFINE.findall(text)}}


HEADERS = numbers()


@pytest.mark.parametrize("known", table(), ids=lambda known: known.name)
def test_an_option_has_the_number_of_the_headers(known: KnownOption) -> None:
    names = (known.name, f"{known.name}_OLD")
    found = next((HEADERS[name] for name in names if name in HEADERS), None)
    if found is None:
        pytest.skip("the headers of this machine are older, or there are none")

    assert known.option.number == found


@pytest.mark.netns
@pytest.mark.parametrize(
    "known", [one for one in table() if one.access in ("r", "rw")], ids=lambda known: known.name
)
def test_a_kernel_that_is_new_enough_has_the_option(known: KnownOption) -> None:
    if known.name in UNSEEN:
        pytest.skip(UNSEEN[known.name])
    if version(known.option.since) > version(os.uname().release):
        pytest.skip(f"this kernel is older than {known.option.since}")
    said = []
    with ExitStack() as stack:
        for kind in KINDS:
            try:
                sock = stack.enter_context(socket.socket(*kind))
            except OSError:
                continue
            said.append(answer(sock, known))

    assert set(said) - set(ABSENT)


def answer(sock: socket.socket, known: KnownOption) -> str:
    try:
        calls.getsockopt(sock.fileno(), known.option.level, known.option.number, 512)
    except OSError as error:
        return os.strerror(error.errno or 0)
    return ""


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def test_every_option_has_one_name_and_one_number() -> None:
    assert max(Counter(one.name for one in table()).values()) == 1
    places = Counter((one.option.level, one.option.number) for one in table())
    assert max(places.values()) == 1


def test_what_the_sockets_of_this_room_use_is_in_the_table() -> None:
    assert {option.name for option in OPTIONS} <= {one.name for one in table()}


@pytest.mark.parametrize("known", table(), ids=lambda known: known.name)
def test_an_option_is_described(known: KnownOption) -> None:
    assert known.form in FORMS
    assert known.access in ("r", "w", "rw", "take")
    assert known.option.level in LEVELS
    assert known.about.isprintable()
    assert not known.about.endswith(".")
    assert re.fullmatch(r"(\d+(\.\d+)*)?", known.option.since)
    assert (known.choices is not None) == (known.name in CHOICES)
    assert (known.form in ("choice", "flags")) == (known.choices is not None)


def test_names_of_values_belong_to_options() -> None:
    assert set(CHOICES) <= {one.name for one in table()}


@pytest.mark.parametrize("word", ["TCP_NODELAY", "tcp_nodelay", "SO_RCVBUF", "packet_version"])
def test_an_option_is_found_by_its_name(word: str) -> None:
    assert find(word).name == word.upper()


@pytest.mark.parametrize(
    ("word", "way_out"),
    [
        ("NODELAY", "did you mean TCP_NODELAY?"),
        ("TCP_NODELY", "did you mean TCP_NODELAY?"),
        ("KEEPALIVE", "did you mean SO_KEEPALIVE?"),
        ("MTU_DISCOVER", "did you mean IP_MTU_DISCOVER or IPV6_MTU_DISCOVER?"),
        ("", "rawkit sockopt --list"),
        ("X", "rawkit sockopt --list"),
    ],
)
def test_a_name_that_is_none_is_refused_with_those_that_are_like_it(
    word: str, way_out: str
) -> None:
    with pytest.raises(UsageError) as caught:
        find(word)

    assert str(caught.value) == f"no socket option is called {word!r} ({way_out})"
