"""Two hosts with a cable between them, in memory."""

from ipaddress import IPv4Address

from rawkit.endpoint.conversation import Conversation
from rawkit.endpoint.driver import Driver
from rawkit.endpoint.host import Host
from rawkit.endpoint.listening import Listening
from rawkit.endpoint.memory_link import Passes, cable
from rawkit.endpoint.stream import Stream
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from rawkit.tcp.settings import Settings

HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
PORT = 80
FLOW = Flow(HERE, 40000, THERE, PORT)
QUICK = Settings(rto_min=0.02, delayed_ack=0.01, msl=0.01)
SECRET = b"both have the same"


def hosts(passes: Passes | None = None, gso: int = 0) -> tuple[Host, Host]:
    """Return two hosts."""
    one, other = cable(gso=gso, passes=passes)
    return Host(one, None, secret=SECRET), Host(other, None, secret=SECRET)


def listening(host: Host, settings: Settings = QUICK) -> Listening:
    """Have a host listen, driven by a thread."""
    listener = Listener(settings)
    host.listen(THERE, PORT, listener)
    return Listening(Driver(host), listener, THERE, PORT)


def connecting(host: Host, settings: Settings = QUICK) -> Stream:
    """Have a host connect, driven by a thread."""
    conversation = Conversation(host, host.connect(FLOW, settings), FLOW)
    driver = Driver(host)
    try:
        driver.until(conversation.opened, 5.0, "no answer")
    except BaseException:
        driver.stop()
        raise
    return Stream(driver, conversation, owns=True)
