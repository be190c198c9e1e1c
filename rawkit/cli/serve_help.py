"""What ``rawkit serve --help`` prints."""

from rawkit.cli.address_help import NOTATION
from rawkit.cli.serve_options import TABLE

USAGE = """\
Usage: rawkit serve [options] SERVICE ADDRESS …
       rawkit serve [options] SERVICE          at sockets that were passed (systemd.socket(5))
       rawkit serve --explain MODEL
       rawkit serve --list

Serve clients until told to stop: SIGTERM, SIGINT (Ctrl-C), --count or --for. Then nobody
else is taken, connections may go on for the grace, and are closed; a second signal does
so at once. SERVICE is echo, discard, chargen, daytime, time, qotd, upper, rot1, whoami,
slow, send=FILE or receive=DIRECTORY.

"""
EXAMPLES = """
Examples:
  rawkit serve echo tcp:127.0.0.1:7007
  rawkit serve daytime tcp:*:0 --print-address     any free port, both versions of IP
  rawkit serve echo unix:/run/user/1000/echo --mode 660 --log
  rawkit serve rot1 tcp:127.0.0.1:7007 --model prefork --workers 4
  rawkit serve send=notes.txt tcp:127.0.0.1:7007 --count 1    one client gets it
  rawkit serve echo tcp:127.0.0.1:7007 --fault slow=10B/s     to try a client on
  rawkit serve --raw send=notes.txt tcp:192.0.2.1:7007 --pcap seen.pcapng
  systemd-socket-activate -l 7007 rawkit serve echo
  rawkit serve echo tcp:127.0.0.1:7007 --json | jq -r 'select(.type == "closed").close_reason'

Exit code: 0 it ended as it was told to, 1 the time of --for is over and nobody came,
2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + NOTATION + "\nOptions:\n" + TABLE.help_lines() + EXAMPLES
