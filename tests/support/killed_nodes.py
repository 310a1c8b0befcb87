"""Nodes as processes, which a test kills as it likes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from support.source import REPOSITORY


@attrs.define
class KilledNodes:
    """So many nodes; a killed one is replaced at once, by one that is up some time later.

    Attributes:
        module: their program; it says `up` when it runs.
        url: of their Redis.
        nodes: those there are.
        starting: those that have not said yet that they run.
    """

    module: str
    url: str
    nodes: list[subprocess.Popen[str]] = attrs.Factory(list)
    starting: list[subprocess.Popen[str]] = attrs.Factory(list)

    def start(self) -> subprocess.Popen[str]:
        """Start a node."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        command = [sys.executable, "-m", self.module, self.url]
        self.starting.append(subprocess.Popen(command, cwd=REPOSITORY / "tests", text=True, **pipes))
        return self.starting[-1]

    def kill(self, number: int) -> int:
        """Kill one, whatever it does, and start another in its place; returns the id of the dead process."""
        victim, self.nodes[number] = self.nodes[number], self.start()
        if victim in self.starting:
            self.starting.remove(victim)
        victim.kill()
        victim.communicate()
        return victim.pid

    def wait_up(self) -> None:
        """Wait until all run, however long that takes where the machine has much to do."""
        while self.starting:
            node = self.starting.pop()
            assert node.stdout is not None
            assert node.stdout.readline() == "up\n"


@contextmanager
def killed_nodes(module: str, url: str, count: int) -> Iterator[KilledNodes]:
    """Have nodes, which are killed in the end: what is in Redis is all that they leave."""
    fleet = KilledNodes(module, url)
    fleet.nodes = [fleet.start() for _ in range(count)]
    try:
        fleet.wait_up()
        yield fleet
    finally:
        for node in fleet.nodes:
            node.kill()
            node.communicate()
