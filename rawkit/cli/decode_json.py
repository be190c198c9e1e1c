"""What ``rawkit decode --json`` prints, beside what :mod:`rawkit.cli.sniff_json` does."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rawkit.cli.packet_lines import Seen
from rawkit.cli.records import Schema, Value, duration, line
from rawkit.cli.sniff_json import PARTS as SNIFF_PARTS
from rawkit.cli.sniff_json import SCHEMA as SNIFF
from rawkit.cli.sniff_json import packet_line

if TYPE_CHECKING:
    from rawkit.cli.decode_deep import Deep
    from rawkit.cli.decode_options import DecodeOptions
    from rawkit.cli.decode_source import Packets
    from rawkit.engine.tally import Talk, Tally

SCHEMA: Schema = {
    "packet": (*SNIFF["packet"], "layers"),
    "protocol": ("chain", "packet_count", "octet_count"),
    "talk": (
        *("protocol", "first", "first_port", "other", "other_port", "covered"),
        *("forth_packets", "forth_octets", "back_packets", "back_octets"),
    ),
    "summary": (
        *("file", "filter", "read_packets", "passed", "captured_octets", "covered"),
        *("bad_checksums", "unfinished_checksums", "cut_packets", "unread_packets", "problem"),
    ),
}
"""The fields of each type, beside those of the head."""
PARTS: Schema = {
    "headers": SNIFF_PARTS["headers"],
    "layers": ("scapy_layer", "layer_fields"),
}


def packet_printer(options: "DecodeOptions", deep: "Deep | None") -> Callable[[Seen], str]:
    """Return what makes a packet a line of JSON."""
    with_octets = bool(options.hexadecimal or options.text)

    def printed(seen: Seen) -> str:
        layers = None if deep is None else deep.layers(seen)
        return packet_line("decode", seen, with_octets=with_octets, layers=layers)

    return printed


def closing_lines(
    tally: "Tally", source: "Packets", read: int, options: "DecodeOptions", chosen: str
) -> str:
    """Return what is known in the end as lines of JSON.

    Args:
        tally: what was counted.
        source: where it is from.
        read: packets read, whether or not they passed the filter.
        options: whether the statistics were asked for.
        chosen: the filter, in words.
    """
    lines = list(_stats(tally)) if options.stats else []
    values: dict[str, Value] = {
        "file": source.name,
        "filter": chosen,
        "read_packets": read,
        "passed": tally.all.packets,
        "captured_octets": tally.all.octets,
        "covered": duration(tally.duration),
        "bad_checksums": tally.bad,
        "unfinished_checksums": tally.unfinished,
        "cut_packets": tally.cut,
        "unread_packets": tally.unread,
        "problem": None if source.error is None else str(source.error),
    }
    return "".join([*lines, line("decode", "summary", None, values)])


def _stats(tally: "Tally") -> Iterator[str]:
    for chain, count in sorted(tally.protocols.items()):
        values: dict[str, Value] = {
            "chain": list(chain),
            "packet_count": count.packets,
            "octet_count": count.octets,
        }
        yield line("decode", "protocol", None, values)
    for talk in tally.talks:
        yield line("decode", "talk", None, _talk(talk))


def _talk(talk: "Talk") -> dict[str, Value]:
    ends = [
        end.address.hex(":") if isinstance(end.address, bytes) else str(end.address)
        for end in (talk.first, talk.other)
    ]
    return {
        "protocol": talk.protocol,
        "first": ends[0],
        "first_port": talk.first.port,
        "other": ends[1],
        "other_port": talk.other.port,
        "covered": duration(talk.duration),
        "forth_packets": talk.forth.packets,
        "forth_octets": talk.forth.octets,
        "back_packets": talk.back.packets,
        "back_octets": talk.back.octets,
    }
