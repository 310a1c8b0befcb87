"""Nodes for tests: started with a probe, and stopped when the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
from pykka.messages import ProxyGetAttr

from support.eventually import DEADLINE_SECONDS, eventually
from support.jobs import JobKit
from support.probe import EventLog, Probe
from verk_actors.client import Client
from verk_actors.events import Event
from verk_actors.messages import RegisterListener, Status
from verk_actors.otp import Ref, Runtime
from verk_actors.settings.config import Config
from verk_actors.status import SystemStatus
from verk_actors.tree import names
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.tree.messages import Tick
from verk_actors.tree.node_state import NodeState


@attrs.define(eq=False)
class Node:
    """A running node and what a test wants to know of it."""

    system: Ref
    config: Config
    client: Client
    jobs: JobKit
    log: EventLog
    state: NodeState

    def whereis(self, name: str) -> Ref:
        """Return the live process of that name, or shown as that."""
        ref = self._find(name)
        assert ref is not None, f"no process {name}"
        return ref

    def successor(self, old: Ref) -> Ref:
        """Wait until a process that ended has been replaced under its name, and return the new one."""

        def new_one() -> Ref | None:
            ref = self._find(str(old))
            return None if ref is old else ref

        return eventually(new_one, f"successor of {old}")

    def _find(self, name: str) -> Ref | None:
        return next((ref for ref in self.children() if str(ref) == name and ref.is_alive()), None)

    def children(self) -> set[Ref]:
        """Return all processes whose start has ended."""
        return set(_below(self.system))

    def beat(self) -> None:
        """Have the heartbeat of each Redis come now: so a lease may last long, and no busy machine lets it run out."""
        for ref in self.children():
            if str(ref).startswith(names.NODE_MANAGER):
                ref.cast(Tick())

    def look_for_due(self) -> None:
        """Have due jobs be looked for, and wait until they were: so the first look, which comes by itself, is over."""
        self.whereis(names.SCHEDULE_MANAGER).ask(Tick(), timeout=10)

    def status(self) -> SystemStatus:
        """Ask the system for its status."""
        status: SystemStatus = self.system.ask(Status(), timeout=10)
        return status


@contextmanager
def running_node(
    config: Config, jobs: JobKit | None = None, runtime: Runtime | None = None, **changes: Any
) -> Iterator[Node]:
    """Start a node with quick settings and a probe on all its events; stop both in the end."""
    settings = {"shutdown_timeout_seconds": DEADLINE_SECONDS, "poll_interval_seconds": 0.05, **changes}
    config = attrs.evolve(config, **settings)
    jobs = jobs or JobKit()
    log = EventLog()
    probe = Probe.watching(log)
    system = ActorSystem.start(config, jobs.registry, runtime=runtime)
    client = Client(config)
    state = system.ask(ProxyGetAttr(attr_path=("_node",)))  # type: ignore[arg-type]  # a look inside, Pykka's way
    try:
        system.ask(RegisterListener(probe, Event), timeout=10)
        yield Node(system, config, client, jobs, log, state)
    finally:
        jobs.gate.open()
        system.stop()
        client.close()
        probe.stop()


def _below(ref: Ref) -> Iterator[Ref]:
    for row in ref.children:
        if row.ref is not None:
            yield row.ref
            yield from _below(row.ref)
