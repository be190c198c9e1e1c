"""A service that answers late: what it does to the others is the model's affair."""

from rawkit.posix.service import Client, Conversation, Offer

DELAY = 0.2
"""Seconds."""
LONGEST_DELAY = 3600.0


class Late(Conversation):
    """An echo that takes its time for every piece."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._kept = b""

    def receive(self, data: bytes) -> bytes:
        self._kept, self.rest = data, self._delay
        return b""

    def more(self) -> bytes:
        kept, self._kept, self.rest = self._kept, b"", 0.0
        return kept


def slow(delay: float) -> Offer:
    """Return an echo whose answers come so many seconds late, others not disturbed."""

    def begin(_: Client) -> Conversation:
        return Late(delay)

    return Offer("slow", f"says what it hears, {delay:g} s late", "", None, begin)
