"""Servers of a test's own, to be killed, frozen, filled and refilled."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import redis as redis_py

from support.eventually import DEADLINE_SECONDS
from verk_actors import embedded


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class OwnServer:
    """A server process on a TCP port, with its append-only file on, in a directory that outlives it.

    Args:
        directory: where its data is.
        program: the server program; the embedded one unless given.
        options: of its configuration, such as `{"maxclients": "5"}`.

    Attributes:
        program: as given, or found.
        port: the same after each start.
    """

    def __init__(self, directory: Path, *, program: str | None = None, **options: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.program = program or embedded.find_binary()
        self._options = {
            "bind": "127.0.0.1", "dir": str(directory), "save": "", "appendonly": "yes", "daemonize": "no",
            "appendfsync": "always",  # else writes are put off while an fsync is under way, and lost by a kill
            "enable-debug-command": "local", "logfile": str(directory / "server.log"),
        } | {name.replace("_", "-"): value for name, value in options.items()}  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def start(self, *extra: str) -> Self:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            self.command(*extra),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.wait_ready()
        return self

    def command(self, *extra: str) -> list[str]:
        """Return the command line."""
        options = {"port": str(self.port)} | self._options
        return [self.program, *(word for name, value in options.items() for word in (f"--{name}", value)), *extra]

    def wait_ready(self) -> None:
        """Wait until it answers, whatever it says."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not _answers(int(self._options.get("port", self.port))):
            assert self._process is not None
            assert self._process.poll() is None, f"the server ended at once: {self.log()}"
            assert time.monotonic() < deadline, f"the server does not answer: {self.log()}"
            time.sleep(0.005)  # noqa: TID251  another process gets ready: nothing to wait on

    def kill(self) -> None:
        """Kill it with no time to save anything, if it runs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill it and start it with the data that it had written."""
        self.kill()
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop its process while the context lasts: connections stay, and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)  # until then it may answer
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    @contextmanager
    def client(self) -> Iterator[redis_py.Redis]:
        """Lend a plain client of it."""
        with redis_py.Redis(port=self.port) as client:
            yield client

    def log(self) -> str:
        """Return the end of what it logged."""
        log = self.directory / "server.log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        connection.settimeout(0.5)
        try:
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"PING\r\n")
            return bool(connection.recv(64))  # an error is an answer: -NOAUTH, or -LOADING of a big file
        except OSError:
            return False
