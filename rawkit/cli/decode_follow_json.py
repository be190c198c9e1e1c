"""What ``rawkit decode --follow --json`` prints."""

from rawkit.cli.records import MICROSECONDS, Schema, Value, line
from rawkit.engine.follow_events import Began, Counts, Data, Ended, FollowEvent, Missing
from rawkit.record import as_dict

SECOND = 10**9

SCHEMA: Schema = {
    "conversation": (
        *("time", "nanoseconds", "conversation", "client", "client_port", "server"),
        *("server_port", "whole"),
    ),
    "said": (
        *("time", "nanoseconds", "conversation", "sender", "stream_offset", "octet_count", "said"),
    ),
    "missing": (
        *("time", "nanoseconds", "conversation", "sender", "stream_offset", "octet_count"),
        *("missing_cause", "acknowledged"),
    ),
    "end": (
        *("time", "nanoseconds", "conversation", "how", "reset_by", "client_sent", "server_sent"),
    ),
}
"""The fields of each type, beside those of the head."""
SENT = (
    "segments",
    "octet_count",
    "missing_octets",
    "repeated",
    "ahead",
    "differing",
    "damaged_segments",
)
PARTS: Schema = {"client_sent": (*SENT, "stray_segments"), "server_sent": (*SENT, "stray_segments")}


class JSON:
    """Prints an object for each event."""

    def event(self, event: FollowEvent, time_ns: int | None) -> str:
        """Return an event as a line of JSON."""
        head: dict[str, Value] = {
            "time": None if time_ns is None else round(time_ns / SECOND, MICROSECONDS),
            "nanoseconds": None if time_ns is None else time_ns % SECOND,
            "conversation": event.conversation.number,
        }
        kind, values = _told(event)
        return line("decode", kind, None, {**head, **values})


def _told(event: FollowEvent) -> tuple[str, dict[str, Value]]:
    match event:
        case Began(conversation=conversation):
            return "conversation", {
                "client": str(conversation.client.address),
                "client_port": conversation.client.port,
                "server": str(conversation.server.address),
                "server_port": conversation.server.port,
                "whole": conversation.is_whole,
            }
        case Data(sender=sender, offset=offset, octets=octets):
            values = {"sender": sender.value, "stream_offset": offset, "octet_count": len(octets)}
            return "said", {**values, "said": octets.hex()}
        case Missing(sender=sender, offset=offset, length=length):
            values = {"sender": sender.value, "stream_offset": offset, "octet_count": length}
            cause = {"missing_cause": event.cause.value, "acknowledged": event.acknowledged}
            return "missing", {**values, **cause}
        case Ended():
            return "end", {
                "how": event.how.value,
                "reset_by": event.by.value if event.by else None,
                "client_sent": _sent(event.client),
                "server_sent": _sent(event.server),
            }


def _sent(counts: Counts) -> dict[str, Value]:
    own = {"octets": "octet_count", "missing": "missing_octets"}
    own |= {"damaged": "damaged_segments", "stray": "stray_segments"}
    return {own.get(name, name): value for name, value in as_dict(counts).items()}
