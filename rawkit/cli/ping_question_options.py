"""Which options of ``rawkit ping`` go with which question."""

from rawkit.cli.ping_options import PingOptions
from rawkit.errors import UsageError

FLAGS = {
    "tcp": "--tcp",
    "udp": "--udp",
    "icmp_timestamp": "--icmp-timestamp",
    "probe": "--probe",
    "node_info": "-N",
}
OTHERS = {
    "size": "-s",
    "pattern": "-p",
    "identifier": "-e",
    "record_route": "-R",
    "timestamp": "-T",
    "broadcast": "-b",
}
"""Options that some questions have no use for."""
USELESS = {
    "tcp": tuple(OTHERS),
    "udp": ("identifier", "record_route", "timestamp"),
    "icmp_timestamp": ("size", "pattern", "record_route", "timestamp"),
    "probe": ("size", "pattern", "record_route", "timestamp"),
    "node_info": ("size", "pattern", "identifier", "record_route", "timestamp", "broadcast"),
}
NODE_HELP = """\
rawkit ping -N WHAT … HOST

What to ask for:
  name                  the name of the node
  ipv6                  its IPv6 addresses, one at least
  ipv6-all              those of all its interfaces
  ipv6-compatible       those that stand for IPv4 addresses
  ipv6-global           those of global scope; with others of these: both
  ipv6-linklocal        those of the link
  ipv6-sitelocal        those of the site
  ipv4                  its IPv4 addresses, one at least
  ipv4-all              those of all its interfaces

Whom it is about, if not HOST; once:
  subject-ipv6=ADDR     the node with this IPv6 address
  subject-ipv4=ADDR     the node with this IPv4 address
  subject-name=NAME     the node with this name; a whole one, if it has a dot
  subject-fqdn=NAME     the node with this whole name
"""


def check_question(options: PingOptions) -> None:
    """Refuse options that contradict the question.

    Raises:
        UsageError: says which.
    """
    asked = options.questions
    if len(asked) > 1:
        raise UsageError(f"only one of {', '.join(FLAGS.values())} may be used")
    if options.data is not None and asked != ["udp"]:
        raise UsageError("--data is what a datagram carries: it takes --udp")
    (question,) = asked
    given = vars(options)
    useless = USELESS[question] + (("size", "pattern") if options.data is not None else ())
    for name in useless:
        if name in given:
            also = "--data" if options.data is not None else FLAGS[question]
            raise UsageError(f"{OTHERS[name]} does not go with {also}")
    if options.connect and question == "tcp":
        for name, flag in (("pcap", "--pcap"), ("mark", "-m")):
            if name in given:
                raise UsageError(f"{flag} does not go with -C: it takes a raw socket")
