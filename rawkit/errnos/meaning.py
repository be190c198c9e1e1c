"""One meaning of an errno: which call gives it, for which sockets, why, and the way out."""

from rawkit.record import record

KINDS = ("tcp", "mptcp", "udp", "unix", "vsock", "packet", "raw", "ping")
"""Kinds of sockets that an errno may mean different things for."""


@record
class Meaning:
    """What an errno of one call means."""

    number: int
    call: str
    """The system call: ``"connect"``; those that take the same errors go by one name."""
    kinds: tuple[str, ...]
    """Of which sockets it is true, out of ``KINDS``; none named: of all."""
    says: str
    """Why, as a clause without a full stop."""
    way_out: str = ""
    """What to do about it."""

    @property
    def told(self) -> str:
        """The clause, and the way out behind it if there is one."""
        return f"{self.says} (try: {self.way_out})" if self.way_out else self.says

    def is_about(self, kind: str) -> bool:
        """Whether it is true of sockets of a kind."""
        return not self.kinds or kind in self.kinds or (kind == "mptcp" and "tcp" in self.kinds)


Row = tuple[int, str, str, str]
"""Errno, kinds with spaces between them, clause, way out."""


def meanings(call: str, *rows: Row) -> tuple[Meaning, ...]:
    """Return the meanings of the errors of a call."""
    return tuple(
        Meaning(number, call, tuple(kinds.split()), says, way_out)
        for number, kinds, says, way_out in rows
    )
