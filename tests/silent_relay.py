"""A TCP relay to a server that can fall silent: it then takes every byte and every connection, and answers nothing."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Relay:
    """A running relay. What is sent while it is ``silent`` is lost."""

    def __init__(self, port: int):
        self.port = port
        self.silent = threading.Event()

    def url(self, address: str) -> str:
        """Return the address of a database on 127.0.0.1, by way of this relay."""
        return address.replace(f":{urlsplit(address).port}/", f":{self.port}/")


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    """Run a relay to that port of this machine."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not running.silent.is_set():
                    target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as there:
                back = threading.Thread(target=pump, args=[there, self.request], daemon=True)
                back.start()
                pump(self.request, there)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        server.block_on_close = False
        running = Relay(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()
