"""Hops and their sources as JSON values, for all that writes them."""

from collections.abc import Iterable
from math import sqrt

from rawkit.cli.records import Schema, Value, duration, statistics
from rawkit.cli.trace_lookup import Lookup
from rawkit.engine.rtt import RTT
from rawkit.engine.rtt import statistics as of_samples
from rawkit.engine.trace_events import Hop
from rawkit.engine.trace_report import HopReport, SourceReport
from rawkit.wire.address import Address
from rawkit.wire.multipart import ExtensionObject, InterfaceInfo, Label

PARTS: Schema = {
    "hops": (
        *("hop", "sent", "answered", "late", "unanswered", "not_sent", "pending", "duplicates"),
        *("loss", "last", "rtts", "back_hops", "asymmetry", "remarks", "sources"),
    ),
    "sources": (
        *("source", "name", "as_numbers", "as_name", "answers", "rtts", "annotations"),
        *("labels", "interfaces"),
    ),
    "labels": ("label", "label_class", "label_bottom", "label_ttl"),
    "interfaces": (
        *("role", "interface_index", "interface_address", "interface_name", "interface_mtu"),
    ),
}
"""The fields of objects inside others."""


def known_of(address: Address, lookup: Lookup) -> dict[str, Value]:
    """Return an address, and what is known of it by now."""
    system = lookup.system(address)
    return {
        "source": str(address),
        "name": lookup.name(address),
        "as_numbers": list(system.numbers) if system else None,
        "as_name": system.name if system else None,
    }


def hop_values(hop: HopReport, lookup: Lookup) -> dict[str, Value]:
    """Return a hop as an object."""
    finished = hop.sent - hop.not_sent - hop.pending
    return {
        "hop": hop.ttl,
        "sent": hop.sent,
        "answered": hop.answered,
        "late": hop.late,
        "unanswered": hop.unanswered,
        "not_sent": hop.not_sent,
        "pending": hop.pending,
        "duplicates": hop.duplicates,
        "loss": hop.loss if finished > 0 else None,
        "last": duration(hop.last),
        "rtts": statistics(hop.rtt),
        "back_hops": hop.back_hops,
        "asymmetry": hop.asymmetry,
        "remarks": [remark.value for remark in hop.remarks],
        "sources": [source_values(source, lookup) for source in hop.sources],
    }


def source_values(source: SourceReport, lookup: Lookup) -> dict[str, Value]:
    """Return one who answered as an object."""
    return known_of(source.address, lookup) | {
        "answers": source.answers,
        "rtts": statistics(source.rtt),
        "annotations": list(source.annotations),
        "labels": label_values(source.labels),
        "interfaces": interface_values(source.interfaces),
    }


def sources_of(hop: Hop) -> tuple[SourceReport, ...]:
    """Return who answered in a row, in the order of the probes."""
    found = []
    for source in hop.sources:
        answers = [answer for answer in hop.answers if answer.source == source]
        found.append(
            SourceReport(
                source,
                len(answers),
                of_samples(answer.rtt for answer in answers if not answer.late),
                labels_in(answers[-1].extensions),
                interfaces_in(answers[-1].extensions),
                tuple(dict.fromkeys(one.annotation for one in answers if one.annotation)),
            )
        )
    return tuple(found)


def label_values(labels: Iterable[Label]) -> list[Value]:
    """Return a label stack as objects."""
    return [
        {
            "label": entry.label,
            "label_class": entry.traffic_class,
            "label_bottom": entry.bottom,
            "label_ttl": entry.ttl,
        }
        for entry in labels
    ]


def interface_values(interfaces: Iterable[InterfaceInfo]) -> list[Value]:
    """Return interfaces as objects."""
    return [
        {
            "role": info.role.name.lower(),
            "interface_index": info.index,
            "interface_address": str(info.address) if info.address else None,
            "interface_name": info.name,
            "interface_mtu": info.mtu,
        }
        for info in interfaces
    ]


def labels_in(objects: Iterable[ExtensionObject]) -> tuple[Label, ...]:
    """Return the label stack among extension objects, outermost first."""
    stacks = (one.decoded for one in objects)
    return next((stack for stack in stacks if isinstance(stack, tuple)), ())


def interfaces_in(objects: Iterable[ExtensionObject]) -> tuple[InterfaceInfo, ...]:
    """Return the interfaces that extension objects tell of."""
    found = (one.decoded for one in objects)
    return tuple(info for info in found if isinstance(info, InterfaceInfo))


def deviation(rtt: RTT) -> float:
    """Return the standard deviation of the round trips, of which these are a sample.

    mtr(8) divides by one less than their count; ping(8)'s mdev, which we keep, by the count.
    """
    return rtt.mdev * sqrt(rtt.count / (rtt.count - 1)) if rtt.count > 1 else 0.0
