"""Get a world of our own, without root: user, network and mount namespaces.

Where the process has CAP_SYS_ADMIN and CAP_NET_ADMIN, network and mount namespaces are
enough. Else comes a user namespace in which we are root, over nothing but what we make
(user_namespaces(7)). Some systems forbid that; then the error says which rule it was.
"""

import os
import socket
import sys
from typing import NoReturn

from rawkit.errors import LabError
from rawkit.host import attempts
from rawkit.host.attempts import Step
from rawkit.host.calls import MS_PRIVATE, MS_REC, mount
from rawkit.host.capability import Capability, read
from rawkit.lab.ready import loopback_up
from rawkit.lab.refusal import explain, look_around, threads

OUTCOME = "RAWKIT_NETNS"
"""Environment variable: the mark of the network entered, or why it was not entered."""
FALLBACK_DEVICES = frozenset(
    ("erspan0", "gre0", "gretap0", "ip6_vti0", "ip6gre0", "ip6tnl0", "ip_vti0", "sit0", "tunl0")
)
"""What tunnel modules put into every new namespace (net.core.fb_tunnels_only_for_init_net)."""


def enter() -> None:
    """Move this process into fresh namespaces, with ``lo`` up and nothing else there.

    Call it first thing: while there is but one thread, and before sockets are opened,
    as those stay outside. There is no way back.

    Raises:
        LabError: it cannot be done; the message says why, and the ways out. The process
            is then where it was.
    """
    if (count := threads()) > 1:
        raise LabError(
            f"cannot enter namespaces of our own: this process has {count} threads already"
            " (try: do it first thing in the program; or OMP_NUM_THREADS=1)"
        )
    steps = _steps()
    # A child goes ahead: to fail half way would leave us nobody, and nowhere.
    for take in (attempts.in_child, attempts.run):
        if not (outcome := take(steps)).succeeded:
            raise LabError(explain(outcome.stage, outcome.errno, look_around()))
    only_loopback()
    loopback_up()


def enter_and_exec(argv: list[str]) -> NoReturn:
    """Start over as the program ``argv``, with one thread and in fresh namespaces.

    For a process that has threads already. Process id, descriptors and exit status stay
    the same (execve(2)). The program finds the outcome in ``RAWKIT_NETNS``: what
    :func:`mark` says there, or the reason why entering failed.
    """
    above = os.path.dirname
    root = above(above(above(os.path.abspath(__file__))))
    code = f"import sys; sys.path.append({root!r}); from rawkit.lab.userns import _launch; "
    code += "_launch(sys.argv[1:])"
    _flush()
    os.execv(sys.executable, [sys.executable, "-P", "-c", code, *argv])


def mark() -> str:
    """Return what tells the network namespace of this thread from every other one."""
    status = os.stat("/proc/thread-self/ns/net")
    return f"{status.st_dev}:{status.st_ino}"


def is_mark(text: str) -> bool:
    """Whether a text is a mark, of whatever namespace, and no sentence."""
    return text.replace(":", "").isdigit()


def only_loopback() -> None:
    """Make sure that this network leads nowhere.

    Raises:
        LabError: there are interfaces in it.
    """
    others = {name for _, name in socket.if_nameindex()} - FALLBACK_DEVICES - {"lo"}
    if others:
        raise LabError(f"this was to be an empty network, but has {', '.join(sorted(others))}")


def _launch(argv: list[str]) -> NoReturn:
    try:
        enter()
        os.environ[OUTCOME] = mark()
    except LabError as error:
        os.environ[OUTCOME] = str(error)
    os.execv(argv[0], argv)


def _steps() -> tuple[Step, ...]:
    """Return the way in; what fails half way stays half done."""
    privileged = {Capability.SYS_ADMIN, Capability.NET_ADMIN} <= read().effective
    way = attempts.into_network_namespace() if privileged else attempts.into_user_namespace()
    # What we mount from now on is nobody else's business.
    return *way, ("mount(MS_PRIVATE)", lambda: mount("none", "/", None, MS_REC | MS_PRIVATE))


def _flush() -> None:
    """Write out what is buffered: a new program could not."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
