"""What is counted in Redis, for all nodes: read for `verk stats`, `verk queues` and `verk nodes`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from verk_actors.client import Client
from verk_actors.store.all_nodes import NodeStatus


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
    """One node.

    Attributes:
        state: `dead` where it holds no lease, and its jobs wait for their rescue; else `quiet` or `running`.
        heartbeat_age_seconds: since it told last of itself; None where it does not.
        queues: those of which it may hold jobs.
        in_progress: how many it holds of each.
    """

    state: str
    heartbeat_age_seconds: float | None
    queues: Sequence[str]
    in_progress: Mapping[str, int]


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
    totals, nodes = client.counters.totals(), client.nodes.statuses()
    return Figures(
        processed=totals.processed,
        failed=totals.failed,
        scheduled=client.scheduled.count(),
        retry=client.retries.count(),
        dead=client.dead.count(),
        queues=read_queues(client, client.queue_names(), nodes),
        nodes={node.node_id: of_node(node) for node in nodes},
    )


def read_queues(client: Client, names: Iterable[str], nodes: Iterable[NodeStatus]) -> dict[str, QueueFigures]:
    """Return the figures of some queues, by name."""
    in_progress = sum((Counter(node.in_progress) for node in nodes), Counter[str]())
    paused = client.paused_queue_names()
    return {name: _of_queue(client, name, in_progress[name], name in paused) for name in names}


def of_node(node: NodeStatus) -> NodeFigures:
    """Return the figures of one node."""
    running = "quiet" if node.is_quiet else "running"
    return NodeFigures(
        state=running if node.is_alive else "dead",
        heartbeat_age_seconds=node.heartbeat_age_seconds,
        queues=node.queues,
        in_progress=node.in_progress,
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
