"""What ``rawkit load --help`` prints."""

from rawkit.cli.load_options import TABLE

USAGE = """\
Usage: rawkit load [options] ADDRESS

Ask a server the same on many connections, again and again, and say how many answers come and
how long they take. The server is one that answers with as many octets as it is asked with, such
as echo; ADDRESS is tcp:HOST:PORT, udp:…, tcp6:…, mptcp:…, unix:PATH, unix-dgram:…,
unix-seqpacket:… or vsock:CID:PORT. Each connection has one unanswered question at most.

Without --rate, each connection asks again when it is answered (a closed loop); with it,
questions are due at that rate, and time counts from then (an open loop).

Options:
"""
EXAMPLES = """
Examples:
  rawkit load tcp:localhost:7                      10 connections, 10 seconds
  rawkit load -c 1000 -d 30 tcp:localhost:7007
  rawkit load -R 2000 tcp:localhost:7007           2000 a second: how long do answers take then?
  rawkit load -C -c 32 tcp:localhost:7007          connections a second
  rawkit load -s 64KiB -n 10000 unix:/run/echo
  rawkit load --json udp:localhost:7 | jq '.corrected.percentiles'

Exit code: 0 all was answered; 1 not all, or nobody is there; 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
