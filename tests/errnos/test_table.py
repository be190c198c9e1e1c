"""Every meaning in the table is one that the running kernel gives, or says why it is not tried."""

import errno
import os
import re
import socket
from collections import Counter
from contextlib import ExitStack

import pytest

from rawkit.errnos import table
from rawkit.errnos.meaning import KINDS, Meaning
from rawkit.errnos.table import CALLS, call_of, explain, kind_for, meaning, meanings_of, name_of
from rawkit.errors import UsageError
from tests.errnos.provoking import WAYS

MEMORY = "the kernel would have to run out of memory"
UNTRIED = {
    "socket EPROTONOSUPPORT ping": "it takes a kernel that is built without",
    "socket EPROTONOSUPPORT mptcp": "it takes a kernel that is built without",
    "socket ENFILE": "it takes the files of the whole machine",
    "socket ENOBUFS": MEMORY,
    "socket ENOMEM": MEMORY,
    "accept ECONNABORTED": "Linux hands such connections out, as a test below shows",
    "accept ENFILE": "it takes the files of the whole machine",
    "accept ENOBUFS": MEMORY,
    "accept ENOMEM": MEMORY,
    "connect ETIMEDOUT vsock": "it takes a virtual machine of one's own",
    "connect ECONNRESET vsock": "it takes a virtual machine of one's own",
    "connect EPERM": "it takes a security module, or a cgroup of one's own",
    "send ENOBUFS": MEMORY,
    "recv EMSGSIZE udp": "tests/errnos/test_icmp.py",
    "recv EHOSTUNREACH": "tests/errnos/test_icmp.py",
}


def name(one: Meaning) -> str:
    return " ".join((one.call, name_of(one.number), *one.kinds))


TABLE = table.table()
IDS = [name(one) for one in TABLE]


@pytest.mark.netns
@pytest.mark.parametrize("one", [pytest.param(one, id=name(one)) for one in TABLE])
def test_the_kernel_gives_the_errno_for_what_the_table_says(one: Meaning) -> None:
    if name(one) in UNTRIED:
        assert name(one) not in WAYS
        return
    with ExitStack() as stack, pytest.raises(OSError) as caught:  # noqa: PT011  # by number
        WAYS[name(one)](stack)

    assert (caught.value.errno, name_of(caught.value.errno or 0)) == (
        one.number,
        name_of(one.number),
    )


def test_nothing_is_tried_that_the_table_does_not_tell_of() -> None:
    assert {*WAYS, *UNTRIED} - {*IDS} == set()


def test_an_errno_has_one_meaning_for_each_call_and_kind() -> None:
    found = Counter((one.number, one.call, kind) for one in TABLE for kind in one.kinds or ("",))

    assert [what for what, count in found.items() if count > 1] == []


@pytest.mark.parametrize("one", TABLE, ids=IDS)
def test_a_meaning_is_a_clause_that_fits_behind_a_colon(one: Meaning) -> None:
    assert one.call in CALLS
    assert set(one.kinds) <= set(KINDS)
    for words in filter(None, (one.says, one.way_out)):
        assert words.isprintable()
        assert words == words.strip()
        assert not words.endswith((".", ":"))
    assert not re.match(r"[A-Z][a-z]", one.says)


def test_a_connection_reset_before_it_is_accepted_is_handed_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        early = socket.create_connection(server.getsockname())
        early.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        early.close()

        accepted, _ = server.accept()

        with accepted, pytest.raises(ConnectionResetError):
            accepted.recv(1)


