"""One name asked for in every way, for ``rawkit resolve-name``."""

from collections.abc import Iterator, Sequence
from time import perf_counter, sleep

from rawkit.cli.resolve_name_options import ResolveNameOptions
from rawkit.errors import NameNotFound
from rawkit.host import name_sources, names
from rawkit.host.name_cache import NameCache
from rawkit.host.name_questions import TIMED_OUT, Answer, Question, ask
from rawkit.host.name_sources import Origin
from rawkit.host.names import Address
from rawkit.record import record

QUESTIONS: tuple[tuple[Question, int | None], ...] = (
    ("getaddrinfo", None),
    ("getaddrinfo", 4),
    ("getaddrinfo", 6),
    ("gethostbyname", 4),
)


@record
class Repeated:
    """What a repeated question cost."""

    number: int
    """Which time, from 2."""
    addresses: tuple[Address, ...]
    took: float
    """Seconds."""
    age: float | None
    """For how many seconds our own memory had it; ``None``: the resolver was asked."""
    left: float | None
    """For how many more it holds."""
    cause: str = ""
    """Why there is no address."""


@record
class Surroundings:
    """Where the addresses of a name are from, and who is asked."""

    origin: Origin
    services: tuple[str, ...]
    services_were_read: bool
    """False where nsswitch.conf(5) does not say, and these are what libraries do then."""
    servers: tuple[str, ...]

    @property
    def asks_dns(self) -> bool:
        """Whether name servers are among those who are asked."""
        return bool({"dns", "resolve"} & set(self.services))


def answers(name: str, options: ResolveNameOptions) -> Iterator[Answer]:
    """Ask for a name in every way that is wanted; the first answer is the one that counts.

    Raises:
        NameNotFound: it cannot be a name.
    """
    names.refuse_odd(name)
    wanted = [
        (question, version)
        for question, version in QUESTIONS
        if options.version is None or version == options.version
    ]
    for question, version in wanted[: 1 if options.quiet else None]:
        answer = ask(question, name, version, options.timeout)
        yield answer
        if answer.error == TIMED_OUT:
            return  # who does not answer would only make us wait again


def surroundings(name: str, found: Sequence[Address]) -> Surroundings:
    """Return where the addresses of a name are from, as far as it can be told."""
    services, were_read = name_sources.order()
    lines = name_sources.hosts_lines(name)
    origin = name_sources.origin(name, found, services, lines)
    return Surroundings(origin, services, were_read, name_sources.name_servers())


def repetitions(name: str, first: Answer, options: ResolveNameOptions) -> Iterator[Repeated]:
    """Ask again as often as is wanted, through a memory of our own.

    Args:
        name: the name.
        first: what was said the first time; it is remembered.
        options: how often, how far apart, and for how long answers hold.
    """
    cache = NameCache(
        lambda host, version: _asked(host, version, options),
        lifetime=options.lifetime,
        failures=options.lifetime,
    )
    cache.learn(name, options.version, first.addresses, _cause(name, first))
    for number in range(2, options.count + 1):
        sleep(options.interval)
        known = cache.remembered(name, options.version)
        age = None if known is None else cache.age(known)
        left = None if known is None else cache.left(known)
        began, cause = perf_counter(), ""
        found: tuple[Address, ...] = ()
        try:
            found = cache(name, options.version)
        except NameNotFound as error:
            cause = str(error)
        yield Repeated(number, found, perf_counter() - began, age, left, cause)


def _asked(name: str, version: int | None, options: ResolveNameOptions) -> tuple[Address, ...]:
    answer = ask("getaddrinfo", name, version, options.timeout)
    if answer.error:
        raise NameNotFound(_cause(name, answer))
    return answer.addresses


def _cause(name: str, answer: Answer) -> str:
    return f"{name}: {answer.cause}" if answer.error else ""
