"""What the kernel's packet sockets have in common: stamps, errors and losses become news."""

import errno
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable

from rawkit.errors import BuildError
from rawkit.sockets import options
from rawkit.sockets.departures import Departures
from rawkit.sockets.header_fields import Fields, IPv4Fields, IPv6Fields, SocketAddress
from rawkit.sockets.settings import Settings
from rawkit.sockets.timestamps import TIMESPEC, converter
from rawkit.wire.news import Dropped, Fired, Hit, News, Salvo, Volley, Volleyed
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received

LARGEST_DATAGRAM = 65_535
ANCILLARY_SPACE = 512
"""Octets for the control messages of one packet; all that are asked for take less."""
BURST = 32
"""Packets that may be sent before arrivals are taken in: the kernel keeps only so many."""
MOST_AT_ONCE = 256
SETTLING = 50e-6
"""Seconds for the kernel's worker to switch stamping on, if this is the first who asks:
what is sent sooner after the opening waits."""
MEMINFO = struct.Struct(f"@{options.SK_MEMINFO_VARS}I")
ORIGIN = 4
"""The octet of a sock_extended_err that says where the entry comes from."""
STAMP_KEY = struct.Struct("@12xI")

# Errors that a socket reports for a packet sent earlier (icmp(7), net/ipv4/icmp.c): what
# has happened is in the error queue.
BELATED = frozenset(
    (
        *(errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENOPROTOOPT, errno.ECONNREFUSED),
        *(errno.EMSGSIZE, errno.EOPNOTSUPP, errno.EHOSTDOWN, errno.ENONET),
        *(errno.EPROTO, errno.EREMOTEIO, errno.EACCES),
    )
)

Ancillary = list[tuple[int, int, bytes]]


