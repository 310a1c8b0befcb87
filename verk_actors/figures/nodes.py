"""The nodes that share this Redis, ours, Verk's, Sidekiq's and Exq's, as leases and they themselves tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import attrs

from verk_actors.client import Client
from verk_actors.store.all_nodes import NodeNotFound, NodeStatus
from verk_actors.store.processes import ProcessStatus

Program: TypeAlias = Literal["verk_actors", "verk", "sidekiq", "unknown"]
"""What a node is of: this package, Verk, or Sidekiq (or Exq, which tells of itself in the same way)."""

NodeState: TypeAlias = Literal["running", "quiet", "dead"]
"""Quiet fetches no jobs. Dead holds no lease, and its jobs are to be rescued."""


@attrs.frozen(kw_only=True)
class NodeFigures:
    """One node; what it doesn't tell is null or empty.

    Attributes:
        node: its id; of a process of Sidekiq or Exq, its identity.
        program: what it is of; unknown where it is dead and tells nothing any more.
        state: whether it fetches jobs.
        takes_signals: whether it can be quieted and stopped from afar.
        hostname, pid: where it runs.
        tag, labels: what its owner calls it.
        queues: those that it works, or holds jobs of.
        concurrency: how many jobs it can run at a time.
        busy: how many it runs.
        in_progress: how many it holds, those fetched ahead included; null where only it knows.
        started_at: unix seconds.
        beat_age_seconds: since it told of itself last.
        round_trip_seconds: from there to Redis and back.
        memory_bytes: of it, resident.
    """

    node: str
    program: Program
    state: NodeState
    takes_signals: bool
    hostname: str = ""
    pid: int | None = None
    tag: str = ""
    labels: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    concurrency: int | None = None
    busy: int | None = None
    in_progress: int | None = None
    started_at: float | None = None
    beat_age_seconds: float | None = None
    round_trip_seconds: float | None = None
    memory_bytes: int | None = None


def read_nodes(client: Client) -> tuple[NodeFigures, ...]:
    """Return all nodes: our own first, then Verk's and Sidekiq's."""
    return merged(client.nodes.statuses(), client.nodes.processes())


def read_node(client: Client, name: str) -> NodeFigures:
    """Return one node.

    Raises:
        NodeNotFound: there is none.
    """
    for node in read_nodes(client):
        if node.node == name:
            return node
    raise NodeNotFound(name)


def merged(statuses: Iterable[NodeStatus], processes: Iterable[ProcessStatus]) -> tuple[NodeFigures, ...]:
    """Return the nodes that leases and jobs in progress tell of, with what they tell of themselves, and the others.

    A node of ours without a lease that tells of itself has stopped a moment ago, or was killed; it has no jobs.
    """
    told: dict[str, list[ProcessStatus]] = {}
    for process in processes:
        told.setdefault(process.node, []).append(process)
    ours = [_of_node(status, told.pop(status.node_id, [])) for status in statuses]
    others = [_of_process(one) for one in told.values() if not one[0].is_ours]
    return tuple(sorted(ours + others, key=lambda node: (_ORDER.index(node.program), node.node)))


_ORDER: Sequence[Program] = ("verk_actors", "unknown", "verk", "sidekiq")


def _of_node(status: NodeStatus, told: Sequence[ProcessStatus]) -> NodeFigures:
    one = _of_process(told) if told else _silent(status)
    state: NodeState = "quiet" if status.is_quiet else "running"
    age = status.heartbeat_age_seconds if one.beat_age_seconds is None else one.beat_age_seconds
    return attrs.evolve(
        one,
        beat_age_seconds=age,
        state=state if status.is_alive else "dead",
        queues=tuple(sorted({*one.queues, *status.queues})),
        in_progress=sum(status.in_progress.values()),
    )


def _silent(status: NodeStatus) -> NodeFigures:
    return NodeFigures(node=status.node_id, program=status.program or "unknown", state="running", takes_signals=False)


def _of_process(told: Sequence[ProcessStatus]) -> NodeFigures:
    """Return a node that tells of itself, on one server or several."""
    first = told[0]
    ages = [one.beat_age_seconds for one in told if one.beat_age_seconds is not None]
    return NodeFigures(
        node=first.node,
        program="verk_actors" if first.is_ours else "sidekiq",
        state="quiet" if all(one.is_quiet for one in told) else "running",
        takes_signals=True,
        hostname=first.hostname,
        pid=first.pid,
        tag=first.tag,
        labels=first.labels,
        queues=tuple(dict.fromkeys(queue for one in told for queue in one.queues)),
        concurrency=_sum(one.concurrency for one in told),
        busy=_sum(one.busy for one in told),
        started_at=first.started_at,
        beat_age_seconds=max(ages, default=None),
        round_trip_seconds=first.round_trip_seconds,
        memory_bytes=first.memory_bytes,
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
