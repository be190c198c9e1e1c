"""``rawkit lab``: a network in a box, and a command or a shell in it. No root needed."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, cast

from rawkit.cli.errors import INTERRUPTED, OK, TROUBLE, complain, write
from rawkit.cli.values import seconds
from rawkit.errors import RawkitError, UsageError

if TYPE_CHECKING:
    import argparse

    from rawkit.lab.impairment import Impairment
    from rawkit.lab.plan import Interface, LinkOptions, Plan, Port
    from rawkit.lab.topology import Lab

PROGRAM = "rawkit lab"
SCHEMA = "rawkit.lab/1"
LONGEST_DELAY = 3600.0
SIZES = {"line": "hops", "star": "leaves", "diamond": "paths"}
"""The option that says how big a shape is."""
RATES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z]+(?:[0-9]*|[0-9]+_6))\}")
"""Not ``${first}``, which is the shell's."""
EXAMPLES = """\
examples:
  rawkit lab line --hops 3 -- traceroute -n {last}
  rawkit lab pair --delay 10ms --loss 1% -- ping -c 5 {last}
  rawkit lab line --mtu 1400 -- ping -M do -s 1452 -c 1 {last6}
  rawkit lab line --set net.ipv4.icmp_ratelimit=0 -- ping -c 1 {router2}
  rawkit lab diamond --paths 3 --print
  rawkit lab star --leaves 9          a shell in the first node

The command runs in the first node, in a user namespace in which you are root over the
lab and nothing else. In its words, {first} {last} {router1} ... or the name of any node
become its IPv4 address, {first6} {last6} {router1_6} ... its IPv6 address; {spare} is an
address next to the last node that nobody has; {name} is the name of the node that the
command runs in.
Delay, loss and the like, and the mtu, are those of the last link.

Exit status: the command's; 128+n if signal n ended it; 127 if there is no such command,
126 if it cannot be run; 2 if the lab cannot be built.
"""


