"""What is counted in Redis, for all nodes: read for `verk stats`, `verk queues` and `verk nodes`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from verk_actors.client import Client
from verk_actors.store.all_nodes import NodeStatus
from verk_actors.store.processes import ProcessStatus


@attrs.frozen(kw_only=True)
class QueueFigures:
    """One queue.

    Attributes:
        waiting: jobs that wait in it.
        latency_seconds: how long the one that runs next has waited.
        in_progress: jobs of it that nodes hold.
        paused: whether all nodes leave it alone.
        processed, failed: its runs since the beginning.
    """

    waiting: int
    latency_seconds: float
    in_progress: int
    paused: bool
    processed: int
    failed: int


@attrs.frozen(kw_only=True)
class NodeFigures:
    """One node, or a process of Sidekiq or Exq.

    Attributes:
        program: whose it is: `verk_actors`, `verk`, `sidekiq`; None where a dead one does not tell.
        state: `dead` where it holds no lease, and its jobs wait for their rescue; else `quiet` or `running`.
        heartbeat_age_seconds: since it told last of itself; None where it does not.
        queues: those of which it may hold jobs.
        in_progress: how many it holds; of a process of Sidekiq, how many it runs.
    """

    program: str | None
    state: str
    heartbeat_age_seconds: float | None
    queues: Sequence[str]
    in_progress: int


@attrs.frozen(kw_only=True)
class Figures:
    """All that is counted: runs since the beginning, jobs in each set, and each queue and node by name."""

    processed: int
    failed: int
    scheduled: int
    retry: int
    dead: int
    queues: Mapping[str, QueueFigures]
    nodes: Mapping[str, NodeFigures]


def read(client: Client) -> Figures:
    """Return all figures as they are now."""
    totals = client.counters.totals()
    return Figures(
        processed=totals.processed,
        failed=totals.failed,
        scheduled=client.scheduled.count(),
        retry=client.retries.count(),
        dead=client.dead.count(),
        queues=read_queues(client, client.queue_names()),
        nodes=read_nodes(client),
    )


def read_queues(client: Client, names: Iterable[str]) -> dict[str, QueueFigures]:
    """Return the figures of some queues, by name."""
    in_progress = sum((Counter(node.in_progress) for node in client.nodes.statuses()), Counter[str]())
    paused = client.paused_queue_names()
    return {name: _of_queue(client, name, in_progress[name], name in paused) for name in names}


def read_nodes(client: Client) -> dict[str, NodeFigures]:
    """Return the figures of all nodes, then of all processes of Sidekiq and Exq, by id."""
    nodes = {node.node_id: _of_node(node) for node in client.nodes.statuses()}
    others = (process for process in client.nodes.processes() if not process.is_ours)
    return nodes | {process.node: _of_process(process) for process in others}


def _of_node(node: NodeStatus) -> NodeFigures:
    running = "quiet" if node.is_quiet else "running"
    return NodeFigures(
        program=node.program,
        state=running if node.is_alive else "dead",
        heartbeat_age_seconds=node.heartbeat_age_seconds,
        queues=node.queues,
        in_progress=sum(node.in_progress.values()),
    )


def _of_process(process: ProcessStatus) -> NodeFigures:
    return NodeFigures(
        program="sidekiq",
        state="quiet" if process.is_quiet else "running",
        heartbeat_age_seconds=process.beat_age_seconds,
        queues=process.queues,
        in_progress=process.busy or 0,
    )


def _of_queue(client: Client, name: str, in_progress: int, paused: bool) -> QueueFigures:
    counts, queue = client.counters.of_queue(name), client.queue(name)
    return QueueFigures(
        waiting=queue.count(),
        latency_seconds=round(queue.latency_seconds(), 3),
        in_progress=in_progress,
        paused=paused,
        processed=counts.processed,
        failed=counts.failed,
    )
