"""What a user of another library would write for the same job, for ``python -c``."""

ICMPLIB_ONE = """
import icmplib, sys
sys.exit(not icmplib.ping(sys.argv[1], count=1).is_alive)
"""
PING3_ONE = """
import ping3, sys
sys.exit(not isinstance(ping3.ping(sys.argv[1]), float))
"""
SCAPY_ONE = """
import sys
from scapy.all import ICMP, IP, L3RawSocket, conf, sr1
conf.L3socket = L3RawSocket
sys.exit(sr1(IP(dst=sys.argv[1]) / ICMP(), timeout=1, verbose=0) is None)
"""
SCAPY_LEAN_ONE = """
import sys
from scapy.config import conf
from scapy.layers.inet import ICMP, IP
from scapy.sendrecv import sr1
from scapy.supersocket import L3RawSocket
conf.L3socket = L3RawSocket
sys.exit(sr1(IP(dst=sys.argv[1]) / ICMP(), timeout=1, verbose=0) is None)
"""
RAWKIT_ONE = """
import rawkit, sys
sys.exit(not rawkit.ping(sys.argv[1], count=1).run().is_alive)
"""

ICMPLIB_SERIES = """
import icmplib, sys
address, count, interval = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
for number, rtt in enumerate(icmplib.ping(address, count=count, interval=interval).rtts):
    print(number, rtt)
"""
PING3_SERIES = """
import ping3, sys, time
address, count, interval = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
for number in range(count):
    print(number, ping3.ping(address, unit="ms", seq=number, timeout=1))
    time.sleep(interval)
"""
SCAPY_SERIES = """
import sys
from scapy.layers.inet import ICMP, IP
from scapy.sendrecv import sr
address, count, interval = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
requests = [IP(dst=address) / ICMP(seq=number) / bytes(56) for number in range(count)]
answered, _ = sr(requests, inter=interval, timeout=1, verbose=0)
for request, reply in answered:
    print(request.seq, f"{(reply.time - request.sent_time) * 1000:.6f}")
"""

ICMPLIB_MANY = """
import icmplib, sys
addresses = open(sys.argv[1]).read().split()
hosts = icmplib.multiping(addresses, count=1, timeout=1, concurrent_tasks=int(sys.argv[2]))
print(len(addresses), "asked,", sum(host.is_alive for host in hosts), "alive")
"""