class KernelSocket:
    """A socket whose IP headers the kernel writes; what differs is left to the subclasses."""

    def __init__(self, sock: socket.socket, version: int, settings: Settings) -> None:
        self._socket = sock
        self._sendto: Callable[[bytes, SocketAddress], int] = sock.sendto
        fields = IPv4Fields if version == 4 else IPv6Fields
        self._fields: Fields = fields(sock, settings.pmtu, learn_pmtu=settings.learn_pmtu)
        recverr = options.IP_RECVERR if version == 4 else options.IPV6_RECVERR
        self._error_kind = recverr.number
        self._departures = Departures(sock, wanted=settings.transmit_stamps)
        self._pending = deque[News]()
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._unheard = 0
        self._heard = False
        self._drops = self._drop_count()
        self._settled_at = time.monotonic() + SETTLING

    def send(self, packet: Packet) -> None:
        if not packet.headers:
            raise BuildError("a packet without an IP header goes nowhere")
        address = self._address(packet)
        octets = self._octets(packet)
        if (before := time.monotonic()) < self._settled_at:
            time.sleep(self._settled_at - before)
            before = time.monotonic()
        try:
            self._sendto(octets, address)
        except OSError as error:
            self._send_again(octets, address, error)
        if (told := self._departures.add(packet, before)) is not None:
            self._pending.append(told)
        self._unheard += 1
        if self._unheard >= BURST:
            self._take_in()

    def poster(self, packet: Packet) -> Callable[[bytes], object]:
        """Return what hands octets over as those of such a packet; no departure is told."""
        address, sendto = self._address(packet), self._socket.sendto
        return lambda octets: sendto(octets, address)

    def play(self, volley: Volley) -> Volleyed:
        """Send requests one by one, each as soon as the one before is answered.

        Raises:
            OSError: the kernel refused the very first.
        """
        address = self._fields.fit(volley.outer)
        self._quieten()
        departures: list[float] = []
        rtts: list[float] = []
        try:
            for turn, payload in enumerate(volley.payloads):
                request = self._echo(volley.identifier, volley.first + turn & 0xFFFF, payload)
                before = time.monotonic()
                if before >= volley.ends_at:
                    break
                self._socket.sendto(request, address)
                departures.append(before)
                if not self._await_answer(request, address, volley.patience):
                    break
                rtts.append(time.monotonic() - before)
        except OSError:
            if not departures:
                raise
        finally:
            self._pending.extend(self._departures.restart())
            self._heard = True
        return Volleyed(volley, tuple(departures), tuple(rtts))

    def fire(self, salvo: Salvo) -> Fired:
        """Send requests one right after the other, and tell what has come by the end."""
        self._quieten()
        waiting: dict[SocketAddress, tuple[int, bytes]] = {}
        departures: list[float] = []
        failures: dict[int, OSError] = {}
        hits: list[Hit] = []
        try:
            for turn, (outer, sequence, payload) in enumerate(salvo.requests):
                request = self._echo(salvo.identifier, sequence & 0xFFFF, payload)
                departures.append(time.monotonic())
                try:
                    address = self._fields.fit(outer)
                    self._send_unstamped(request, address)
                except OSError as error:
                    failures[turn] = error
                    continue
                waiting[address] = turn, request
                self._gather(waiting, hits)
            for _ in range(MOST_AT_ONCE):
                if not self._gather(waiting, hits):
                    break
        finally:
            self._pending.extend(self._departures.restart())
            self._heard = True
        return Fired(salvo, tuple(departures), failures, tuple(hits))

    def receive(self) -> News | None:
        pending = self._pending
        while not pending and self._read():
            pass
        return pending.popleft() if pending else None

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def share(self, *, allowed: bool) -> None:
        """Let others that are bound from now on have the same port or identifier, or not."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(allowed))

    def tell(self, news: News) -> None:
        """Have ``receive`` return this, after what it already has to tell."""
        self._pending.append(news)

    @property
    def is_telling(self) -> bool:
        """Whether ``receive`` has something to return without asking the kernel."""
        return bool(self._pending)

    def departed(self) -> list[News]:
        """Return all that there is to tell, now that another socket has heard an answer.

        An answer found there makes it sure that the packet's departure is told here.
        """
        self._note_answer()
        told = list(self._pending)
        self._pending.clear()
        return told

    def _note_answer(self) -> None:
        """Take in the departure of what was answered."""
        # Read after the answer, the queue is sure to hold the stamp of what it answers.
        if self._departures.waiting:
            self._read_error_queue(to_the_end=self._departures.doubtful)
            self._pending.extend(self._departures.answered())

    def _quieten(self) -> None:
        """Take in what earlier packets have led to, and have no more departures stamped."""
        if time.monotonic() < self._settled_at:
            time.sleep(SETTLING)
        if self._departures.waiting or self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._read_error_queue()
        self._pending.extend(self._departures.pause())

    def _gather(self, waiting: dict[SocketAddress, tuple[int, bytes]], hits: list[Hit]) -> bool:
        """Take in one thing that came, and tell whether there was any."""
        try:
            octets, ancillary, _, source = self._socket.recvmsg(LARGEST_DATAGRAM, ANCILLARY_SPACE)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in BELATED:
                raise
            self._read_error_queue()
            return True
        turn, request = waiting.get(source, (-1, b""))
        if request and self._answers(octets, request):
            del waiting[source]
            at, clock, messages = arrival(ancillary)
            hits.append(Hit(turn, at, clock, *self._header_of(octets, messages)))
        else:
            self._pending.append(self._arrived(octets, ancillary, source))
        return True

    def _await_answer(self, request: bytes, address: SocketAddress, patience: float) -> bool:
        """Wait for the answer to a request; keep what comes instead, if anything does."""
        for wait in (True, False):
            try:
                octets, ancillary, _, source = self._socket.recvmsg(
                    LARGEST_DATAGRAM, ANCILLARY_SPACE
                )
            except BlockingIOError:
                if wait:
                    self._poll.poll(patience * 1000)
                continue
            except OSError as error:
                if error.errno not in BELATED:
                    raise
                self._read_error_queue()
                break
            same = source[0] == address[0] and source[3:] == address[3:]  # and the same scope
            if same and self._answers(octets, request):
                return True
            self._pending.append(self._arrived(octets, ancillary, source))
            break
        return False

    def _address(self, packet: Packet) -> SocketAddress:
        """Prepare the socket for a packet; return where to send it."""
        return self._fields.fit(packet.headers[0])

    def _octets(self, packet: Packet) -> bytes:
        """Return what goes behind the IP header."""
        raise NotImplementedError

    def _echo(self, identifier: int, sequence: int, payload: bytes) -> bytes:
        """Return an echo request, from its ICMP header on."""
        raise NotImplementedError

    def _answers(self, octets: bytes, request: bytes) -> bool:
        """Tell whether a datagram is the reply to a request made by :meth:`_echo`."""
        raise NotImplementedError

    def _header_of(self, octets: bytes, messages: Ancillary) -> tuple[int, int, bytes]:
        """Return TTL, traffic class and IPv4 options of a datagram."""
        raise NotImplementedError

    def _arrived(self, octets: bytes, ancillary: Ancillary, address: SocketAddress) -> Received:
        """Return the news of a datagram."""
        raise NotImplementedError

    def _icmp_error(
        self, octets: bytes, ancillary: Ancillary, address: SocketAddress
    ) -> Received | None:
        """Return the news of an ICMP error in the error queue."""
        return None

    def _read(self) -> bool:
        """Take in one thing that came, and tell whether there was any."""
        try:
            octets, ancillary, _, address = self._socket.recvmsg(LARGEST_DATAGRAM, ANCILLARY_SPACE)
        except BlockingIOError:
            self._found_empty()
            return False
        except OSError as error:
            if error.errno not in BELATED:
                raise
            self._read_error_queue()
            return True
        self._heard = True
        self._note_answer()
        self._pending.append(self._arrived(octets, ancillary, address))
        return True

    def _found_empty(self) -> None:
        self._unheard = 0
        # If nothing came since the last time, something else may be what woke us.
        if self._departures.waiting or self._departures.doubtful or not self._heard:
            self._read_error_queue()
        if self._heard:
            self._heard = False
            drops = self._drop_count()
            if drops != self._drops:
                self._pending.append(Dropped((drops - self._drops) & 0xFFFF_FFFF))
            self._drops = drops

    def _take_in(self) -> None:
        """Take in what has come. It loses nothing by waiting here: the kernel stamped it."""
        self._unheard = 0
        for _ in range(MOST_AT_ONCE):
            try:
                if not self._read():
                    return
            except OSError:
                return  # ``receive`` will meet it again; what was sent is sent

    def _read_error_queue(self, *, to_the_end: bool = True) -> bool:
        """Take in stamps and ICMP errors; tell whether there was an error.

        Args:
            to_the_end: otherwise it is enough when all packets have their stamps. Should
                an ICMP error remain, the next reading of the socket fails and leads here.
        """
        departures, pending, found = self._departures, self._pending, False
        while True:
            try:
                octets, ancillary, _, address = self._socket.recvmsg(
                    LARGEST_DATAGRAM, ANCILLARY_SPACE, socket.MSG_ERRQUEUE
                )
            except BlockingIOError:
                return found
            stamp = error = b""
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET:
                    stamp = data
                elif kind == self._error_kind:
                    error = data
            origin = error[ORIGIN] if error else options.SO_EE_ORIGIN_LOCAL
            news: News | None = None
            if origin == options.SO_EE_ORIGIN_TIMESTAMPING:
                (key,) = STAMP_KEY.unpack_from(error)
                news = departures.stamped(key, *TIMESPEC.unpack_from(stamp))
            elif origin != options.SO_EE_ORIGIN_LOCAL:
                found = True
                news = self._icmp_error(octets, ancillary, address)
            if news is not None:
                pending.append(news)
            if not to_the_end and not departures.waiting:
                return found

    def _send_again(self, octets: bytes, address: SocketAddress, error: OSError) -> None:
        """Send once more if the failure was that of an earlier packet.

        Raises:
            OSError: it was not.
        """
        again = error.errno in BELATED
        while again:
            again = self._read_error_queue()
            self._pending.extend(self._departures.restart())
            try:
                self._sendto(octets, address)
            except OSError as latest:
                error = latest
            else:
                return
        self._read_error_queue()  # the kernel notes EMSGSIZE there too
        self._pending.extend(self._departures.restart())
        raise error

    def _send_unstamped(self, octets: bytes, address: SocketAddress) -> None:
        """Send while no departures are stamped.

        Raises:
            OSError: the kernel refused this very packet.
        """
        try:
            self._socket.sendto(octets, address)
        except OSError as error:
            try:
                self._send_again(octets, address, error)
            finally:
                self._pending.extend(self._departures.pause())

    def _drop_count(self) -> int:
        """Return how many arrivals found no room in the socket; 0 where the kernel cannot tell."""
        option = options.SO_MEMINFO
        try:
            counters = self._socket.getsockopt(option.level, option.number, MEMINFO.size)
        except OSError:
            return 0
        number: int = MEMINFO.unpack(counters)[options.SK_MEMINFO_DROPS]
        return number


def arrival(ancillary: Ancillary) -> tuple[float, Clock, Ancillary]:
    """Return when a datagram came, who says so, and the remaining control messages."""
    if ancillary and ancillary[0][0] == socket.SOL_SOCKET:  # the kernel puts the stamp first
        seconds, nanoseconds = TIMESPEC.unpack_from(ancillary[0][2])
        return converter.to_monotonic(seconds, nanoseconds), Clock.KERNEL, ancillary[1:]
    return time.monotonic(), Clock.USER, ancillary


def open_socket(version: int, kind: socket.SocketKind, protocol: int) -> socket.socket:
    """Open a socket that neither blocks nor outlives an exec(2)."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    return socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
