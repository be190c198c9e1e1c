"""What ``rawkit resolve`` prints: arping(8)'s lines, and as much in its manner for the rest."""

from typing import TYPE_CHECKING

from rawkit.cli.ping_numbers import thousandths
from rawkit.engine.neighbour_events import Answer, Claim, Link, NotSent, Sent, Target
from rawkit.wire.address import MAC

if TYPE_CHECKING:
    from rawkit.api.neighbours import DiscoverSession
    from rawkit.api.resolve import ResolveSession
    from rawkit.cli.records import Wall
    from rawkit.engine.discover import DiscoverReport, Router
    from rawkit.engine.resolve_report import ResolveReport
    from rawkit.engine.watch import Announcement, WatchReport

TITLES = {4: "ARPING", 6: "NDPING"}
NOT_BY_DEFAULT = -(2**31)
"""The preference of a router that no host is to choose by itself (RFC 1256 §4.1)."""
TO_ALL = {4: "Broadcast", 6: "Multicast"}


class ResolveText:
    """One address, as arping(8) has it."""

    def __init__(self, session: "ResolveSession", *, several: bool) -> None:
        """Prepare to print.

        Args:
            session: what is told of.
            several: others are told of between its lines.
        """
        self._target: Target = session.target
        self._link: Link = session.link
        self._prefix = f"{session.target.name}: " if several else ""

    def opening(self) -> str:
        """Return the line before the first request."""
        target = self._target
        title = TITLES[target.address.version]
        return f"{title} {target.address} from {target.src} {self._link.interface}\n"

    def event(self, event: "Answer | Sent | NotSent") -> str:
        """Return the line for an event, if there is one."""
        return self._answer(event) if isinstance(event, Answer) else ""

    def closing(self, report: "ResolveReport") -> str:
        """Return the summary."""
        all_ = "broadcast" if report.target.address.version == 4 else "multicast"
        parts = []
        if report.requests:
            parts.append(f"{report.requests} request(s)")
        if report.broadcasts_received:
            parts.append(f"{report.broadcasts_received} {all_}(s)")
        kinds = f" ({', '.join(parts)})" if parts else ""
        refused = f", {report.not_sent} not sent" if report.not_sent else ""
        lines = [
            f"Sent {report.sent} probes ({report.broadcasts} {all_}(s){refused})",
            f"Received {report.received} response(s){kinds}",
        ]
        if report.is_conflict:
            claimed = ", ".join(map(_capital, report.macs))
            lines.append(f"Conflict: {report.target.address} is claimed by {claimed}")
        return "".join(f"{self._prefix}{line}\n" for line in lines)

    def _answer(self, answer: Answer) -> str:
        claim, address = answer.claim, answer.target.address
        where = TO_ALL[address.version] if claim.to_all else "Unicast"
        what = "probe" if claim.is_probe else "request" if claim.is_request else "reply"
        time = "UNSOLICITED?" if answer.rtt is None else f"{thousandths(answer.rtt)}ms"
        return f"{where} {what} from {address} [{_capital(claim.mac)}] {self._to(claim)} {time}\n"

    def _to(self, claim: Claim) -> str:
        """Say whom a claim speaks to, as far as that is not us."""
        words = f"for {claim.target} " if claim.target != self._target.src else ""
        if claim.target_mac is not None and claim.target_mac != self._link.mac:
            words += f"[{_capital(claim.target_mac)}]"
        return words


