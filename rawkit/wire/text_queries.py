"""What the rarer questions of ICMP and ICMPv6 say, in tcpdump(8)'s words where it has some."""

from rawkit.wire import node_information as node
from rawkit.wire.address import Address
from rawkit.wire.extended_echo import (
    Code,
    InterfaceAddress,
    InterfaceIndex,
    InterfaceName,
    Reply,
    Request,
    State,
)
from rawkit.wire.icmp_queries import (
    AddressMaskReply,
    AddressMaskRequest,
    InformationReply,
    InformationRequest,
    RouterAdvertisement,
    RouterSolicitation,
    TimestampReply,
    TimestampRequest,
)
from rawkit.wire.packet import Header

KINDS = {
    node.Flags.TRUNCATED: "T",
    node.Flags.COMPATIBLE: "C",
    node.Flags.LINK_LOCAL: "L",
    node.Flags.SITE_LOCAL: "S",
    node.Flags.GLOBAL: "G",
    node.Flags.ALL: "A",
}
QUESTIONS = {0: "noop", 2: "DNS name", 3: "node addresses", 4: "IPv4 addresses"}
REFUSALS = {1: "refused", 2: "unknown"}


def describe_query(message: Header) -> str | None:
    """Return what ``message`` says, or ``None`` if it is none of these."""
    match message:
        case Request():
            whose = "" if message.local else ", of a neighbour"
            head = f"extended echo request, id {message.identifier}, seq {message.sequence}"
            return f"{head}, interface {_interface(message)}{whose}"
        case Reply():
            head = f"extended echo reply, id {message.identifier}, seq {message.sequence}"
            return f"{head}, {answer(message)}"
        case node.NodeQuery():
            return f"who-are-you request node information query ({_question(message)})"
        case node.NodeReply():
            return f"who-are-you reply node information reply ({_node(message)})"
    return _describe_old_query(message)


def answer(reply: Reply) -> str:
    """Return what a reply says of the interface that was asked about (RFC 8335 §3)."""
    if reply.code != Code.NO_ERROR:
        known = reply.code in tuple(Code)
        return Code(reply.code).name.lower().replace("_", " ") if known else f"code {reply.code}"
    if reply.state:
        known = reply.state in tuple(State)
        return f"neighbour {State(reply.state).name.lower() if known else reply.state}"
    versions = (version for version, runs in (("IPv4", reply.ipv4), ("IPv6", reply.ipv6)) if runs)
    return ", ".join(("active" if reply.active else "inactive", *versions))


def time_of_day(milliseconds: int) -> str:
    """Return a time of a timestamp message as hours, minutes, seconds and thousandths."""
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}"


def _describe_old_query(message: Header) -> str | None:
    match message:
        case TimestampRequest():
            return f"time stamp query id {message.identifier} seq {message.sequence}"
        case TimestampReply():
            times = zip(
                ("org", "recv", "xmit"),
                (message.originate, message.receive, message.transmit),
                strict=True,
            )
            shown = ", ".join(f"{name} {time_of_day(time)}" for name, time in times)
            return f"time stamp reply id {message.identifier} seq {message.sequence}: {shown}"
        case InformationRequest():
            return "information request"
        case InformationReply():
            return "information reply"
        case AddressMaskRequest():
            return "address mask request"
        case AddressMaskReply(mask=mask):
            return f"address mask is 0x{int(mask):08x}"
        case RouterSolicitation():
            return "router solicitation"
        case RouterAdvertisement(lifetime=lifetime, routers=routers):
            shown = "".join(f" {{{router} {preference}}}" for router, preference in routers)
            return f"router advertisement lifetime {_lifetime(lifetime)} {len(routers)}:{shown}"
    return None


def _lifetime(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if seconds < 60:
        return str(seconds)
    if minutes < 60:
        return f"{minutes}:{rest:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _interface(request: Request) -> str:
    match request.object:
        case InterfaceName(name=name):
            return name
        case InterfaceIndex(index=index):
            return str(index)
        case InterfaceAddress(address=address):
            return str(address)
        case octets:
            return f"0x{octets.hex()}"


def _question(query: node.NodeQuery) -> str:
    what = QUESTIONS.get(query.qtype, f"qtype {query.qtype}")
    if query.qtype == node.QType.NOTHING:
        return what
    if kinds := "".join(letter for flag, letter in KINDS.items() if query.flags & flag):
        what += f" [{kinds}]"
    return f"{what}, subject={_subject(query.subject)}"


def _subject(subject: Address | bytes) -> str:
    if not isinstance(subject, bytes):
        return str(subject)
    names = ", ".join(f'"{name}"' for name in node.decode_names(subject))
    return f"DNS name, {names or 'none'}"


def _node(reply: node.NodeReply) -> str:
    if reply.code != node.Answered.SUCCESS:
        return REFUSALS.get(reply.code, f"code {reply.code}")
    what = QUESTIONS.get(reply.qtype, f"qtype {reply.qtype}")
    found = [f'"{name}"' for name in node.names(reply)]
    found += [str(address) for address in node.addresses(reply)]
    return ", ".join([what, *found])
