"""Names in JSON of what is about TCP by hand; for :mod:`rawkit.cli.records`."""

TCP_FIELDS: dict[str, tuple[str, ...]] = {
    "segment_number": ("number of the segment, from 1",),
    "since_first": ("when it came or left, since the first one left", "seconds"),
    "state_before": ("state of our side before it, by RFC 9293's name",),
    "state_after": ("state of our side behind it",),
    "tcp_sequence": ("sequence number of the segment",),
    "tcp_acknowledgment": ("its acknowledgment number; 0 where it acknowledges nothing",),
    "tcp_window": ("its window, not shifted",),
    "tcp_options": ("list of its options, in tcpdump's words",),
    "local_port": ("port of our side",),
    "established": ("whether the handshake is complete",),
    "mss": ("data in a full-sized segment; `null`: no handshake", "octets"),
    "window_shifts": (
        "list of two: bits by which their windows and ours are shifted; `null`: not",
    ),
    "sack": ("whether both sides use selective acknowledgments; `null`: no handshake",),
    "timestamps": ("whether both sides use timestamps; `null`: no handshake",),
    "ecn": ("whether both sides use congestion notification; `null`: no handshake",),
    "guard": (
        'list of what keeps the kernel away: `"filter"`, `"digest"`, `"hops"`, '
        '`"nft"`, `"address"`',
    ),
}
