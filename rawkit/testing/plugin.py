"""pytest in a network of its own: no root needed, nothing to clean up, nobody disturbed.

With ``rawkit_netns = true`` in the configuration (or ``--rawkit-netns``) pytest moves into
fresh user, network and mount namespaces before it collects anything. Tests marked
``netns`` and the fixtures ``lab``, ``pair``, ``line``, ``star``, ``diamond`` and ``lossy``
work there; elsewhere they are skipped, or, if the environment variable
``RAWKIT_REQUIRE`` contains ``netns``, they fail.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rawkit.lab import Lab

REQUIRE = "RAWKIT_REQUIRE"
REASON = pytest.StashKey[str]()
"""Why there are no namespaces of our own; empty: there are."""
NOT_ASKED = "say rawkit_netns = true in the configuration of pytest, or --rawkit-netns"

LabFactory = Callable[..., "Lab"]
"""What the fixtures give: call it for a lab that ends with the test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--rawkit-netns`` and ``rawkit_netns``."""
    words = "run all tests in fresh user, network and mount namespaces"
    parser.getgroup("rawkit").addoption("--rawkit-netns", action="store_true", help=words)
    parser.addini("rawkit_netns", words, type="bool", default=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config,
) -> Generator[None, object, object]:
    """Move into namespaces: before output is captured, and before anything is imported."""
    early_config.stash[REASON] = NOT_ASKED
    if early_config.known_args_namespace.rawkit_netns or early_config.getini("rawkit_netns"):
        early_config.stash[REASON] = _enter()
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    config.addinivalue_line("markers", "netns: needs network namespaces of its own")
    config.addinivalue_line(
        "markers", "needs_capability(name, ...): needs these capabilities(7), e.g. NET_RAW"
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say where the tests run."""
    reason = config.stash.get(REASON, NOT_ASKED)
    if reason == NOT_ASKED:
        return None
    return f"rawkit: {reason or 'in network namespaces of its own'}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot work here, or fail it if it is required."""
    if item.get_closest_marker("netns") is not None:
        _need_netns(item.config)
    for marker in item.iter_markers("needs_capability"):
        for name in marker.args:
            _need_capability(name)


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[LabFactory]:
    """A factory of empty labs."""
    yield from _factory(request, "Lab")


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> Iterator[LabFactory]:
    """A factory of labs with two hosts on one cable."""
    yield from _factory(request, "pair")


@pytest.fixture
def line(request: pytest.FixtureRequest) -> Iterator[LabFactory]:
    """A factory of paths over routers."""
    yield from _factory(request, "line")


@pytest.fixture
def star(request: pytest.FixtureRequest) -> Iterator[LabFactory]:
    """A factory of hosts on one switch."""
    yield from _factory(request, "star")


@pytest.fixture
def diamond(request: pytest.FixtureRequest) -> Iterator[LabFactory]:
    """A factory of equally good paths."""
    yield from _factory(request, "diamond")


@pytest.fixture
def lossy(request: pytest.FixtureRequest) -> Iterator[LabFactory]:
    """A factory of pairs on a bad line."""
    yield from _factory(request, "lossy")


def _factory(request: pytest.FixtureRequest, name: str) -> Iterator[LabFactory]:
    _need_netns(request.config)
    from rawkit import lab

    make: LabFactory = getattr(lab, name)
    with ExitStack() as labs:
        yield lambda *args, **options: labs.enter_context(make(*args, **options))


def _enter() -> str:
    """Enter namespaces unless we are there; return why not, or nothing."""
    from rawkit.errors import LabError
    from rawkit.lab.refusal import threads
    from rawkit.lab.userns import OUTCOME, enter, enter_and_exec, is_mark, mark

    said = os.environ.get(OUTCOME, "")
    if said == mark():
        return ""  # started over, or a worker of pytest-xdist
    if said and not is_mark(said):
        return said  # it was tried already
    _keep_user_name()
    if threads() > 1:
        enter_and_exec([sys.executable, *sys.orig_argv[1:]])
    try:
        enter()
    except LabError as error:
        os.environ[OUTCOME] = str(error)
        return str(error)
    os.environ[OUTCOME] = mark()
    return ""


def _keep_user_name() -> None:
    """Let us stay who we are by name: temporary folders are called after it."""
    import getpass

    if not any(os.environ.get(name) for name in ("LOGNAME", "USER", "LNAME", "USERNAME")):
        with suppress(KeyError, OSError):  # a user without a name
            os.environ["USER"] = getpass.getuser()


def _need_netns(config: pytest.Config) -> None:
    if reason := config.stash.get(REASON, NOT_ASKED):
        _miss("netns", f"needs network namespaces of its own: {reason}")


def _need_capability(name: str) -> None:
    from rawkit.host.capability import has, parse

    capability = parse(name)
    if not has(capability):
        _miss(capability.name.lower(), f"needs {capability.kernel_name}")


def _miss(what: str, reason: str) -> None:
    if what in os.environ.get(REQUIRE, "").replace(",", " ").lower().split():
        pytest.fail(f"{reason} ({REQUIRE} contains {what})", pytrace=False)
    pytest.skip(reason)
