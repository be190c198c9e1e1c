"""Names in JSON lines of commands that work on captures: meaning and unit of each."""

PACKETS, OCTETS, SECONDS, SEGMENTS = "packets", "octets", "seconds", "segments"

CAPTURE_FIELDS: dict[str, tuple[str, str]] = {
    # a packet that scapy read, too
    "layers": ("list of objects: what scapy reads inside; `null`: it was not asked (`--deep`)", ""),
    "scapy_layer": ("its class in scapy", ""),
    "layer_fields": ("object: its fields as scapy prints them", ""),
    # the books of a capture
    "chain": ("list of the names of headers, outermost first: the last is what is counted", ""),
    "packet_count": ("how many there are", PACKETS),
    "octet_count": ("how many there are", OCTETS),
    "protocol": ("innermost protocol of the packets", ""),
    "first": ("address of who was heard first", ""),
    "first_port": ("port of who was heard first; `null`: the protocol has none", ""),
    "other": ("address of whom it speaks to", ""),
    "other_port": ("port of whom it speaks to; `null`: the protocol has none", ""),
    "forth_packets": ("from `first` to `other`", PACKETS),
    "forth_octets": ("from `first` to `other`", OCTETS),
    "back_packets": ("from `other` to `first`", PACKETS),
    "back_octets": ("from `other` to `first`", OCTETS),
    "covered": ("from the earliest packet to the latest; `null`: times are not known", SECONDS),
    "file": ("name of the capture file; `-`: standard input, `hex`: it was hexadecimal", ""),
    "read_packets": ("read, whether or not they passed the filter", PACKETS),
    "unread_packets": ("with something in them that makes no sense", PACKETS),
    # a capture that is sent once more
    "due": (
        "when the packet was to leave, since the first one; `null`: as soon as possible",
        SECONDS,
    ),
    "lateness": ("by how much later it left; `null`: it was not to leave at a time", SECONDS),
    "pieces": ("packets that were sent for it", PACKETS),
    "reason": ("why, in words", ""),
    "chosen_packets": ("read, and chosen by the filter", PACKETS),
    "late_median": ("half of the packets left no later than this after they were due", SECONDS),
    "late_p99": ("99 of 100 no later", SECONDS),
    "late_worst": ("none later", SECONDS),
    "mended": ("list of objects: what was done beside what was asked for", ""),
    "left_out": ("list of objects: why packets were not sent", ""),
    "dry_run": ("whether nothing was sent, but only looked at", ""),
    # a conversation
    "conversation": ("number of the TCP conversation, from 0", ""),
    "client": ("address of who sent the SYN, or was heard first", ""),
    "client_port": ("its port", ""),
    "server": ("address of the other side", ""),
    "server_port": ("its port", ""),
    "whole": ("whether a SYN was seen: nothing came before", ""),
    "sender": ('`"client"` or `"server"`', ""),
    "stream_offset": ("place among all that the sender said, from 0", OCTETS),
    "said": ("what was said, in hexadecimal", ""),
    "missing_cause": (
        '`"not captured"`, or `"cut short"`: the capture kept only the beginning of segments',
        "",
    ),
    "acknowledged": ("whether the other side said that it has these octets", ""),
    "how": (
        '`"closed"` by both, `"reset"`, `"refused"`, `"open"` when the capture ended, `"forgotten"`'
        " for want of room",
        "",
    ),
    "reset_by": ('`"client"` or `"server"`; `null`: nobody reset it', ""),
    "client_sent": ("object: what the client sent", ""),
    "server_sent": ("object: what the server sent", ""),
    "segments": ("with data", SEGMENTS),
    "missing_octets": ("told to be missing", OCTETS),
    "repeated": ("with nothing new in them", SEGMENTS),
    "ahead": ("that came when octets before them were missing", SEGMENTS),
    "differing": ("that came again with another value while the first ones waited", OCTETS),
    "damaged_segments": ("left out for a wrong checksum", SEGMENTS),
    "stray_segments": ("left out for a place where there can be none", SEGMENTS),
}
"""See :data:`rawkit.cli.records.FIELDS`."""