def main(argv: Sequence[str]) -> int:
    """Run ``rawkit lab`` with these arguments and return the exit status."""
    try:
        own, command = _split(argv)
        arguments = _parser().parse_args(own)
        plan = _plan(arguments)
        if arguments.print or arguments.json:
            if command:
                raise UsageError("either --print or --json, or a command")
            text = _as_json(arguments.shape, plan) if arguments.json else _as_text(plan)
            write(f"{text}\n")
            return OK
        return _run(arguments.shape, plan, command)
    except RawkitError as error:
        complain("lab", error)
        return TROUBLE
    except KeyboardInterrupt:
        return INTERRUPTED


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return our own words and those of the command, which is what follows ``--``."""
    words = list(argv)
    if "--" not in words:
        return words, []
    at = words.index("--")
    if at == len(words) - 1:
        raise UsageError("-- is followed by no command; leave it out for a shell")
    return words[:at], words[at + 1 :]


def _parser() -> "argparse.ArgumentParser":
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(f"{message} (see: {PROGRAM} --help)")

    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} SHAPE [OPTION...] [-- COMMAND...]",
        description="Build a network in a box and run a command in it, or a shell.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    shapes = ["pair", "line", "star", "diamond", "lossy"]
    add("shape", metavar="SHAPE", choices=shapes, help=", ".join(shapes))
    add("--hops", type=int, metavar="N", help="line: routers between the ends (3)")
    add("--leaves", type=int, metavar="N", help="star: hosts on the switch (3)")
    add("--paths", type=int, metavar="N", help="diamond: equally good paths (2)")
    for name, words in (("delay", "each way"), ("jitter", "more or less")):
        add(f"--{name}", metavar="TIME", help=f"{words}, as 10ms, 250us or 0.01s")
    for name in ("loss", "duplicate", "reorder", "corrupt"):
        add(f"--{name}", metavar="SHARE", help="of all frames, as 1%% or 0.01")
    add("--rate", metavar="RATE", help="bits per second, as 10M, 256k or 1e6")
    add("--mtu", type=int, metavar="OCTETS", help="of the interfaces (1500)")
    add("--silent-mtu", type=int, metavar="OCTETS", help="longer packets vanish: a black hole")
    add("--seed", type=int, metavar="N", help="the same luck again (1)")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="a sysctl of every node")
    add("--print", action="store_true", help="show nodes and addresses, build nothing")
    add("--json", action="store_true", help="the same for programs, in one line")
    return parser


def _plan(arguments: "argparse.Namespace") -> "Plan":
    from rawkit.lab.shapes import PLANS

    shape = arguments.shape
    size = {}
    for of, option in SIZES.items():
        if (number := getattr(arguments, option)) is not None:
            if of != shape:
                raise UsageError(f"--{option} is for {of}, not for {shape}")
            size[option] = number
    options = _link_options(arguments)
    return PLANS[shape](**size, sysctls=dict(_settings(arguments.set)), **options)


def _link_options(arguments: "argparse.Namespace") -> "LinkOptions":
    options: dict[str, float] = {}
    for name in ("delay", "jitter"):
        if (text := getattr(arguments, name)) is not None:
            options[name] = seconds(f"--{name}", LONGEST_DELAY)(text) or 0.0
    for name in ("loss", "duplicate", "reorder", "corrupt"):
        if (text := getattr(arguments, name)) is not None:
            options[name] = _share(f"--{name}", text)
    if arguments.rate is not None:
        options["rate"] = _rate(arguments.rate)
    for name in ("mtu", "silent_mtu", "seed"):
        if (number := getattr(arguments, name)) is not None:
            options[name] = number
    return cast("LinkOptions", options)


def _rate(text: str) -> float:
    parts = re.fullmatch(r"([0-9.]+(?:e[0-9]+)?)([kmg]?)(?:bit/s|bit|bps)?", text.lower())
    try:
        if parts is None:
            raise ValueError(text)
        return float(parts[1]) * RATES[parts[2]]
    except ValueError:
        raise UsageError(f"--rate: {text!r} is not a rate, as 10M or 256k") from None


def _share(option: str, text: str) -> float:
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"{option}: {text!r} is not a share, as 1% or 0.01") from None
    return share


def _settings(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    from rawkit.host.sysctl import path_of

    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set: {text!r} is not KEY=VALUE")
        path_of(key.strip())  # or it is no name at all
        yield key.strip(), value.strip()


def _run(shape: str, plan: "Plan", command: list[str]) -> int:
    """Build the lab around us and run the command in its first node."""
    from rawkit.lab.command import run_command
    from rawkit.lab.topology import Lab
    from rawkit.lab.userns import enter

    argv = _filled(command, plan)
    enter()
    with Lab(plan).up() as net:
        environment = _environment(shape, net)
        if not argv:
            shell = _shell(environment["PS1"])
            return run_command(net.first, shell, environment, has_jobs=True)
        return run_command(net.first, argv, environment)


def _filled(command: Sequence[str], plan: "Plan") -> list[str]:
    """Return the command with addresses in place of their names."""
    hosts = list(plan.hosts.values())
    known = {"name": hosts[0].name}
    by_role = {"first": hosts[0], "last": hosts[-1], **plan.hosts}
    routers = (host for host in hosts if host.forwards)
    by_role |= {f"router{number}": host for number, host in enumerate(routers, 1)}
    for role, host in by_role.items():
        end = host.interfaces[0]
        role6 = f"{role}_6" if role[-1].isdigit() else f"{role}6"
        known |= {role: str(end.ipv4.ip), role6: str(end.ipv6.ip)}
    spare = hosts[-1].interfaces[0].spare(1)
    known |= {"spare": str(spare.ipv4), "spare6": str(spare.ipv6)}
    stems = {_stem(role) for role in known} | {"router", "leaf", "path"}

    def address(match: re.Match[str]) -> str:
        role = match[1]
        if role not in known and _stem(role) in stems:
            raise UsageError(f"there is no {{{role}}} in this lab: {' '.join(sorted(known))}")
        return known.get(role, match[0])

    return [PLACEHOLDER.sub(address, word) for word in command]


def _stem(role: str) -> str:
    return role.removesuffix("_6").rstrip("0123456789")


def _environment(shape: str, net: "Lab") -> dict[str, str]:
    """Return our environment, with this installation's programs first in the path."""
    started = sys.argv[0] if sys.argv else ""
    places = [os.path.dirname(os.path.abspath(started))] if os.path.isfile(started) else []
    places.append(os.path.dirname(sys.executable))
    path = os.environ.get("PATH", os.defpath)
    return {
        **os.environ,
        "PATH": os.pathsep.join([*dict.fromkeys(places), path]),
        "PS1": f"[{shape} {net.first.name}] $ ",
        "RAWKIT_LAB": shape,
    }


