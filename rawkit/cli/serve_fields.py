"""Names in the objects of ``rawkit serve`` and ``rawkit check``: what each means, and its unit.

They belong to :data:`rawkit.cli.records.FIELDS`, where nothing has another meaning.
"""

SERVE_FIELDS: dict[str, tuple[str, ...]] = {
    "service": ("what is served, as it was asked for",),
    "model": ("how the server waits, such as `epoll`; `raw`: TCP in user space",),
    "ip_versions": ("list of the versions of IP that reach it; empty: it is none of IP",),
    "notes": ("list of what is not as it was asked for",),
    "worker": ("number of the process, from 1; 0: there is one only, or it is the first one",),
    "peer_pid": ("process at the other end when it connected; `null`: not on this machine",),
    "peer_uid": ("its user",),
    "peer_gid": ("its group",),
    "close_reason": (
        "why a connection ended: `done`, `served`, `reset`, `idle`, `lifetime`, `aborted`,"
        " `failed`, `too_long`, `dropped` or `error`",
    ),
    "received_octets": ("what clients have said", "octets"),
    "sent_octets": ("what they were answered", "octets"),
    "system_said": ("what the system, or the service, said of it; `null`: nothing",),
    "trouble": ("what did not go as it should",),
    "trouble_times": ("how often that was so since it was last told, within a second",),
    "server_addresses": ("list of the addresses where it was, in the notation",),
    "accepted": ("how many were taken", "connections"),
    "closed": ("list of objects: how many have ended, and why; what never was is left out",),
    "connections": ("how many ended for that reason", "connections"),
    "still_open": ("cut, as the service did not return", "connections"),
    "full": ("hung up on at once, as there were as many as there may be", "connections"),
    "out_of_descriptors": ("how often there was nothing left to take one with",),
    "accept_errors": ("gone before they were taken", "connections"),
    "datagrams": ("that came", "datagrams"),
    "answered_datagrams": ("that were answered", "datagrams"),
    "too_long_datagrams": ("longer than a server reads, and not answered", "datagrams"),
    "nameless": ("of senders without an address", "datagrams"),
    "unsafe": ("not answered because of the port that they came from", "datagrams"),
    "withheld": ("not answered, as the answer would be longer", "datagrams"),
    "undelivered": ("whose answer the system did not send", "datagrams"),
    "service_failures": ("whose answering failed in the service", "datagrams"),
    "overflowed": ("dropped by the kernel, as they were not read in time", "datagrams"),
    # check
    "fault": ("name of what was tried",),
    "stood": ("whether the server stood it; `null`: it says nothing about such a server",),
    "finding": ("what was seen, or why it failed; `null`: nothing to say",),
    "tried_for": ("how long that took", "seconds"),
    "faults_stood": ("how many it stood",),
    "faults_not_stood": ("how many it did not stand",),
    "faults_inapplicable": ("how many say nothing about it",),
    # serve
    "workers": ("list of objects: the same of each process of a fixed number",),
}
