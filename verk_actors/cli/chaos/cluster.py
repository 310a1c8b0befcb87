"""What the chaos is done to: a Redis server, a proxy in front of it, and nodes that work through the proxy."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import attrs

import verk_actors
from verk_actors import embedded
from verk_actors.cli.chaos import ledger
from verk_actors.cli.chaos.jobs import QUEUE
from verk_actors.cli.chaos.proxy_control import ProxyControl
from verk_actors.client import Client
from verk_actors.errors import VerkError
from verk_actors.otp.clock import SystemClock
from verk_actors.settings.config import Config
from verk_actors.store.exchange import InProgress
from verk_actors.store.members import Member, member_of
from verk_actors.store.nodes import Nodes
from verk_actors.store.pool import Pool
from verk_actors.wire.keys import Keys

HEARTBEAT_SECONDS = 1.5  # its lease outlasts what a busy machine may hold a node up
LEASE_SECONDS = 2 * HEARTBEAT_SECONDS
WORKERS = 8
"""Of each node; so many of its jobs run at once."""

_FROZEN_SECONDS = 1.3 * LEASE_SECONDS  # taken for dead, and others at work on its jobs when it comes back
_STOP_SECONDS = 15.0
_PROXY = "from verk_actors.cli.chaos.proxy import main; main()"


@attrs.define(eq=False)
class Node:
    """A process of `verk run`.

    Attributes:
        thaws_at: when it goes on, monotonic; None if it does not stand still.
    """

    name: str
    process: subprocess.Popen[bytes]
    thaws_at: float | None = None


class Cluster:
    """Runs while the context lasts; nothing of it is left afterwards but files.

    Args:
        directory: where the server's data, the ledgers and the logs are.
        size: how many nodes there are at any time.

    Attributes:
        client: of the server itself, past the proxy.
        registry: of the nodes, in Redis.
        proxy: tells the proxy what to do.
        names: of all nodes so far.
        size: how many there are at any time.
    """

    def __init__(self, directory: Path, size: int) -> None:
        self.directory = directory
        self.ledgers, self._logs = directory / "ledgers", directory / "logs"
        self.names: list[str] = []
        self.size = size
        self._nodes: list[Node] = []
        self._now = SystemClock().monotonic
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self.ledgers.mkdir(parents=True)
            self._logs.mkdir()
            self._start_server()
            self._stack.callback(embedded.stop, self.directory)
            config = Config(redis_url=f"embedded:{self.directory}")
            self.client = self._stack.enter_context(Client(config))
            self._pool = Pool(config.redis_url, name="verk:chaos")
            self._stack.callback(self._pool.close)
            self.registry = Nodes(self._pool, Keys())
            self._start_proxy()
            self._stack.callback(self._kill_nodes)
            self.tend()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def at_work(self) -> list[Node]:
        """The nodes that hold a lease and do not stand still."""
        leases = self.registry.leases()
        return [node for node in self._nodes if node.thaws_at is None and leases.get(node.name) is not None]

    @property
    def frozen(self) -> bool:
        """Whether a node stands still."""
        return any(node.thaws_at is not None for node in self._nodes)

    def tend(self) -> None:
        """Let frozen nodes go on whose time has come, and start new ones where some are missing.

        Raises:
            VerkError: a node has ended that nobody killed.
        """
        for node in self._nodes:
            if node.thaws_at is not None and self._now() >= node.thaws_at:
                self._thaw(node)
            if (code := node.process.poll()) is not None:
                raise self._ended(node, code)
        while len(self._nodes) < self.size:
            self._nodes.append(self._start_node())

    def held(self, name: str) -> list[Member]:
        """Return the jobs that Redis has in progress for a node, of whatever has become of it."""
        return [member_of(payload) for payload in InProgress(self._pool, Keys(), QUEUE, name).payloads()]

    def kill(self, node: Node) -> None:
        """Kill a node's process with SIGKILL."""
        self._nodes.remove(node)
        with node.process:
            node.process.kill()

    def freeze(self, node: Node) -> None:
        """Stop a node's process with SIGSTOP, until it has been taken for dead."""
        node.process.send_signal(signal.SIGSTOP)
        node.thaws_at = self._now() + _FROZEN_SECONDS

    def kill_server(self, away_seconds: float) -> None:
        """Kill the server with SIGKILL, and start it again with its data after a while."""
        os.kill(self._server.pid, signal.SIGKILL)
        select.select([], [], [], away_seconds)
        self._start_server()

    def thaw(self) -> None:
        """Let all frozen nodes go on."""
        for node in self._nodes:
            if node.thaws_at is not None:
                self._thaw(node)

    def stop_nodes(self) -> None:
        """Stop the nodes with SIGTERM.

        Raises:
            VerkError: one did not stop in order.
        """
        for node in self._nodes:
            node.process.terminate()
        for node in self._nodes:
            if code := node.process.wait(_STOP_SECONDS):
                raise self._ended(node, code)

    # -- processes

    def _start_server(self) -> None:
        # Each write is on disk before its reply: what was promised survives the server's own death too.
        self._server = embedded.ensure(self.directory, fsync="always")

    def _start_proxy(self) -> None:
        server = unquote(urlsplit(self._server.url).path)
        proxy = self._spawn([sys.executable, "-c", _PROXY, server], "proxy", {}, stdout=subprocess.PIPE)
        self._stack.enter_context(proxy)  # waits for its end, which is the end of its standard input
        assert proxy.stdin is not None
        assert proxy.stdout is not None
        self._proxy_url = f"redis://127.0.0.1:{int(proxy.stdout.readline())}/0"
        self.proxy = ProxyControl(proxy.stdin.fileno())

    def _start_node(self) -> Node:
        name = f"n{len(self.names) + 1}"
        self.names.append(name)
        command = [
            *(sys.executable, "-m", "verk_actors", "run"),
            *("-r", "verk_actors.fleet.leashed", "-r", "verk_actors.cli.chaos.jobs"),
            *("-q", f"{QUEUE}:{WORKERS}", "--redis", self._proxy_url, "--node-id", name, "--log-level", "warning"),
        ]
        variables = {
            ledger.VARIABLE: str(self.ledgers / name),
            "VERK_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
            "VERK_POLL_INTERVAL_SECONDS": "0.2",
            "VERK_BACKTRACE_FRAMES": "0",
            "VERK_MAX_DEAD_JOBS": "1000000",  # none is dropped: each is counted in the end
        }
        return Node(name, self._spawn(command, name, variables))

    def _spawn(
        self, command: Sequence[str], name: str, variables: Mapping[str, str], stdout: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process of our own in the directory, out of reach of the terminal's Ctrl+C."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("VERK_")}
        package = str(Path(verk_actors.__file__).parent.parent)
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        with (self._logs / name).open("wb") as log:
            return subprocess.Popen(
                command, cwd=self.directory, env={**kept, "PYTHONPATH": path, **variables},
                stdin=subprocess.PIPE, stdout=log if stdout is None else stdout, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _thaw(self, node: Node) -> None:
        node.process.send_signal(signal.SIGCONT)
        node.thaws_at = None

    def _ended(self, node: Node, code: int) -> VerkError:
        return VerkError(f"node {node.name} ended with exit code {code}; see {self._logs}")

    def _kill_nodes(self) -> None:
        for node in list(self._nodes):
            self.kill(node)
