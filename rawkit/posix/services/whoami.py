"""A service that tells a client how the server sees it."""

import socket

from rawkit.posix.service import Client, Conversation, Offer, Sender

OPTIONS = (
    ("SO_SNDBUF", socket.SOL_SOCKET, socket.SO_SNDBUF),
    ("SO_RCVBUF", socket.SOL_SOCKET, socket.SO_RCVBUF),
    ("SO_KEEPALIVE", socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    ("TCP_NODELAY", socket.IPPROTO_TCP, socket.TCP_NODELAY),
    ("TCP_MAXSEG", socket.IPPROTO_TCP, socket.TCP_MAXSEG),
)


class Description(Conversation):
    """Says who the client is, and hangs up."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def begin(self) -> bytes:
        self.over = True
        client = self._client
        rows = [f"you {client.address or 'nameless'}", f"here {client.local or 'nameless'}"]
        if (who := client.credentials) is not None:
            rows.append(f"pid {who.pid} uid {who.uid} gid {who.gid}")
        if client.has_socket:
            with client.as_socket() as sock:
                rows.append(f"socket {_name(sock.family)} {_name(sock.type)}")
                rows += _options(sock)
        else:
            rows.append("socket none: TCP in user space")
        return "".join(f"{row}\n" for row in rows).encode("utf-8", "replace")


def _options(sock: socket.socket) -> list[str]:
    is_tcp = sock.family in (socket.AF_INET, socket.AF_INET6)
    return [
        f"{name} {sock.getsockopt(level, number)}"
        for name, level, number in OPTIONS
        if is_tcp or level == socket.SOL_SOCKET
    ]


def _name(number: int) -> str:
    return str(getattr(number, "name", number))


def _answer(_: bytes, sender: Sender) -> bytes:
    text = f"you {sender.address or 'nameless'}\nhere {sender.local or 'nameless'}\n"
    return text.encode("utf-8", "replace")


whoami = Offer(
    "whoami",
    "tells a client how it is seen: address, user, options",
    "",
    None,
    Description,
    _answer,
    lends_itself=True,
)
