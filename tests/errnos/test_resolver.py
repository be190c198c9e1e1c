"""The errors of names have the numbers of this machine, and words of their own."""

import re
import socket
from pathlib import Path

import pytest

from rawkit.errnos.resolver import EVERY, GETADDRINFO, GETHOSTBYNAME, ResolverError, cause_of, find
from rawkit.errors import UsageError

NETDB = Path("/usr/include/netdb.h")


@pytest.mark.parametrize("one", GETADDRINFO, ids=lambda one: one.name)
def test_an_error_of_getaddrinfo_has_the_number_that_python_knows(one: ResolverError) -> None:
    assert one.number == getattr(socket, one.name)


def test_every_error_that_python_knows_is_there() -> None:
    known = {name for name in vars(socket) if name.startswith("EAI_")} - {"EAI_MAX"}

    assert {one.name for one in GETADDRINFO} == known


@pytest.mark.parametrize("one", GETHOSTBYNAME, ids=lambda one: one.name)
def test_an_older_error_has_the_number_of_the_c_library(one: ResolverError) -> None:
    if not NETDB.exists():
        pytest.skip("no headers of the C library on this machine")

    assert re.search(rf"define\s+{one.name}\s+{one.number}\b", NETDB.read_text())


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("localhost", "nosuchservice"), "EAI_SERVICE"),
        (("localhost", 80, socket.AF_INET, socket.SOCK_STREAM, 17), "EAI_SOCKTYPE"),
        (("localhost", 80, 99), "EAI_FAMILY"),
        (("::1", 80, socket.AF_INET), "EAI_ADDRFAMILY"),
        (("127.0.0.1", 80, 0, 0, 0, 1 << 20), "EAI_BADFLAGS"),
        (("a name", 80, 0, 0, 0, socket.AI_NUMERICHOST), "EAI_NONAME"),
    ],
)
def test_the_resolver_gives_the_error_that_the_table_tells_of(
    arguments: tuple[str, int], name: str
) -> None:
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo(*arguments)

    assert caught.value.errno == find(name).number


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_an_error_is_found_by_its_name(one: ResolverError) -> None:
    assert find(one.name.lower()) is one


def test_a_name_that_is_almost_one_is_suggested() -> None:
    with pytest.raises(UsageError, match=r"'EAI_NAME' \(did you mean EAI_NONAME\?\)"):
        find("EAI_NAME")


def test_the_version_of_ip_that_was_asked_for_is_named() -> None:
    assert cause_of(socket.EAI_NODATA, 6) == "the name has no IPv6 address"
    assert cause_of(socket.EAI_NODATA) == "the name has no address"
    assert cause_of(-99) == "resolver error -99"
