"""What the howtos of raw sockets and their neighbours do (h1-h21)."""

from rawkit.record import replace
from tests.collection.entry import Chapter, Entry, Way
from tests.collection.handshake import SERVER
from tests.collection.links import AGAIN, ARP, ARP_ANSWER
from tests.collection.parts import Part, sending
from tests.collection.probes import ICMP, tracing
from tests.collection.words import ECHO, ECHOED, HARDWARE, IP, TEST, TESTED, UDP

OURS, THEIRS, THIRD = (f"02:00:00:00:01:0{last}" for last in "123")
PINGED = {"eth.src": "02:00:00:00:01:02", "icmp.type": "8", "icmp.checksum.status": "1"}
PINGS = "rawkit ping -c 50 -i 200ms 10.1.0.1"
VISIT = "until exec 3<>/dev/tcp/10.1.0.1/{}; do sleep 0.1; done"
"""How bash connects to a port as soon as somebody listens there."""
VISITOR = f"bash -c '{VISIT.format(80)}; echo Test >&3; read -r <&3' 2>/dev/null"
READ = "while read -r <&3; do :; done; exec 3>&-"
"""To the end: whoever hangs up first has the TIME_WAIT."""
VISITORS = f"bash -c 'while :; do {VISIT.format(13)}; {READ}; done' 2>/dev/null"
HEARD = {**UDP.reads, **TESTED.reads, "ip.src": "10.1.0.2"}
TO_SERVER = {"ip.dst": "10.1.0.2", "tcp.dstport": "80", "tcp.checksum.status": "1"}
DATAGRAMS = f"{AGAIN} 'ip(dst=10.1.0.1)/udp(sport=40000,dport=7)/\"Test\"'"

ODD = "0x2499"
"""The checksum of an echo request whose payload is ``odd``."""
TO_ALL = Part(
    "ip(dst=10.1.255.255)", 'IPv4(a, IPv4Address("10.1.255.255"))',
    {"eth.dst": "ff:ff:ff:ff:ff:ff", "ip.dst": "10.1.255.255", "ip.checksum.status": "1"},
)  # fmt: skip
BROADCAST = Part("eth(dst=ff:ff:ff:ff:ff:ff)", "Ethernet(BROADCAST, ours)", {})
TAGGED = Part(
    "eth(dst=02:00:00:00:01:02)/vlan(5)", "Ethernet(theirs, ours) / VLANTag(5)",
    {**HARDWARE, "vlan.id": "5", "vlan.etype": "0x0800"},
)  # fmt: skip

SENDING = (
    Entry("h1", "Send an arbitrary IPv4 datagram using a raw socket", "five steps, broadcast too", (
        sending("ipv4", IP, ECHO, TEST, answers=(ECHOED,)),
        sending("ipv4", TO_ALL, UDP, TESTED),
    )),
    Entry("h2", "Calculate an Internet protocol checksum", "RFC 1071, an odd number of octets", (
        Way(
            "rawkit send -v 'ip(dst=10.1.0.2)/icmp.echo(id=1,seq=1)/\"odd\"'",
            'from rawkit.wire.checksum import internet_checksum\n\n'
            'rawkit.send(IPv4(a, b) / icmp.EchoRequest(1, 1) / b"odd")\n'
            'hex(internet_checksum(bytes.fromhex("0800 0000 0001 0001") + b"odd"))',
            ({**IP.reads, **ECHO.reads, "icmp.ident": "1", "icmp.checksum": ODD},),
            ({"icmp.type": "0", "icmp.checksum.status": "1"},),
            gives=f"'{ODD}'",
            prints=(f"checksum         {ODD}",),
            note=(
                "The checksum is 0 while it is worked out. Packets do it by themselves; for one"
                " that changes a little there is [`Template`](wire.md#templates)."
            ),
        ),
    )),
    Entry("h3", "Send an arbitrary Ethernet frame using an AF_PACKET socket", "an ARP request", (
        sending("cooked", ARP, interface="eth0", answers=(ARP_ANSWER,)),
        sending("frame", BROADCAST, ARP, interface="eth0", answers=(ARP_ANSWER,)),
    )),
    Entry("h4", "Send an arbitrary Ethernet frame using libpcap", "the same, without libpcap", (
        sending(
            "frame", BROADCAST, ARP, interface="eth0", answers=(ARP_ANSWER,),
            note="A packet socket is what libpcap opens, too; here it takes no library.",
        ),
    )),
)  # fmt: skip

