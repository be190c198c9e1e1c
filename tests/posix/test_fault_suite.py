"""Every model of a server, at every kind of address, stands every fault."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from rawkit.errors import RawkitError
from rawkit.posix import faults
from rawkit.posix.faults import DATAGRAMS as DATAGRAM_FAULTS
from rawkit.posix.faults import ENDINGS, Fault, Subject
from rawkit.posix.faults import STREAMS as STREAM_FAULTS
from tests.posix.served import DATAGRAMS, MODELS, POST_MODELS, STREAMS, served, subject_of

pytestmark = pytest.mark.netns

GRACE = 0.2
"""Seconds: a test of the end of it takes as long."""


@pytest.fixture(
    scope="module", params=[(m, kind) for m in MODELS for kind in STREAMS], ids="-".join
)
def stream(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A server of connections, the same for all faults that leave it as it was."""
    model, kind = request.param
    with served(model, STREAMS[kind]) as server:
        yield subject_of(server)


@pytest.fixture(
    scope="module", params=[(m, kind) for m in POST_MODELS for kind in DATAGRAMS], ids="-".join
)
def post(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A server of datagrams."""
    model, kind = request.param
    with served(model, DATAGRAMS[kind]) as server:
        yield subject_of(server)


def must_stand(fault: Fault, subject: Subject) -> None:
    finding = faults.attempt(fault, subject)

    if finding.passed is None:
        return  # such a fault says nothing about such an address
    assert finding.passed, finding.said


@pytest.mark.parametrize("fault", STREAM_FAULTS, ids=lambda one: one.name)
def test_a_server_of_connections_stands_it(fault: Fault, stream: Subject) -> None:
    must_stand(fault, stream)


@pytest.mark.parametrize("fault", DATAGRAM_FAULTS, ids=lambda one: one.name)
def test_a_server_of_datagrams_stands_it(fault: Fault, post: Subject) -> None:
    must_stand(fault, post)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["tcp4", "unix"])
@pytest.mark.parametrize("fault", ENDINGS, ids=lambda one: one.name)
def test_a_server_ends_as_it_should(fault: Fault, kind: str, model: str) -> None:
    killed = pytest.raises(RawkitError, match="signal 9")
    expected = killed if fault.name == "killed" else nullcontext()
    with expected, served(model, STREAMS[kind], GRACE) as server:
        must_stand(fault, subject_of(server, GRACE))
