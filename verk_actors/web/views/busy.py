"""Who works and at what: the nodes that share this Redis, ours, Verk's, Sidekiq's and Exq's, and the jobs they run."""

from __future__ import annotations

import attrs

from verk_actors.client import Client
from verk_actors.figures.nodes import NodeFigures, read_nodes
from verk_actors.jobs.run import JobRun
from verk_actors.web.redaction import Redaction


@attrs.frozen(kw_only=True)
class BusyView:
    """All nodes, and all running jobs.

    Attributes:
        concurrency: how many jobs can run at a time on those nodes that live and tell.
        busy: how many run there.
        nodes: our own first, then Verk's and Sidekiq's.
        running: those that have run for longest first.
    """

    concurrency: int
    busy: int
    nodes: tuple[NodeFigures, ...]
    running: tuple[JobRun, ...]


def read_busy(client: Client, redaction: Redaction) -> BusyView:
    """Return who works and at what."""
    nodes = read_nodes(client)
    living = [node for node in nodes if node.state != "dead"]
    return BusyView(
        concurrency=sum(node.concurrency or 0 for node in living),
        busy=sum(node.busy or 0 for node in living),
        nodes=nodes,
        running=read_running(client, redaction),
    )


def read_running(client: Client, redaction: Redaction) -> tuple[JobRun, ...]:
    """Return all running jobs, those that have run for longest first."""
    return tuple(shown(run, redaction) for run in client.running())


def shown(run: JobRun, redaction: Redaction) -> JobRun:
    """Return a running job as it may be shown."""
    return run if run.args is None else attrs.evolve(run, args=redaction.args(run.class_, run.args))
