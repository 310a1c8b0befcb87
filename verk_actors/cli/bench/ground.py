"""Where benchmarks are measured: a Redis server, a directory, and how to wait there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from verk_actors import embedded
from verk_actors.cli.bench.marks import monotonic
from verk_actors.daemon.signals import Signals
from verk_actors.errors import VerkError
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.pool import Pool
from verk_actors.wire.keys import Keys

_LOOK_SECONDS = 0.005
_LONGEST_SECONDS = 600.0  # only a hang takes that long


class Ground:
    """A server whose database is empty before and after each run.

    Args:
        url: of a server that runs already; None for one of our own, in the directory.
        directory: for files.
        signals: what ends a wait, and with it the command.
    """

    def __init__(self, url: str | None, directory: Path, signals: Signals) -> None:
        self.directory = directory
        self.keys = Keys()
        self._signals = signals
        self._embedded = url is None
        self.url = _own_server(directory) if url is None else url
        self.pool = Pool(RedisUrl(self.url), name="verk:bench", socket_timeout_seconds=60.0)
        if self._embedded:
            self.pool.call("CONFIG", "SET", "appendonly", "no")  # as the peers were measured
        if count := self.pool.call("DBSIZE"):
            self.close()
            raise click.UsageError(f"the database at --server holds {count} keys: give an empty one, it is flushed")

    def close(self) -> None:
        """Close the connections; stop the server if it is our own."""
        self.pool.close()
        if self._embedded:
            embedded.stop(self.directory)

    def clear(self) -> None:
        """Empty the database."""
        self.pool.call("FLUSHDB")

    def info(self, section: str) -> Mapping[str, str]:
        """Return a section of INFO."""
        lines = self.pool.call("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def server_cpu_seconds(self) -> float:
        """Return the CPU time that the server has used."""
        info = self.info("cpu")
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

    def pause(self, seconds: float) -> None:
        """Wait for so long; a signal ends the command."""
        if number := self._signals.wait(seconds):
            raise SystemExit(128 + number)

    def wait_until(self, is_so: Callable[[], bool], what: str, look_seconds: float = _LOOK_SECONDS) -> None:
        """Wait until something is so, looking again and again.

        Raises:
            VerkError: it did not come to be.
        """
        deadline = monotonic() + _LONGEST_SECONDS
        while not is_so():
            if monotonic() > deadline:
                raise VerkError(f"{what}: not so after {_LONGEST_SECONDS:g} s")
            self.pause(look_seconds)


def _own_server(directory: Path) -> str:
    """Start a server on a port of the loopback interface; returns its URL."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    embedded.ensure(directory, port=port, fsync="no")
    return f"redis://127.0.0.1:{port}/0"
