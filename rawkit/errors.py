"""Every error rawkit raises on purpose.

Each error is also the nearest built-in one, so a caller who has never heard of
rawkit can still write ``except PermissionError`` or ``except TimeoutError``.
"""


class RawkitError(Exception):
    """Base of all errors below; catch it to catch them all."""


class WireError(RawkitError, ValueError):
    """Octets and values do not fit each other."""


class ParseError(WireError):
    """The octets are not the header they were read as (the sender's fault)."""


class TruncatedError(ParseError):
    """The header needs more octets than there are."""


class BuildError(WireError):
    """The values cannot be put on the wire (the caller's fault)."""


class NotationError(BuildError):
    """A packet or a filter in words is not well formed; ``column`` says where."""

    def __init__(self, message: str, text: str, column: int) -> None:
        self.problem = message
        """What is wrong, without the column."""
        self.text = text
        """The whole of it."""
        self.column = column
        """From 0."""
        super().__init__(f"{message} (column {column + 1})")

    def pointed(self) -> str:
        """Return the text, and below it a mark at the column."""
        shown = "".join(letter if letter.isprintable() else " " for letter in self.text)
        return f"{shown}\n{' ' * self.column}^"


class NotPermitted(RawkitError, PermissionError):
    """The kernel refused, and this says which of its many reasons it was.

    The message is one line: what was to be done, the exact cause, the ways out.
    """

    def __init__(self, to: str, causes: tuple[str, ...], ways_out: tuple[str, ...]) -> None:
        self.to = to
        """What was to be done, as a verb: ``"open a raw socket"``."""
        self.causes = causes
        self.ways_out = ways_out
        super().__init__(f"cannot {to}: {'; '.join(causes)} (try: {'; or '.join(ways_out)})")


class MissingCapability(NotPermitted):
    """A capability(7) is missing in the user namespace that owns this network."""

    def __init__(
        self, capability: str, to: str, ways_out: tuple[str, ...], cause: str | None = None
    ) -> None:
        self.capability = capability
        """The kernel's name for it: ``"CAP_NET_RAW"``."""
        super().__init__(to, (cause or f"no {capability} here",), ways_out)


class NoAnswer(RawkitError, TimeoutError):
    """Nobody answered in time."""


class NameNotFound(RawkitError, LookupError):
    """A host name has no address (of the wanted family)."""


class NoRoute(RawkitError, OSError):
    """This host knows no way to the address, or lost the interface to it."""


class SendRefused(RawkitError, OSError):
    """The kernel did not take a packet; the message says why, and what to do."""


class ListenRefused(RawkitError, OSError):
    """A server cannot listen there; the message says why, by whom, and what to do."""

    def __init__(self, number: int | None, message: str) -> None:
        super().__init__(message)
        self.errno = number


class ConnectionFailed(RawkitError, ConnectionError):
    """A connection was not made, or broke; the message says why, and what came back."""

    def __init__(
        self,
        number: int,
        message: str,
        came_back: str = "",
        failures: tuple["ConnectionFailed", ...] = (),
        *,
        is_local: bool = False,
    ) -> None:
        super().__init__(message)
        self.errno = number
        """``ETIMEDOUT`` if nobody answered in time."""
        self.came_back = came_back
        """On the wire: ``"RST"``, an ICMP error in words, ``"nothing"``; empty: there is none."""
        self.failures = failures
        """Where several addresses were tried: one for each."""
        self.is_local = is_local
        """Whether this host refused, and nobody else was asked."""


class OptionRefused(RawkitError, OSError):
    """The kernel did not take a socket option; the message says why."""


class UsageError(RawkitError, ValueError):
    """An argument makes no sense; the message says which, and what would."""


class FilterError(NotationError, UsageError):
    """A filter cannot be understood, or asked of such packets."""

    def __init__(self, problem: str, text: str, column: int, end: int) -> None:
        super().__init__(f"filter: {problem}", text, column)
        self.problem = problem
        self.end = max(end, column + 1)
        """The column behind what is wrong."""

    def pointed(self) -> str:
        """Return the filter, and below it a mark as long as what is wrong."""
        return super().pointed() + "^" * (self.end - self.column - 1)


class LabError(RawkitError, RuntimeError):
    """The lab could not build what was asked for."""
