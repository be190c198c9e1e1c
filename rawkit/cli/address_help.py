"""The notation of addresses, as the help of the commands that take it shows it."""

NOTATION = """\
ADDRESS is one of:
  tcp:HOST:PORT   udp:HOST:PORT   mptcp:HOST:PORT     over IPv4 or IPv6
  tcp4:, tcp6:, udp4:, udp6:, mptcp4:, mptcp6:        over one of them
  unix:PATH       unix-dgram:PATH unix-seqpacket:PATH a file; @NAME: an abstract name
  vsock:CID:PORT  fd:NUMBER       packet:INTERFACE
HOST is a name, an IPv4 address, an IPv6 address in brackets ([::1], [fe80::1%eth0]), or *:
every address of this machine. PORT is a number or the name of a service.
"""