HEARING = (
    Entry("h5", "Capture Ethernet frames using an AF_PACKET socket", "on one interface, or all", (
        Way(
            "rawkit sniff -i eth0 -e -c 1 'icmp[0] = 8'",
            "[\n"
            "    str(one.packet[IPv4].src)\n"
            '    for one in rawkit.sniff("icmp[0] = 8", interface="eth0", count=1, timeout=9,'
            " immediate=True)\n"
            "]",
            gives="['10.1.0.2']",
            prints=(THEIRS, "10.1.0.2 > 10.1.0.1: ICMP echo request"),
            peer=PINGS,
            hears=PINGED,
        ),
        Way(
            "rawkit sniff -tttt -c 1 'icmp[0] = 8'",
            "[(one.interface, one.clock.value) for one in"
            ' rawkit.sniff("icmp[0] = 8", count=1, timeout=9)]',
            gives="[('eth0', 'kernel')]",
            prints=("eth0  In", "10.1.0.2 > 10.1.0.1: ICMP echo request"),
            peer=PINGS,
            hears=PINGED,
            note="All interfaces, and the time that the kernel saw the frame at.",
        ),
    )),
    Entry("h6", "Capture Ethernet frames using an AF_PACKET ring buffer", "in shared memory", (
        Way(
            "rawkit sniff -i eth0 -c 2 -w pings.pcapng icmp && rawkit decode pings.pcapng",
            'rawkit.sniff("icmp", interface="eth0", count=2, timeout=9).save("pings.pcapng")\n'
            '[str(one.dissect()[IPv4].src) for one in rawkit.read_capture("pings.pcapng")]',
            gives="['10.1.0.2', '10.1.0.1']",
            prints=("IP 10.1.0.2 > 10.1.0.1: ICMP echo request", "ICMP echo reply"),
            peer=PINGS,
            hears=PINGED,
            note=(
                "A ring (TPACKET_V3) is what a sniffer here listens by, unless each packet is to be"
                " told at once (`--immediate-mode`, `immediate=True`)."
            ),
        ),
    )),
)  # fmt: skip

