"""What ``rawkit check`` prints."""

from collections.abc import Iterator, Sequence

from rawkit.posix.faults import Finding

WORDS = {True: "ok", False: "FAILS", None: "-"}


def finding(found: Finding) -> str:
    """Return the line of a fault that was tried."""
    return f"{WORDS[found.passed]:6}{found.fault:20}{found.said}".rstrip()


def ending(found: Sequence[Finding]) -> str:
    """Return what it comes to."""
    tried = [one for one in found if one.passed is not None]
    failed = sum(not one.passed for one in tried)
    if not tried:
        return "nothing to be tried on such a server"
    if failed:
        return f"{failed} of {len(tried)} not stood"
    return f"all {len(tried)} stood" if len(tried) > 1 else "stood"


def catalogue() -> Iterator[str]:
    """Yield all faults, and to which servers they are done."""
    from rawkit.posix.faults import DATAGRAMS, ENDINGS, INTERRUPTED, STREAMS

    for title, faults in (
        ("Connections:", STREAMS),
        ("Datagrams:", DATAGRAMS),
        ("Endings, with COMMAND:", (*ENDINGS, INTERRUPTED)),
    ):
        yield title
        for fault in faults:
            yield f"  {fault.name:20} {fault.about}"
