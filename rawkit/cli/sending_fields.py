"""Names in JSON lines of commands that send packets of one's own making: meaning and unit."""

PACKETS, OCTETS, ANSWERS = "packets", "octets", "answers"

SENDING_FIELDS: dict[str, tuple[str, ...]] = {
    "notation": ("a packet in [notation](notation.md), with all that was filled in",),
    "send_layer": (
        'where it is handed to the kernel: `"ipv4"`, `"ipv6"`, `"icmpv6"`, `"cooked"` or `"frame"`',
    ),
    "via": ("the router or neighbour that it goes by way of; `null`: none, or not known",),
    "neighbour_mac": (
        "hardware address that the frame is for; `null`: the kernel finds it, or it has yet to be"
        " asked for",
    ),
    "packet_length": ("from the outermost header on that was given", OCTETS),
    "fragments": ("pieces in which it goes; 1: it is not cut", PACKETS),
    "kernel_changes": ("list of objects: what the kernel makes of it, or of its first piece",),
    "changed_field": ("the field that is changed, in words",),
    "given_value": ("what it was given",),
    "sent_value": ("what it leaves with; `null`: the kernel chooses it then",),
    "filled_in": ("whether it was left to the kernel, being 0",),
    "refusal": ("why the kernel would refuse it; `null`: it would not",),
    "packets_sent": ("that the kernel took, fragments counted one by one", PACKETS),
    "packets_refused": ("that the kernel refused", PACKETS),
    "octets_sent": ("of all that were sent, from the outermost header on", OCTETS),
    "refusals": ("list of objects: each errno that was a reason",),
    "times": ("how often",),
    "asked": ("how often the question had been sent by then",),
    "replies_heard": ("that say what was asked for, or refuse", ANSWERS),
    "errors_heard": ("ICMP errors about the question", ANSWERS),
    "doubtful": ("that look like a reply or an error and are none, or are too short", ANSWERS),
    "damaged": ("with a wrong checksum, which do not count", ANSWERS),
}
"""See :data:`rawkit.cli.records.FIELDS`."""
