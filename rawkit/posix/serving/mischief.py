"""What a server does wrong on purpose, so that clients can be tried on it."""

import time
from collections.abc import Callable

from rawkit.errors import UsageError
from rawkit.posix.service import Client, Conversation, CutOff, Offer
from rawkit.record import record, replace

FOREVER = 1e9
"""Seconds."""
STEP = 0.1
"""Seconds from one drop of a slow server to the next."""
FORMS = {
    "pause": "pause=LENGTH/PERIOD: be silent so long in each period: pause=100ms/1s",
    "rst": "rst: reset the connection at the first word",
    "never-read": "never-read: accept, and read nothing",
    "slow": "slow=RATE: send so many octets a second: slow=10B/s",
    "drop-accept": "drop-accept: close every connection as soon as it is accepted",
}
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
SIZES = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 10**6, "MiB": 1 << 20}


@record(kw_only=True)
class Mischief:
    """What to do wrong."""

    pause: float = 0.0
    """Seconds of silence …"""
    period: float = 0.0
    """… each so many seconds."""
    reset: bool = False
    never_read: bool = False
    rate: float = 0.0
    """Octets a second at most; 0: as fast as can be."""
    drop_accept: bool = False

    @property
    def is_in_service(self) -> bool:
        """Whether any of it is done by the service."""
        return bool(self.pause or self.reset or self.never_read or self.rate)


NONE = Mischief()


def parse(words: list[str]) -> Mischief:
    """Return what words such as ``pause=100ms/1s`` ask for.

    Raises:
        UsageError: one of them asks for nothing that is known.
    """
    found = NONE
    for word in words:
        name, _, value = word.partition("=")
        match name, value:
            case "pause", _ if "/" in value:
                length, _, period = value.partition("/")
                pause, every = _seconds(word, length), _seconds(word, period)
                if not 0 < pause < every:
                    raise UsageError(f"{word}: a pause is shorter than its period")
                found = replace(found, pause=pause, period=every)
            case "rst", "":
                found = replace(found, reset=True)
            case "never-read", "":
                found = replace(found, never_read=True)
            case "slow", _:
                found = replace(found, rate=_rate(word, value))
            case "drop-accept", "":
                found = replace(found, drop_accept=True)
            case _:
                raise UsageError(f"no fault {word!r}: {'; '.join(FORMS.values())}")
    return found


class Misbehaving(Conversation):
    """A conversation, and what is done wrong in it."""

    def __init__(self, inner: Conversation, mischief: Mischief) -> None:
        self._inner = inner
        self._mischief = mischief
        self._held = b""
        self._deaf = mischief.never_read

    def begin(self) -> bytes:
        if self._deaf:
            self.rest = FOREVER
            return b""
        return self._slowly(self._inner.begin())

    def receive(self, data: bytes) -> bytes:
        if self._mischief.reset:
            raise CutOff("on purpose")
        return self._slowly(self._inner.receive(data))

    def end(self) -> bytes:
        return self._slowly(self._inner.end())

    def more(self) -> bytes:
        if self._held or self._inner.over:
            return self._slowly(b"")
        self.rest = 0.0
        return self._slowly(self._inner.more())

    def close(self) -> None:
        self._inner.close()

    def _slowly(self, words: bytes) -> bytes:
        """Return as much as may be said now; the rest comes after a rest."""
        words = self._held + words
        self._held = b""
        self.rest = self._inner.rest
        pause = self._pause()
        if pause:
            self._held, self.rest = words, pause
            return b""
        rate = self._mischief.rate
        if rate and words:
            step = max(STEP, 1 / rate)
            now = max(1, int(rate * step))
            words, self._held, self.rest = words[:now], words[now:], step
        self.over = self._inner.over and not self._held
        return words

    def _pause(self) -> float:
        """Return for how long the server is still silent."""
        mischief = self._mischief
        if not mischief.period:
            return 0.0
        into = time.monotonic() % mischief.period
        return mischief.pause - into if into < mischief.pause else 0.0


def with_mischief(offer: Offer, mischief: Mischief) -> Offer:
    """Return an offer, and what is done wrong with it."""
    if not mischief.is_in_service:
        return offer

    def converse(client: Client) -> Conversation:
        return Misbehaving(offer.converse(client), mischief)

    begin: Callable[[Client], Conversation] = converse
    return replace(offer, function=None, conversation=begin)


def _seconds(word: str, text: str) -> float:
    number = text.rstrip("mus")
    try:
        value = float(number) * UNITS[text[len(number) :] or "s"]
    except (KeyError, ValueError):
        value = -1.0
    if not 0 < value < FOREVER:
        raise UsageError(f"{word}: {FORMS['pause']}")
    return value


def _rate(word: str, text: str) -> float:
    number = text.removesuffix("/s")
    digits = number.rstrip("BkKMi")
    try:
        value = float(digits) * SIZES[number[len(digits) :] or "B"]
    except (KeyError, ValueError):
        value = -1.0
    if not 0 < value < FOREVER:
        raise UsageError(f"{word}: {FORMS['slow']}")
    return value
