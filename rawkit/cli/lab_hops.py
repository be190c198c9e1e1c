"""The options of ``rawkit lab path`` turned into routers and a target."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from rawkit.cli import lab_values
from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.lab.answers import Target
    from rawkit.lab.hop import Hop

Words = Mapping[str, Sequence[str]]
"""What was given for each option."""
Settings = dict[str, Any]
"""Arguments of a hop or a target."""
FIRST_LABEL = 24000
"""The label of a hop for which none is given is this one and its number."""
FIRST_PAUSE = 0.02
"""Seconds that every other answer of a hop waits whose answers change places."""

FLAGS = (
    ("--silent", "HOPS", "forward, but say nothing"),
    ("--filtered", "HOPS", "do not say that a packet is too big: a black hole"),
    ("--drop", "HOPS", "forward nothing and do not say so"),
    ("--zero-ttl", "HOPS", "forward what should die there"),
    ("--nat", "HOPS", "translate addresses, ports and checksums"),
    ("--unannounced", "HOPS", "do not say where extensions begin, as older routers"),
    ("--reordered", "HOPS", "every other answer overtakes the one before"),
)
"""What is so or not: option, its word, and what it means."""
VALUES = (
    ("--pause", "[HOPS:]TIME", "take so long to speak"),
    ("--limit", "[HOPS:]RATE[/BURST]", "answers a second, and how many may be saved up"),
    ("--mpls", "HOPS[:LABEL,...]", "tell of a label stack"),
    ("--interface", "HOPS[:NAME]", "tell of the interface where the packet came in"),
    ("--extensions", "HOPS:NAME", "send malformed extensions: see the reference"),
    ("--quote", "[HOPS:]OCTETS", "quote so much behind the IP header: 8 as in RFC 792"),
    ("--mistake", "HOPS:NAME,...", "make mistakes in errors: see the reference"),
    ("--refuse", "HOPS:WHY", "network, host, port, prohibited ... or a code"),
    ("--copies", "[HOPS:]N", "send each answer so often"),
    ("--from", "HOPS:ADDRESS,...", "answer from these addresses in turn"),
    ("--ttl", "[HOPS:]N", "the TTL that answers start with (64)"),
    ("--detour", "HOPS:N", "answers pass so many more routers on their way back"),
)
"""What has a value."""
TARGET = (
    ("--target", "ANSWER,...", "how pings of the target are answered: see the reference"),
    ("--target-pause", "TIME", "how long it takes to answer"),
    ("--tcp", "PORTS", "of the target that take connections; all others refuse them"),
    ("--udp", "PORTS", "of the target that send datagrams back"),
    ("--silent-tcp", "PORTS", "from which nothing comes back, as 1-79,81 or all"),
    ("--silent-udp", "PORTS", "the same for UDP"),
)
"""What is said of the target."""

VALUE_OPTIONAL = ("--mpls", "--interface")
HOPS_NEEDED = tuple(option for option, metavar, _ in VALUES if metavar.startswith("HOPS:"))
ATTRIBUTE = {"--drop": "drops", "--zero-ttl": "forwards_dying"}
LAST_PORT = 65_535


def hops(count: int, words: Words, links: Words) -> tuple["Hop", ...]:
    """Return the routers.

    Args:
        count: how many.
        words: for the options that only a path has.
        links: for those that other shapes have too: delay, loss and mtu.

    Raises:
        UsageError: a word makes no sense.
    """
    from rawkit.lab.hop import Hop

    if not 1 <= count <= 253:
        raise UsageError(f"hops must be 1 to 253, not {count}")
    settings: list[Settings] = [{} for _ in range(count)]
    for option, *_ in FLAGS:
        for word in words[option]:
            for number in lab_values.numbers(option, word, count):
                settings[number - 1] |= _flag(option)
    for option, *_ in VALUES:
        for word in words[option]:
            _read(option, word, settings)
    for name, link_words in links.items():
        for word in link_words:
            for number, value in _placed(f"--{name}", word, count):
                settings[number - 1][name] = lab_values.LINK[name](f"--{name}", value)
    return tuple(Hop(**one) for one in settings)


def target(words: Words) -> "Target":
    """Return the target.

    Raises:
        UsageError: a word makes no sense.
    """
    from rawkit.lab.answers import Answer, Target
    from rawkit.lab.transport import Ports

    settings: Settings = {}
    for word in words["--target"]:
        known = {one.value: one for one in Answer}
        settings["answers"] = tuple(_one_of("--target", name, known) for name in word.split(","))
    for word in words["--target-pause"]:
        settings["pause"] = lab_values.time("--target-pause", word)
    for protocol in ("tcp", "udp"):
        taken = _ports(f"--{protocol}", words)
        silent = _ports(f"--silent-{protocol}", words)
        if taken or silent:
            settings[protocol] = Ports(open=taken, silent=silent)
    return Target(**settings)


def _flag(option: str) -> Settings:
    match option:
        case "--nat":
            from rawkit.lab.nat import NAT

            return {"nat": NAT()}
        case "--unannounced":
            return {"announced": False}
        case "--reordered":
            return {"pause": (FIRST_PAUSE, 0.0)}
    return {ATTRIBUTE.get(option, option.removeprefix("--")): True}


def _placed(option: str, word: str, count: int) -> Iterator[tuple[int, str]]:
    """Yield each hop that a word names, and the value for it; without names, for every one."""
    places, value = lab_values.numbered(option, word, count)
    if places is None and option in VALUE_OPTIONAL:
        places, value = lab_values.numbers(option, word, count), ""
    if places is None and option in HOPS_NEEDED:
        raise UsageError(f"{option}: {word!r} does not say which hops, as 3:{word} or all:{word}")
    for number in range(1, count + 1) if places is None else places:
        yield number, value


def _read(option: str, word: str, settings: Sequence[Settings]) -> None:
    for number, value in _placed(option, word, len(settings)):
        place = settings[number - 1]
        read = READERS[option](option, value, number)
        if option in VALUE_OPTIONAL:  # objects, of which there may be several
            read["extensions"] = (*place.get("extensions", ()), *read["extensions"])
        place |= read


def _pause(option: str, word: str, _: int) -> Settings:
    return {"pause": lab_values.time(option, word)}


def _limit(option: str, word: str, _: int) -> Settings:
    per_second, slash, burst = word.partition("/")
    settings: Settings = {"answers_per_second": lab_values.rate(option, per_second)}
    return settings | ({"burst": lab_values.integer(option, burst)} if slash else {})


def _mpls(option: str, word: str, number: int) -> Settings:
    from rawkit.wire.multipart import Label, mpls

    texts = word.split(",") if word else [str(FIRST_LABEL + number)]
    labels = [lab_values.integer(option, text) for text in texts]
    if not all(0 <= label < 1 << 20 for label in labels):
        raise UsageError(f"{option}: a label in {word} is not in 0 to {(1 << 20) - 1}")
    stack = [Label(label, bottom=place == len(labels)) for place, label in enumerate(labels, 1)]
    return {"extensions": (mpls(*stack),)}


def _interface(_: str, word: str, number: int) -> Settings:
    from rawkit.wire.multipart import InterfaceInfo, Role, interface

    info = InterfaceInfo(Role.INCOMING, index=number, name=word or f"port{number}", mtu=1500)
    return {"extensions": (interface(info),)}


def _extensions(option: str, word: str, _: int) -> Settings:
    from rawkit.lab.hostile import HOSTILE

    return {"extensions": _one_of(option, word, HOSTILE)}


def _mistake(option: str, word: str, _: int) -> Settings:
    from rawkit.lab.mistakes import Mistake

    known = {one.value: one for one in Mistake}
    return {"mistakes": tuple(_one_of(option, name, known) for name in word.split(","))}


def _refuse(option: str, word: str, _: int) -> Settings:
    from rawkit.lab.saying import Why

    if word.isdecimal():
        if (code := lab_values.integer(option, word)) > 255:
            raise UsageError(f"{option}: code {code} is above 255")
        return {"refuses": code}
    known = {one.name.lower().replace("_", "-"): one for one in Why}
    return {"refuses": _one_of(option, word, known)}


def _from(option: str, word: str, _: int) -> Settings:
    try:
        return {"speaks_as": tuple(ip_address(text) for text in word.split(","))}
    except ValueError:
        raise UsageError(f"{option}: {word!r} is no address") from None


def _integer(name: str) -> Callable[[str, str, int], Settings]:
    return lambda option, word, _: {name: lab_values.integer(option, word)}


READERS: dict[str, Callable[[str, str, int], Settings]] = {
    "--pause": _pause,
    "--limit": _limit,
    "--mpls": _mpls,
    "--interface": _interface,
    "--extensions": _extensions,
    "--quote": _integer("quoted_data"),
    "--mistake": _mistake,
    "--refuse": _refuse,
    "--copies": _integer("copies"),
    "--from": _from,
    "--ttl": _integer("ttl"),
    "--detour": _integer("detour"),
}
"""Each takes the option, the value and the number of the hop."""


def _ports(option: str, words: Words) -> frozenset[int]:
    return frozenset(
        port for word in words[option] for port in lab_values.numbers(option, word, LAST_PORT)
    )


def _one_of(option: str, word: str, known: Mapping[str, Any]) -> Any:
    if word not in known:
        raise UsageError(f"{option}: {word!r} is none of {', '.join(known)}")
    return known[word]
