"""The kernel's sockets keep what every packet pipe promises."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.sockets.ladder import open_echo
from rawkit.sockets.merged import Merged
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.settings import Settings
from tests.contract.packet_io import CHECKS, Check, Subject, echo_requests

pytestmark = pytest.mark.netns

IDENTIFIER = 4660
LOCAL = {4: ip_address("127.0.0.1"), 6: ip_address("::1")}


def single(version: int, **wanted: object) -> Callable[[], PacketIO]:
    settings = Settings(**wanted)  # type: ignore[arg-type]  # keywords of the table below
    return lambda: open_echo(version, IDENTIFIER, settings)


def both() -> PacketIO:
    return Merged([open_echo(version, IDENTIFIER, Settings()) for version in (4, 6)])


PIPES = [
    *(
        pytest.param(single(version, kind=kind), version, id=f"{kind}-v{version}")
        for version in (4, 6)
        for kind in ("ping", "raw")
    ),
    pytest.param(single(4, transmit_stamps=False), 4, id="no-stamps"),
    pytest.param(both, 4, id="merged-v4"),
    pytest.param(both, 6, id="merged-v6"),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(("open_pipe", "version"), PIPES)
def test_kernel_socket(
    check: Check, open_pipe: Callable[[], PacketIO], version: int, host: Namespace
) -> None:
    with host.here():
        io = open_pipe()
    try:
        check(Subject(io, echo_requests(LOCAL[version], LOCAL[version], IDENTIFIER)))
    finally:
        io.close()
