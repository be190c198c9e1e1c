"""What the messages about multicast groups say, in tcpdump(8)'s words where it has some."""

from collections.abc import Iterator

from rawkit.wire import igmp, mld
from rawkit.wire.address import Address
from rawkit.wire.multicast_routers import (
    Advertisement,
    MulticastRouterSolicitation,
    MulticastRouterTermination,
)
from rawkit.wire.multicast_routers_ipv6 import (
    MulticastRouterSolicitation as MulticastRouterSolicitationIPv6,
)
from rawkit.wire.multicast_routers_ipv6 import (
    MulticastRouterTermination as MulticastRouterTerminationIPv6,
)
from rawkit.wire.packet import Header

USUAL = 100
"""The response code of a query that is not told: 10 seconds."""
SOLICITATIONS = (MulticastRouterSolicitation, MulticastRouterSolicitationIPv6)
TERMINATIONS = (MulticastRouterTermination, MulticastRouterTerminationIPv6)


def describe_igmp(message: Header) -> str:
    """Return what an IGMP message says."""
    match message:
        case igmp.MembershipQuery(group=group, max_response_code=0):
            return "igmp query v1" + ("" if group == igmp.NO_GROUP else f" [gaddr {group}]")
        case igmp.MembershipQuery(group=group, max_response_code=code):
            words = "igmp query v2" + ("" if code == USUAL else f" [max resp time {code}]")
            return words + ("" if group == igmp.NO_GROUP else f" [gaddr {group}]")
        case igmp.MembershipQueryV3():
            return f"igmp query v3{_query_v3(message)}"
        case igmp.MembershipReportV1(group=group):
            return f"igmp v1 report {group}"
        case igmp.MembershipReportV2(group=group):
            return f"igmp v2 report {group}"
        case igmp.LeaveGroup(group=group):
            return f"igmp leave {group}"
        case igmp.MembershipReportV3(records=records):
            return f"igmp v3 report, {len(records)} group record(s)"
        case igmp.Other(type=type_):
            return f"igmp-{type_}"
    return f"igmp {describe_router(message) or type(message).__name__}"


def describe_mld(message: Header) -> str | None:
    """Return what a message of MLD says, or of multicast routers; ``None`` if it is neither."""
    match message:
        case mld.ListenerQuery(group=group, max_response_delay=delay):
            return f"multicast listener query max resp delay: {delay} addr: {group}"
        case mld.ListenerQueryV2(group=group, sources=sources):
            return f"multicast listener query v2 [gaddr {group}{_sources(sources)}]"
        case mld.ListenerReport(group=group):
            return f"multicast listener report addr: {group}"
        case mld.ListenerDone(group=group):
            return f"multicast listener done addr: {group}"
        case mld.ListenerReportV2(records=records):
            return f"multicast listener report v2, {len(records)} group record(s)"
    return describe_router(message)


def describe_router(message: Header) -> str | None:
    """Return what a message of multicast router discovery says; ``None`` if it is none."""
    if isinstance(message, Advertisement):
        every = f"every {message.interval} s, queries every {message.query_interval} s"
        return f"multicast router advertisement {every}, robustness {message.robustness}"
    if isinstance(message, SOLICITATIONS):
        return "multicast router solicitation"
    return "multicast router termination" if isinstance(message, TERMINATIONS) else None


def record_lines(message: Header) -> Iterator[str]:
    """Yield the group records of a report, and the times of a query, one a line."""
    match message:
        case igmp.MembershipReportV3(records=records) | mld.ListenerReportV2(records=records):
            yield from map(str, records)
        case igmp.MembershipQueryV3() | mld.ListenerQueryV2():
            yield f"answers within {message.max_response:g} s, next query in {message.interval} s"


def _query_v3(query: igmp.MembershipQueryV3) -> str:
    words = (
        "" if query.max_response_code == USUAL else f" [max resp time {query.max_response:.1f}s]"
    )
    if query.group == igmp.NO_GROUP and not query.sources:
        return words
    return f"{words} [gaddr {query.group}{_sources(query.sources)}]"


def _sources(sources: tuple[Address, ...]) -> str:
    return f", {len(sources)} source(s)" if sources else ""
