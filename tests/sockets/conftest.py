"""A host of its own for each test: loopback up, ping sockets open to all."""

import subprocess
from collections.abc import Iterator

import pytest

from rawkit.lab.namespace import Namespace


@pytest.fixture
def host() -> Iterator[Namespace]:
    with Namespace("host") as host, host.popen(["ip", "link", "set", "lo", "up"]) as setting:
        assert setting.wait() == 0
        host.sysctl("net.ipv4.ping_group_range", "0 2147483647")
        yield host
