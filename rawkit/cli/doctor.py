"""``rawkit doctor``: what works on this machine, what does not, and the way out."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn

from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, complain
from rawkit.errors import UsageError
from rawkit.host.finding import Finding, Verdict
from rawkit.record import as_dict

SCHEMA = "rawkit.doctor/1"
EXAMPLES = """\
examples:
  rawkit doctor                  everything that was looked at
  rawkit doctor -q               only what is not in order
  sudo -u www-data rawkit doctor   as another user sees it
  rawkit doctor --json | jq -r 'select(.verdict != "ok") | .ways_out[]'

exit status:
  0 every command can work; 1 at least one cannot; 2 wrong usage
"""


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(message)

    parser = Parser(
        prog="rawkit doctor",
        description="Look for what keeps rawkit from working here. Nothing is changed or sent.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("-q", "--quiet", action="store_true", help="only what is not in order")
    add("--json", action="store_true", help=f"one JSON object a finding ({SCHEMA})")
    try:
        wish = parser.parse_args(argv)
    except SystemExit as stop:  # --help
        return int(stop.code or 0)
    except UsageError as error:
        complain("doctor", error)
        return TROUBLE
    from rawkit.host.doctor import diagnose

    return show(diagnose(), quiet=wish.quiet, as_json=wish.json)


def show(findings: Iterable[Finding], *, quiet: bool = False, as_json: bool = False) -> int:
    """Print findings and return the exit status that they deserve."""
    found = tuple(findings)
    told = tuple(one for one in found if not quiet or one.verdict is not Verdict.OK)
    for line in map(_object, told) if as_json else text(told):
        print(line)
    return NO_ANSWER if any(one.verdict is Verdict.BAD for one in found) else OK


def text(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines for a reader; what was said once is pointed at."""
    said: dict[tuple[str, tuple[str, ...]], str] = {}
    for one in findings:
        yield f"{one.verdict:<5} {one.subject}: {one.says}"
        reason = (one.cause, one.ways_out)
        if reason in said:
            yield f"      why, and what to try: see {said[reason]}"
            continue
        if one.cause and one.ways_out:
            said[reason] = one.subject
        if one.cause:
            yield f"      why: {one.cause}"
        yield from (f"      try: {way_out}" for way_out in one.ways_out)


def _object(finding: Finding) -> str:
    import json

    return json.dumps({"schema": SCHEMA, **as_dict(finding)}, ensure_ascii=False)
