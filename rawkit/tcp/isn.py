"""Numbers that a connection starts with: nobody outside can guess them, and they go on.

Both are a clock plus a keyed hash of the connection's two ends, so a connection between the
same two ends continues where the one before it stopped (RFC 6528, RFC 7323 §5.4).
"""

from hashlib import blake2s

from rawkit.errors import UsageError
from rawkit.tcp.flow import Flow

MODULUS = 1 << 32
TICKS = 250_000
"""Of the clock of sequence numbers in a second: one in 4 microseconds (RFC 9293 §3.4.1)."""
SHORTEST_SECRET = 8
LONGEST_SECRET = 32


def initial_sequence(now: float, flow: Flow, secret: bytes) -> int:
    """Return M + F(local, remote, secret) (RFC 6528 §3), 32 bits."""
    return (int(now * TICKS) + keyed(b"sequence", flow.key, secret)) % MODULUS


def timestamp_offset(flow: Flow, secret: bytes) -> int:
    """Return what is added to milliseconds for the timestamps of a connection, 32 bits."""
    return keyed(b"timestamp", flow.key, secret)


def keyed(purpose: bytes, data: bytes, secret: bytes) -> int:
    """Return 32 bits that nobody finds without the secret."""
    return int.from_bytes(blake2s(data, digest_size=4, key=secret, person=purpose[:8]).digest())


def check_secret(secret: bytes) -> bytes:
    """Return a secret that is long enough.

    Raises:
        UsageError: it is shorter than 8 octets, or longer than 32.
    """
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        what = f"{SHORTEST_SECRET} to {LONGEST_SECRET} octets"
        raise UsageError(f"a secret of {len(secret)} octets: {what} are wanted")
    return secret
