"""``rawkit check``: what a server makes of unkind clients and bad days."""

from collections.abc import Sequence

from rawkit.cli.check_options import CheckOptions, parse
from rawkit.cli.errors import INTERRUPTED, NO_ANSWER, OK, write


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.check_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit check {version()}\n")
        return OK
    if options.list:
        from rawkit.cli.check_text import catalogue

        write("".join(f"{line}\n" for line in catalogue()))
        return OK
    return _check(options)


def _check(options: CheckOptions) -> int:
    """Try one fault after the other, and tell of each at once."""
    from rawkit.cli import check_json, check_text
    from rawkit.posix import address
    from rawkit.posix.check import Check, Plan
    from rawkit.posix.faults import Finding

    plan = Plan(
        address=None if options.address is None else address.parse(options.address),
        command=options.command,
        pid=options.pid,
        names=tuple(options.names),
        patience=options.patience,
        grace=options.grace,
        remote=options.remote,
    )
    check = Check(plan)
    found: list[Finding] = []
    interrupted = False
    try:
        for one in check.findings():
            found.append(one)
            if options.json:
                write(check_json.fault(str(check.address), one))
            elif not options.quiet or one.passed is False:
                write(f"{check_text.finding(one)}\n")
    except KeyboardInterrupt:
        interrupted = True
    if options.json:
        write(check_json.checked(str(check.address), found))
    elif not options.quiet:
        write(f"{check_text.ending(found)}\n")
    if interrupted:
        return INTERRUPTED
    return NO_ANSWER if any(one.passed is False for one in found) else OK