def _shell(prompt: str) -> list[str]:
    """Return the command for an interactive shell whose prompt shows the lab."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    if os.path.basename(shell) != "bash":
        return [shell]  # most take PS1 from the environment
    settings = os.memfd_create("bashrc", 0)
    with os.fdopen(settings, "w", closefd=False) as file:
        file.write(f'[ -r ~/.bashrc ] && . ~/.bashrc\nPS1="{prompt}"\n')
    return [shell, "--rcfile", f"/proc/self/fd/{settings}"]


def _as_text(plan: "Plan") -> str:
    lines = []
    for host in plan.hosts.values():
        lines.append(f"{host.name} (router)" if host.forwards else host.name)
        lines += [f"  {end.name}  {end.ipv4!s:16} {end.ipv6}" for end in host.interfaces]
    lines.append("links:")
    for link in plan.links:
        words = [f"  {_end(link.first)} -- {_end(link.second)}"]
        if link.mtu != 1500:
            words.append(f"mtu {link.mtu}")
        if link.forth is not None:
            words += [f"{name} {value:g}" for name, value in _badness(link.forth).items()]
        lines.append("  ".join(words))
    spare = list(plan.hosts.values())[-1].interfaces[0].spare(1)
    lines.append(f"spare: {spare.ipv4} {spare.ipv6}")
    return "\n".join(lines)


def _as_json(shape: str, plan: "Plan") -> str:
    import json

    def nodes() -> Iterator[dict[str, object]]:
        for host in plan.hosts.values():
            ends = [
                {
                    "name": end.name,
                    "ipv4": str(end.ipv4),
                    "ipv6": str(end.ipv6),
                    "mac": end.mac,
                    "mtu": end.mtu,
                }
                for end in host.interfaces
            ]
            spare = [str(address) for address in host.interfaces[0].spare(1)]
            router = host.forwards
            yield {"name": host.name, "router": router, "interfaces": ends, "spare": spare}

    links = [
        {
            "ends": [_end(link.first), _end(link.second)],
            "mtu": link.mtu,
            **(_badness(link.forth) if link.forth else {}),
        }
        for link in plan.links
    ]
    head = {"type": "lab", "schema": SCHEMA, "shape": shape}
    return json.dumps({**head, "nodes": list(nodes()), "bridges": [*plan.bridges], "links": links})


def _end(end: "Interface | Port") -> str:
    """Return one end of a link in words: ``router1:eth0``."""
    owner = getattr(end, "node", None) or getattr(end, "bridge", "")
    return f"{owner}:{end.name}"


def _badness(impairment: "Impairment") -> dict[str, float]:
    """Return what is not perfect about a link."""
    names = ("delay", "jitter", "loss", "duplicate", "reorder", "corrupt", "rate")
    values = {name: getattr(impairment, name) for name in names}
    values["silent_mtu"] = impairment.mtu
    return {name: value for name, value in values.items() if value}
