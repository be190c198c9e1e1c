"""tcpdump as an oracle: the program that it makes of an expression."""

import shutil
import subprocess
from functools import cache

import pytest

from rawkit.errors import UsageError
from rawkit.wire.bpf_text import read_program


class Refused(Exception):
    """tcpdump does not understand an expression."""


@cache
def compiled(expression: str, link: str = "EN10MB", *, optimized: bool = True) -> bytes:
    """Return tcpdump's program.

    Its optimizer is wrong about some long expressions (libpcap 1.10.3).

    Raises:
        Refused: it says no.
    """
    if (tcpdump := shutil.which("tcpdump")) is None:
        pytest.skip("there is no tcpdump here (apt-get install it)")
    options = ["-y", link, *([] if optimized else ["-O"]), "-ddd", "--"]
    ran = subprocess.run([tcpdump, *options, expression], capture_output=True, text=True)
    if ran.returncode:
        raise Refused(ran.stderr)
    try:
        return read_program(ran.stdout)
    except UsageError as error:
        raise Refused(str(error)) from error
