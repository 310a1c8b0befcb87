"""A relay in front of a server that changes what the server says, on a thread of the test."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def relay(socket_path: str, changed: Callable[[bytes], bytes]) -> Iterator[str]:
    """Yield the URL of a relay to the server at a socket; each piece of a reply becomes what `changed` makes of it."""
    read_end, write_end = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, read_end, socket_path, changed), name="relay")
        thread.start()
        try:
            yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        finally:
            os.close(write_end)
            thread.join()
            os.close(read_end)


def _serve(listener: socket.socket, end: int, socket_path: str, changed: Callable[[bytes], bytes]) -> None:
    """Pass on what comes until the pipe is closed."""
    to: dict[socket.socket, socket.socket] = {}
    servers: set[socket.socket] = set()
    while end not in (ready := select.select([listener, end, *to], [], [])[0]):
        for one in ready:
            if one is listener:
                client, server = listener.accept()[0], socket.socket(socket.AF_UNIX)
                server.connect(socket_path)
                to |= {client: server, server: client}
                servers.add(server)
            elif one in to:
                with suppress(OSError):
                    data = one.recv(65_536)
                    if data:
                        to[one].sendall(changed(data) if one in servers else data)
                        continue
                for gone in (one, to[one]):
                    to.pop(gone)
                    gone.close()
    for one in to:
        one.close()
