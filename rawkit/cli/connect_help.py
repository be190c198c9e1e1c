"""What ``rawkit connect --help`` prints."""

from rawkit.cli.connect_options import TABLE

USAGE = """\
Usage: rawkit connect [options] ADDRESS

Connect to an address of any kind, send what is read, and write what comes: as nc(1) does.
ADDRESS is tcp:HOST:PORT, udp:…, tcp6:…, unix:PATH, unix-dgram:…, unix-seqpacket:…, vsock:CID:PORT,
fd:NUMBER. Of a host with several addresses the quickest is taken (RFC 8305). If there is no
connection, a line says why, and what came back: RST, an ICMP error and who sent it, or nothing.

Options:
"""
EXAMPLES = """
Examples:
  rawkit connect tcp:localhost:http
  printf 'GET / HTTP/1.0\\n\\n' | rawkit connect -C tcp:localhost:80
  rawkit connect -z -v -w 2 tcp:localhost:22      does anybody listen there?
  echo hello | rawkit connect udp:localhost:7     one datagram, and what answers it
  rawkit connect --lines unix-seqpacket:@name     a message a line
  rawkit connect -e '^220' tcp:localhost:25 < /dev/null
  rawkit connect --raw --explain tcp:localhost:80   TCP by hand, over raw sockets
  rawkit connect --hold --rate 1 tcp:localhost:7 < file    a slow client that never ends

Exit code: 0 connected, and all went well; 1 no connection, no answer, or it broke;
2 usage or other error. What ends by silence needs an answer for a 0.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
