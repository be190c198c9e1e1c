"""Make a connection to an address of any kind (connect(2)), and say why not."""

import errno
import math
import time

from rawkit.errors import RawkitError, UsageError
from rawkit.posix.address import Address, DescriptorAddress, InternetAddress, PacketAddress
from rawkit.posix.connecting import ConnectSettings, Made, Told, Trying
from rawkit.posix.connection import Connection
from rawkit.posix.failures import Failure
from rawkit.posix.kernel_connection import KernelConnection
from rawkit.posix.options import apply
from rawkit.posix.race import Race, error_of, locals_of, manner, poll_until
from rawkit.posix.resolution import adopt, resolve


def establish(
    address: Address, settings: ConnectSettings | None = None, told: Told | None = None
) -> Connection:
    """Make a connection to an address.

    Args:
        address: to whom; the socket of an ``fd:`` is taken over as it is.
        settings: how.
        told: called with what happens on the way.

    Raises:
        ConnectionFailed: nobody could be connected to; the message says why, and what came back.
        MissingCapability: an option takes one.
        NameNotFound: the name has no address, or nobody tells in time.
        NoRoute: there is no such interface.
        UsageError: such an address cannot be connected to, or not from there.
    """
    how = settings or ConnectSettings()
    say = told or _say_nothing
    match address:
        case PacketAddress():
            raise UsageError(f"{address}: frames have no connections; rawkit send sends them")
        case DescriptorAddress():
            return _adopted(address, how, say)
        case InternetAddress():
            race = Race(address, how, say)
            try:
                return race.run()
            finally:
                race.close()
    return _alone(address, how, say)


def _alone(address: Address, how: ConnectSettings, told: Told) -> Connection:
    """Connect to an address that stands for one only."""
    (target,) = resolve(address)
    places = locals_of(address, how.bind)
    began = time.monotonic()
    until = math.inf if how.timeout is None else began + how.timeout
    told(Trying(address))
    attempt = how.opener(target, manner(how, target, places))
    try:
        while (outcome := attempt.outcome()) is None:
            if time.monotonic() >= until:
                outcome = attempt.give_up(how.timeout or 0.0)
                break
            poll_until(attempt, until=until)
    except BaseException:
        attempt.close()
        raise
    if isinstance(outcome, Failure):
        told(outcome)
        raise error_of(address, [outcome])
    told(Made(outcome, time.monotonic() - began))
    return outcome


def _adopted(address: DescriptorAddress, how: ConnectSettings, told: Told) -> Connection:
    """Take over a connected socket; if that cannot be, it stays open."""
    if how.bind is not None:
        raise UsageError(f"{address}: open already, so it cannot be bound anew")
    sock = adopt(address)
    try:
        apply(sock, how.options)
        connection = KernelConnection(sock, address)
    except OSError as error:
        sock.detach()
        if error.errno != errno.ENOTCONN or isinstance(error, RawkitError):
            raise
        raise UsageError(f"{address}: the socket is not connected") from error
    except UsageError:
        sock.detach()
        raise
    told(Made(connection, 0.0))
    return connection


def _say_nothing(_: object) -> None:
    pass
