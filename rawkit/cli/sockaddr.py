"""``rawkit sockaddr``: the octets that bind(2) and connect(2) are given for an address."""

from collections.abc import Sequence

from rawkit.cli.errors import NO_ANSWER, OK, complain, write
from rawkit.cli.sockaddr_options import SockAddrOptions, parse
from rawkit.errors import NameNotFound
from rawkit.posix import address
from rawkit.posix.address import Address
from rawkit.posix.resolution import Target, resolve
from rawkit.posix.sockaddr import layout


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.sockaddr_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit sockaddr {version()}\n")
        return OK
    asked = [address.parse(word) for word in options.addresses]
    code = OK
    found: list[tuple[Address, Target]] = []
    for one in asked:
        try:
            targets = resolve(one, passive=True, timeout=options.timeout)
        except NameNotFound as error:
            complain("sockaddr", error)
            code = NO_ANSWER
        else:
            found += [(one, target) for target in targets]
    write("".join(_shown(found, options)))
    return code


def _shown(found: list[tuple[Address, Target]], options: SockAddrOptions) -> list[str]:
    if options.json:
        from rawkit.cli import sockaddr_json

        return [sockaddr_json.sockaddr(one, target, layout(target)) for one, target in found]
    from rawkit.cli import sockaddr_text

    parts = [[*sockaddr_text.dump(target, layout(target))] for _, target in found]
    if found and not options.quiet:
        parts.append([*sockaddr_text.notes([target for _, target in found])])
    return ["\n".join("\n".join([*part, ""]) for part in parts)]