class RoutersText:
    """The routers of a link."""

    def __init__(self, session: "DiscoverSession") -> None:
        self._target: Target = session.target
        self._link: Link = session.link

    def opening(self) -> str:
        """Return the line before the first solicitation."""
        return f"SOLICITING {self._target.name} from {self._target.src} {self._link.interface}\n"

    def event(self, event: "Router | Sent | NotSent") -> str:
        """Return the lines for an event: what is said again is not."""
        from rawkit.engine.discover import Change, Router

        if not isinstance(event, Router) or event.change is Change.SAME:
            return ""
        time = "UNSOLICITED?" if event.rtt is None else f"{thousandths(event.rtt)}ms"
        title = "Router" if event.change is Change.NEW else "Changed router"
        holds = f"lifetime {event.lifetime} s"
        if not event.lifetime and event.address.version == 6:
            holds += " (no default router)"  # RFC 4861 §4.2: what else it says holds all the same
        head = f"{title} {event.address} [{_capital(event.mac)}] {holds} {time}"
        return "".join(f"{line}\n" for line in (head, *(f"  {fact}" for fact in facts(event))))

    def closing(self, report: "DiscoverReport") -> str:
        """Return the summary."""
        ignored = f", {report.invalid} ignored" if report.invalid else ""
        refused = f", {report.not_sent} of them not sent" if report.not_sent else ""
        return (
            f"Sent {report.sent} solicitation(s){refused}\n"
            f"Received {report.received} advertisement(s) of"
            f" {len(report.routers)} router(s){ignored}\n"
        )


class WatchText:
    """What hosts say of themselves."""

    def __init__(self, wall: "Wall", interface: str | None) -> None:
        """Prepare to print.

        Args:
            wall: turns a monotonic time into seconds since 1970.
            interface: where is listened; ``None``: everywhere.
        """
        self._wall = wall
        self._interface = interface

    def opening(self) -> str:
        """Return the line before the first announcement."""
        return f"WATCHING {self._interface or 'all interfaces'}\n"

    def event(self, event: "Announcement") -> str:
        """Return the line for an announcement."""
        from datetime import datetime

        from rawkit.engine.watch import Kind

        clock = datetime.fromtimestamp(self._wall(event.time)).strftime("%H:%M:%S.%f")
        verb = "is wanted by" if event.kind is Kind.PROBE else "is at"
        words = [event.kind.value]
        if event.kind is not Kind.PROBE:
            words.append(event.change.value)
        if event.frame_mac != event.mac:
            words.append(f"said by {event.frame_mac}")
        if event.vlan is not None:
            words.append(f"vlan {event.vlan.id}")
        was = f", was at {event.before}" if event.before is not None else ""
        said = f"{event.address} {verb} {event.mac}{was}"
        return f"{clock} {event.interface} {said} ({', '.join(words)})\n"

    def closing(self, report: "WatchReport") -> str:
        """Return the summary."""
        ignored = f", {report.invalid} ignored" if report.invalid else ""
        dropped = f", {report.lost_here} dropped by this host" if report.lost_here else ""
        dropped += f", {report.forgotten} not remembered" if report.forgotten else ""
        return (
            f"Heard {report.heard} message(s) of {len(report.neighbours)} address(es),"
            f" {report.changes} change(s), {report.probes} probe(s){ignored}{dropped}\n"
        )


def facts(router: "Router") -> list[str]:
    """Return what a router says, a fact a line."""
    from rawkit.wire.ndp import RouterAdvertisement, RouterFlag
    from rawkit.wire.ndp_options import PREFERENCES, SourceLinkLayer

    message = router.message
    if not isinstance(message, RouterAdvertisement):
        return [f"router {address} {_preference(level)}" for address, level in message.routers]
    lines = [f"preference {PREFERENCES[message.preference]}"]
    if message.hop_limit:
        lines.append(f"hop limit {message.hop_limit}")
    if message.flags & RouterFlag.MANAGED:
        lines.append("addresses by DHCPv6")
    elif message.flags & RouterFlag.OTHER:
        lines.append("other settings by DHCPv6")
    if message.reachable:
        lines.append(f"reachable {message.reachable} ms")
    if message.retransmit:
        lines.append(f"retransmit {message.retransmit} ms")
    told = (one for one in message.options if not isinstance(one, SourceLinkLayer))
    return lines + [str(one) for one in told]


def _preference(level: int) -> str:
    """Say how much a router over IPv4 wants to be chosen (RFC 1256 §4.1)."""
    return f"preference {level}" if level != NOT_BY_DEFAULT else "not as a default router"


def _capital(mac: MAC) -> str:
    return str(mac).upper()


Printed = ResolveText | RoutersText | WatchText