@pytest.mark.parametrize(
    ("number", "call", "kind", "line"),
    [
        (
            errno.ECONNREFUSED,
            "connect",
            "unix",
            "connection refused (ECONNREFUSED): nobody listens there: the server has ended and left"
            " the file behind, or the file is no socket; of an abstract name, nobody has it (try:"
            " start the server; ss -lx lists those that listen)",
        ),
        (
            errno.EAFNOSUPPORT,
            "bind",
            None,
            "address family not supported by protocol (EAFNOSUPPORT): the address is of another"
            " family than the socket",
        ),
        (
            errno.EBADF,
            "send",
            "tcp",
            "bad file descriptor (EBADF): the descriptor is not open: closed already, perhaps by"
            " another thread (try: look for a second close; soon the number may stand for"
            " something else)",
        ),
        (
            errno.ENONET,
            "recv",
            "udp",
            "machine is not on the network (ENONET): an ICMP error says so (try: rawkit errno"
            " ENONET)",
        ),
        (errno.EXDEV, "send", None, "invalid cross-device link (EXDEV)"),
        (99_999, "send", None, "unknown error 99999 (99999)"),
    ],
)
def test_an_errno_is_explained_in_a_line(
    number: int, call: str, kind: str | None, line: str
) -> None:
    assert explain(number, call, kind) == line


def test_the_kind_of_socket_decides_which_meaning_it_is() -> None:
    found = {
        kind: meaning(errno.EADDRINUSE, "bind", kind) for kind in (None, "mptcp", "unix", "packet")
    }

    assert {kind: one and one.kinds for kind, one in found.items()} == {
        None: (),
        "mptcp": ("tcp", "udp"),
        "unix": ("unix",),
        "packet": (),
    }
    assert meaning(errno.EPROTOTYPE, "connect", "tcp") is None


def test_what_is_true_of_any_call_belongs_to_each() -> None:
    assert errno.EINTR in {one.number for one in meanings_of(call="recv")}


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.EOPNOTSUPP, "EOPNOTSUPP"),
        (errno.EWOULDBLOCK, "EAGAIN"),
        (errno.EPERM, "EPERM"),
        (12_345, "12345"),
    ],
)
def test_a_number_has_its_usual_name(number: int, word: str) -> None:
    assert name_of(number) == word


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("ECONNREFUSED", errno.ECONNREFUSED),
        ("econnrefused", errno.ECONNREFUSED),
        ("ENOTSUP", errno.EOPNOTSUPP),
        ("111", 111),
    ],
)
def test_an_errno_is_found_by_name_or_number(word: str, number: int) -> None:
    assert table.number_of(word) == number


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("ECONREFUSED", "no errno is called 'ECONREFUSED' (did you mean ECONNREFUSED?)"),
        ("0", "no errno has the number 0"),
        ("99999", "no errno has the number 99999"),
        ("9" * 30, f"no errno has the number {'9' * 30}"),
        ("errorcode", "no errno is called 'errorcode'"),
        ("", "no errno is called ''"),
        ("-1", "no errno is called '-1'"),
    ],
)
def test_what_is_no_errno_is_refused(word: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        table.number_of(word)

    assert str(caught.value) == why


def test_calls_with_the_same_errors_go_by_one_name() -> None:
    assert (call_of("sendmsg"), call_of("read"), call_of("accept4")) == ("send", "recv", "accept")
    with pytest.raises(UsageError, match=r"no call 'open': one of socket, bind, listen"):
        call_of("open")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP), "tcp"),
        ((socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_MPTCP), "mptcp"),
        ((socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_UDP), "udp"),
        ((socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6), "ping"),
        ((socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), "raw"),
        ((socket.AF_UNIX, socket.SOCK_SEQPACKET, 0), "unix"),
        ((socket.AF_PACKET, socket.SOCK_DGRAM, 0), "packet"),
        ((socket.AF_VSOCK, socket.SOCK_STREAM, 0), "vsock"),
        ((socket.AF_NETLINK, socket.SOCK_SEQPACKET, 0), None),
    ],
)
def test_a_socket_has_a_kind(arguments: tuple[int, int, int], kind: str | None) -> None:
    assert kind_for(*arguments) == kind


def test_the_words_of_the_c_library_come_first() -> None:
    assert table.said(errno.EPIPE) == f"{os.strerror(errno.EPIPE).lower()} (EPIPE)"
