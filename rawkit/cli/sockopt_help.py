"""What ``rawkit sockopt --help`` prints."""

from rawkit.cli.address_help import NOTATION
from rawkit.cli.sockopt_options import TABLE

USAGE = """\
Usage: rawkit sockopt [options] ADDRESS [NAME …]
       rawkit sockopt [options] --pid PID [--fd N] [NAME …]
       rawkit sockopt --list [NAME …]

Show the options of a socket by name, with values, units and meanings: of one that is
opened for an address and neither bound nor connected; or of those of another process.
NAME chooses, and may be a pattern: 'TCP_KEEP*'. Nothing is sent.

"""
EXAMPLES = """
Examples:
  rawkit sockopt tcp                             what a new TCP socket has; a kind will do
  rawkit sockopt udp4 SO_RCVBUF IP_TTL           these only
  rawkit sockopt tcp -o SO_RCVBUF=64KiB SO_RCVBUF   what the kernel makes of 64 KiB
  rawkit sockopt --pid 4242                      the sockets of a process
  rawkit sockopt --pid 4242 --fd 5 'TCP_*'       one of them
  rawkit sockopt --list 'SO_*TIMEO'              numbers, kernels, what they can be set to
  rawkit sockopt --json tcp | jq -r 'select(.option_value == true).option_name'

Exit code: 0 shown, 1 the socket has no option of that name, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + NOTATION + "\nOptions:\n" + TABLE.help_lines() + EXAMPLES
