"""How long unacknowledged data is kept, as both sides tell each other (RFC 5482)."""

from rawkit.tcp.block import Block
from rawkit.tcp.settings import Settings
from rawkit.wire.tcp_options import UserTimeout

SHORTEST, LONGEST = 100.0, 3600.0
"""Between these the other side's wish is heeded (RFC 5482 §3.1)."""
MOST = 0x7FFF


def user_timeout_option(settings: Settings) -> UserTimeout | None:
    """Return the option that tells the other side of our timeout."""
    seconds = settings.advertise_user_timeout
    if seconds is None:
        return None
    if seconds <= MOST:
        return UserTimeout(max(1, round(seconds)))
    return UserTimeout(min(MOST, round(seconds / 60)), minutes=True)


def told_of_timeout(b: Block, option: UserTimeout | None) -> None:
    """Adapt to what the other side tells of its timeout (§3.1)."""
    if option is None or not b.settings.heed_user_timeout:
        return
    theirs = option.value * (60.0 if option.minutes else 1.0)
    ours = b.settings.advertise_user_timeout or 0.0
    if theirs:  # zero is reserved, and ignored
        b.user_timeout = min(LONGEST, max(ours, theirs, SHORTEST))