SOCKETS = (
    Entry("h7", "Send a UDP datagram", "by a socket of the kernel's, and hear the answer", (
        Way(
            "printf Test | rawkit connect udp:10.1.0.2:7",
            'with rawkit.posix.connect("udp:10.1.0.2:7") as connection:\n'
            '    connection.send_all(b"Test")\n'
            "    said = connection.receive_some(timeout=9)\n"
            "said",
            ({**IP.reads, **UDP.reads, **TESTED.reads},),
            ({"udp.srcport": "7", "echo.data": "54:65:73:74", "udp.checksum.status": "1"},),
            gives="b'Test'",
            prints=("Test",),
            peer="rawkit serve echo udp:10.1.0.2:7",
            ready="udp 7",
            chosen=("udp.srcport", "udp.checksum", "ip.id", "ip.checksum"),
        ),
    )),
    Entry("h8", "Listen for and receive UDP datagrams", "and see whether they were too long", (
        Way(
            "rawkit serve discard udp:10.1.0.1:7 --count 1",
            "heard = []\n\n\n"
            "def hear(data: bytes) -> bytes:\n"
            "    heard.append(data)\n"
            '    return b""  # no answer\n\n\n'
            'server = rawkit.serve(hear, "udp:10.1.0.1:7", count=1)\n'
            "server.open()\n"
            "server.run()\n"
            "server.close()\n"
            "heard, server.stats.truncated",
            gives="([b'Test'], 0)",
            prints=("1 datagram, 0 answered, 4 octets received",),
            peer=DATAGRAMS,
            hears=HEARD,
        ),
        Way(
            "rawkit sniff -i eth0 -c 1 'udp port 7'",
            "[one.packet.payload for one in"
            ' rawkit.sniff("udp port 7", interface="eth0", count=1, timeout=9)]',
            gives="[b'Test']",
            prints=("IP 10.1.0.2.40000 > 10.1.0.1.7: UDP, length 4",),
            peer=DATAGRAMS,
            hears=HEARD,
            note="A sniffer hears them, too, though nobody has bound the port.",
        ),
    )),
    Entry("h9", "Establish a TCP connection", "by a socket of the kernel's", (
        Way(
            r"printf 'GET / HTTP/1.0\r\n\r\n' | rawkit connect tcp:10.1.0.2:80",
            'with rawkit.posix.connect("tcp:10.1.0.2:80", timeout=9) as connection:\n'
            r'    connection.send_all(b"GET / HTTP/1.0\r\n\r\n")' "\n"
            "    said = connection.receive_all(timeout=9)\n"
            "said[:15]",
            begins=(
                {**TO_SERVER, "tcp.flags": "0x0002", "tcp.len": "0"},
                {**TO_SERVER, "tcp.flags": "0x0010", "tcp.len": "0"},
                {**TO_SERVER, "tcp.flags": "0x0018", "http.request.method": "GET"},
            ),
            hears={"ip.src": "10.1.0.2", "tcp.srcport": "80", "tcp.checksum.status": "1"},
            gives="b'HTTP/1.0 200 OK'",
            prints=("HTTP/1.0 200 OK",),
            peer=SERVER,
            ready="tcp 80",
        ),
    )),
    Entry("h10", "Listen for and accept TCP connections", "bind, listen and accept", (
        Way(
            "rawkit serve echo tcp:10.1.0.1:80 --count 1",
            "from rawkit.posix.services import echo\n\n"
            'server = rawkit.serve(echo, "tcp:10.1.0.1:80", count=1)\n'
            "server.open()\n"
            "server.run()\n"
            "server.close()\n"
            "server.stats.accepted, server.stats.received",
            gives="(1, 5)",
            prints=("1 connection, 5 octets received, 5 sent",),
            peer=VISITOR,
            hears={"ip.src": "10.1.0.2", "tcp.dstport": "80", "tcp.checksum.status": "1"},
        ),
    )),
    Entry("h11", "Listen on a TCP port with connections in TIME_WAIT", "who may, and who may not", (
        Way(
            "rawkit serve daytime tcp:10.1.0.1:13 --count 1 &&\n"
            "    rawkit serve daytime tcp:10.1.0.1:13 --count 1\n"
            "rawkit errno EADDRINUSE --call bind --kind tcp",
            "import errno\n"
            "import socket\n\n"
            "from rawkit.posix.services import daytime\n\n"
            "for _ in range(2):  # the server hangs up first, so TIME_WAIT is on its side\n"
            '    server = rawkit.serve(daytime, "tcp:10.1.0.1:13", count=1)\n'
            "    server.open()\n"
            "    server.run()\n"
            "    server.close()\n"
            "with socket.socket() as plain:\n"
            "    try:\n"
            '        plain.bind(("10.1.0.1", 13))  # without SO_REUSEADDR\n'
            "    except OSError as error:\n"
            "        name = errno.errorcode[error.errno]\n"
            "server.stats.accepted, name",
            gives="(1, 'EADDRINUSE')",
            prints=("1 connection,", "TIME_WAIT", "SO_REUSEADDR"),
            peer=VISITORS,
            hears={"ip.src": "10.1.0.2", "tcp.dstport": "13", "tcp.checksum.status": "1"},
            note=(
                "`rawkit serve` sets SO_REUSEADDR, so it starts anew at once; whoever does not is"
                " refused while the kernel waits for what may still be under way."
            ),
        ),
    )),
)  # fmt: skip

