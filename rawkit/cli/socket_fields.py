"""Names in the objects of the commands about sockets: what each means, and its unit.

They belong to :data:`rawkit.cli.records.FIELDS`, where nothing has another meaning.
"""

SOCKET_FIELDS: dict[str, tuple[str, ...]] = {
    # errno
    "errno_name": ("name of the error, such as `ECONNREFUSED` or `EAI_NONAME`; `null`: none",),
    "call": ('call that gives it, such as `"connect"`; `"any"`: each',),
    "socket_kinds": ("list of the kinds of sockets that it is true of; empty: of all",),
    "cause": ("why it comes, as a clause; `null`: not known",),
    "way_out": ("what to do about it; `null`: nothing to say",),
    "resolver_code": ("number of an error of the resolver: `EAI_…` below 0, `h_errno` above",),
    "icmp_version": ("4: ICMP, 6: ICMPv6",),
    "becomes": ("object: what different sockets report of an ICMP error",),
    "udp": ("name of the errno of a connected UDP socket; `null`: it hears nothing",),
    "udp_recverr": ("the same of a UDP socket with `IP_RECVERR` or `IPV6_RECVERR`",),
    "tcp_connecting": ("the same of a TCP socket whose SYN is not answered yet",),
    "tcp_connected": ("the same of a TCP connection",),
    # sockaddr
    "socket_address": ("address of a socket in the notation of the project, without names",),
    "struct": ('C struct of it, such as `"sockaddr_in"`',),
    "sockaddr": ("what is handed to bind(2) and connect(2), in hexadecimal",),
    "struct_octets": ("the whole struct; what is not handed over is not looked at", "octets"),
    "members": ("list of objects: the fields of the struct, in their order",),
    "member": ("name of a field of the struct",),
    "c_type": ("its type in C",),
    "at": ("where it begins in the struct", "octets"),
    "member_octets": ("what is in it, in hexadecimal",),
    "byte_order": ('`"network"` or `"host"`; `null`: it is no number',),
    "value": ("what it says, in words",),
    # sockopt
    "peer_address": ("address of the socket that it is connected to; `null`: none, or no name",),
    "pid": ("process that the socket belongs to; `null`: this one, which opened it",),
    "descriptor": ("number of the socket in that process; `null`: it was opened to be shown",),
    "listening": ("whether it takes connections",),
    "option_name": ("name of a socket option",),
    "option_level": ("its level, as setsockopt(2) takes it",),
    "option_number": ("its number there",),
    "about": ("what it is for",),
    "option_unit": ("unit of its value; `null`: none",),
    "option_value": ("its value in that unit; `null`: none, or it cannot be read",),
    "settable": ("whether it can be set by `--option`",),
    "takes": ("what it can be set to, in words; `null`: it cannot",),
    "since_kernel": ("first Linux that has it; `null`: not noted",),
    "needs_capability": ("what setting it takes; `null`: nothing",),
    # resolve-name
    "question": ('function of the C library: `"getaddrinfo"` or `"gethostbyname"`',),
    "ip_version": ("4 or 6, if it was asked for one; `null`: for either",),
    "found_addresses": ("list of the addresses of a name, in the order to be tried",),
    "canonical_name": ("what the name stands for in the end; `null`: not told",),
    "aliases": ("list of its other names, as gethostbyname(3) tells them",),
    "took": ("how long the resolver took, or our own memory", "seconds"),
    "number_of_time": ("which time it was asked for, from 2",),
    "remembered": ("for how long our own memory had it; `null`: it was asked for", "seconds"),
    "holds": ("for how much longer it holds there", "seconds"),
    "found_in": (
        "list of the services, one of which said so, as nsswitch.conf(5) calls them; several:"
        " which, cannot be told",
    ),
    "hosts_file_lines": ("list of the numbers of the lines of the hosts file that say so",),
    "lookup_order": ("list of the services that are asked, in order",),
    "resolver_servers": ("list of the name servers in resolv.conf(5)",),
    # connect
    "came_back": ('on the wire: `"RST"`, an ICMP error, `"nothing"`; `null`: there is no wire',),
    "syns": ("SYNs that were sent; `null`: not known, or there are none",),
    "note": ("what is not as it was asked for; `null`: nothing",),
    "said_text": ("the same as text; `null`: it is no UTF-8",),
    "ended_by": (
        '`"peer"`, `"expected"`, `"idle"`, `"reset"` (by us), `"connected"` (`-z`),'
        ' `"interrupted"`, `"broken"`, or `"unconnected"`: there never was a connection',
    ),
    "octets_to_peer": ("that were sent", "octets"),
    "octets_from_peer": ("that came", "octets"),
    "lasted": ("how long the connection was open", "seconds"),
    "cut_messages": ("that were too long, and are not whole",),
    "exit_code": ("of the command",),
    "is_numeric": ("whether it is an address, so that nobody was asked",),
}
