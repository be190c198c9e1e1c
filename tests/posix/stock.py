"""Echo servers as they stand in books and manuals: what they do not stand is known."""

ITERATIVE = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        sock, _ = listener.accept()
        with sock:
            while data := sock.recv(65536):
                sock.sendall(data)
"""
SOCKETSERVER = """
import socketserver, sys

class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)

kind = getattr(socketserver, sys.argv[2])
kind.allow_reuse_address = True
with kind(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    server.serve_forever()
"""
THREADS = """
import socket, sys, threading

def talk(sock):
    with sock:
        while data := sock.recv(65536):
            sock.sendall(data)

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=talk, args=(sock,), daemon=True).start()
"""
EPOLL = """
import select, socket, sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
poller, socks = select.epoll(), {}
poller.register(listener, select.EPOLLIN)
while True:
    for fd, _ in poller.poll():
        if fd == listener.fileno():
            sock, _ = listener.accept()
            sock.setblocking(False)
            socks[sock.fileno()] = sock
            poller.register(sock, select.EPOLLIN)
        elif data := socks[fd].recv(65536):
            socks[fd].send(data)
        else:
            socks.pop(fd).close()
"""
FORGETFUL = """
import socket, sys

kept = []
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        sock, _ = listener.accept()
        kept.append((bytearray(10_000), listener.dup()))
        try:
            while data := sock.recv(65536):
                sock.sendall(data)
        except OSError:
            pass
        sock.close()
"""
ASYNCIO = """
import asyncio, sys

class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""