FACTS = (
    Entry("h12", "Get the IP address of a network interface", "without SIOCGIFADDR", (
        Way(
            "rawkit sniff -D",
            'from rawkit.host.interfaces import interface\n\n'
            'str(interface("eth0").ipv4[0])',
            gives="'10.1.0.1'",
            prints=("eth0", "10.1.0.1/16", "fd00:0:0:1::1/64"),
        ),
    )),
    Entry("h13", "Get the hardware address of a network interface", "without SIOCGIFHWADDR", (
        Way(
            "rawkit send --dry-run -I eth0 'arp(tpa=10.1.0.2)'",
            'from rawkit.host.interfaces import interface\n\n'
            'str(MAC(interface("eth0").mac))',
            gives=f"'{OURS}'",
            prints=(f"sha={OURS}",),
        ),
    )),
    Entry("h14", "Get the index of a network interface", "without SIOCGIFINDEX", (
        Way(
            "rawkit sniff -D",
            'from rawkit.host.interfaces import interface\n\n'
            'interface("eth0").index',
            gives="2",
            prints=("2.eth0 [Up, Running]",),
        ),
    )),
    Entry("h15", "Convert an IP address to a human-readable string", "and a sockaddr", (
        Way(
            "rawkit sockaddr 'tcp:[2001:db8::1]:80'",
            'from rawkit.posix.address import parse\n\n'
            'str(parse("tcp:[2001:0db8:0::1]:http"))',
            gives="'tcp:[2001:db8::1]:80'",
            prints=("20 01 0d b8", "2001:db8::1"),
        ),
    )),
)  # fmt: skip

HOUSEKEEPING = (
    Entry("h16", "Become a daemon", "a session of its own, no terminal, an end in sight", (
        Way(
            "setsid -f rawkit sniff -i eth0 -c 1 --timeout 20s -w heard.pcapng icmp"
            " </dev/null >&/dev/null\n"
            "until rawkit decode heard.pcapng 2>/dev/null; do sleep 0.1; done",
            "import os\n"
            "import subprocess\n"
            "import sys\n\n"
            'words = "sniff -i eth0 -c 1 --timeout 20s -w heard.pcapng icmp".split()\n'
            "nowhere = subprocess.DEVNULL\n"
            "daemon = subprocess.Popen(\n"
            '    [sys.executable, "-m", "rawkit", *words],\n'
            "    stdin=nowhere,\n"
            "    stdout=nowhere,\n"
            "    stderr=nowhere,\n"
            "    start_new_session=True,\n"
            ")\n"
            "leads = os.getsid(daemon.pid) == daemon.pid\n"
            'daemon.wait(), leads, len(list(rawkit.read_capture("heard.pcapng")))',
            gives="(0, True, 1)",
            prints=("IP 10.1.0.2 > 10.1.0.1: ICMP echo request",),
            peer=PINGS,
            hears=PINGED,
            note="Nothing here goes into the background by itself: setsid(1) or systemd does it.",
        ),
    )),
    Entry("h17", "Reap zombie processes", "so that none is left", (
        Way(
            "rawkit lab pair -- sh -c"
            " '(true &); (true &); sleep 0.2; grep -c ^State:.Z /proc/[0-9]*/status'",
            "import socket\n\n"
            "from rawkit.posix.faults.subject import zombies\n"
            "from rawkit.posix.services import echo\n\n"
            'with rawkit.serve(echo, "tcp:10.1.0.1:7", model="fork") as server:\n'
            "    for _ in range(3):\n"
            '        with socket.create_connection(("10.1.0.1", 7)) as client:\n'
            '            client.sendall(b"Test")\n'
            "            client.shutdown(socket.SHUT_WR)\n"
            '            said = client.makefile("rb").read()\n'
            "    while zombies(server.pid):\n"
            "        pass  # its children have just ended\n"
            "server.stats.accepted, said",
            gives="(3, b'Test')",
            exit=1,
            prints=("/proc/1/status:0",),
            note=(
                "The first process of a lab reaps what others leave behind: grep finds no zombie,"
                " and says so by exit code 1. The forking server reaps its children."
            ),
        ),
    )),
)  # fmt: skip

