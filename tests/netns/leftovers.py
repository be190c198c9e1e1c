"""What a lab, a wire or a path may leave behind: interfaces, descriptors, processes."""

import os
import select
import socket
import subprocess
import sys
from pathlib import Path

from rawkit.lab.namespace import Namespace


def names(node: Namespace) -> set[str]:
    """Return the interfaces that a node has."""
    with node.here():
        return {name for _, name in socket.if_nameindex()}


def descriptors() -> set[str]:
    """Return the descriptors that this process has open."""
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def survives_its_parent(program: str) -> bool:
    """Whether a process lives on after its parent was killed (SIGKILL).

    Args:
        program: the parent: it prints the process id of the child, and goes on for long.
    """
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        descriptor = os.pidfd_open(int(parent.stdout.readline()))
        try:
            assert parent.poll() is None
            parent.kill()
            parent.wait()
            gone, _, _ = select.select([descriptor], [], [], 2.0)
        finally:
            os.close(descriptor)
    return not gone
