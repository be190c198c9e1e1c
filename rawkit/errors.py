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


class UsageError(RawkitError, ValueError):
    """An argument makes no sense; the message says which, and what would."""


class LabError(RawkitError, RuntimeError):
    """The lab could not build what was asked for."""