NETWORKS = (
    Entry("h18", "Configure a VLAN trunk", "frames of a VLAN, sent and heard", (
        sending(
            "frame", TAGGED, IP, ECHO, TEST, near=True,
            note="The trunk itself is set up by ip(8); what goes over it is shown here.",
        ),
        Way(
            "rawkit sniff -i eth0 -e -c 1 'vlan 5'",
            '[one.vlan.id for one in rawkit.sniff("vlan 5", interface="eth0", count=1, timeout=9)]',
            gives="[5]",
            prints=("vlan 5",),
            peer=f"{AGAIN} 'eth(dst={OURS})/vlan(5)/ip(dst=10.1.0.1)/icmp.echo'",
            hears={"eth.src": THEIRS, "vlan.id": "5", "icmp.type": "8"},
        ),
    )),
    Entry("h19", "Make iptables rules persistent", "is it still there, and what does it drop?", (
        Way(
            "nft 'add table ip t; add chain ip t o { type filter hook output priority 0; };"
            " add rule ip t o udp dport 9 drop'\n"
            "rawkit send -c 2 'ip(dst=10.1.0.2)/udp(sport=40000,dport=8..9)'\n"
            "nft delete table ip t",
            "import subprocess\n"
            "\n"
            "chain = \"add chain ip t o { type filter hook output priority 0; };\"\n"
            'rule = "add rule ip t o udp dport 9 drop"\n'
            'subprocess.run(["nft", f"add table ip t; {chain} {rule}"], check=True)\n'
            'report = rawkit.send("ip(dst=10.1.0.2)/udp(sport=40000,dport=8..9)", count=2)\n'
            'subprocess.run(["nft", "delete table ip t"], check=True)\n'
            "report.sent, report.refused",
            ({"udp.srcport": "40000", "udp.dstport": "8", "udp.checksum.status": "1"},),
            gives="(1, 1)",
            prints=("1 packet refused", "a firewall rule on this host drops it"),
            note="Rules are kept by the distribution; whether one is in force a packet tells.",
        ),
    )),
    Entry("h20", "Troubleshoot a bridge", "does it carry questions, and who is behind it?", (
        Way(
            "rawkit resolve -f -I eth0 10.1.0.3",
            'str(rawkit.resolve("10.1.0.3", interface="eth0").run().mac)',
            ({**ARP.reads, "arp.dst.proto_ipv4": "10.1.0.3"},),
            ({**ARP_ANSWER, "arp.src.hw_mac": THIRD, "arp.src.proto_ipv4": "10.1.0.3"},),
            gives=f"'{THIRD}'",
            prints=(f"Unicast reply from 10.1.0.3 [{THIRD}]",),
        ),
    ), shape="star"),
    Entry("h21", "Troubleshoot IP routing", "is there a route, and where does it end?", (
        Way(
            "rawkit send --dry-run 'ip(dst=198.51.100.1)/icmp.echo'",
            "try:\n"
            '    rawkit.preview("ip(dst=198.51.100.1)/icmp.echo")\n'
            "except rawkit.NoRoute as error:\n"
            "    told = str(error)\n"
            "told",
            gives="'no way to 198.51.100.1: no IPv4 route to it (ip -4 route)'",
            prints=("no way to 198.51.100.1: no IPv4 route to it",),
            exit=2,
        ),
        replace(tracing(4, ICMP), shape="line"),
    )),
)  # fmt: skip

HOWTOS = (
    Chapter("Howtos: raw and packet sockets", SENDING),
    Chapter("Howtos: capturing", HEARING),
    Chapter("Howtos: UDP and TCP", SOCKETS),
    Chapter("Howtos: interfaces and addresses", FACTS),
    Chapter("Howtos: processes", HOUSEKEEPING),
    Chapter("Howtos: VLANs, rules, bridges, routes", NETWORKS),
)
