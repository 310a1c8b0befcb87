"""Queues in numbers: what waits in each, and how it is worked, as nodes told of it up to five seconds ago."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from verk_actors.client import Client
from verk_actors.store.counters import Counts
from verk_actors.store.queue_share import QueueShare

QueueState: TypeAlias = Literal["running", "idle", "pausing", "paused", "unworked"]
"""Whether jobs of a queue run; none, for none waits or no worker is free; running ones may end; none may begin; or no
node works it."""


@attrs.frozen(kw_only=True)
class QueueFigures:
    """One queue.

    Attributes:
        name: of the queue.
        state: how it is worked by all nodes together.
        size: jobs that wait in it.
        latency_seconds: how long the one that runs next has waited.
        busy: jobs of it that run on nodes of ours.
        slots: how many they can run at a time; None where none of them works it.
        in_progress: jobs of it that nodes hold: those that run, and those fetched ahead.
        is_paused: whether no node is to fetch from it.
        processed, failed: its runs since the beginning.
    """

    name: str
    state: QueueState
    size: int
    latency_seconds: float
    busy: int
    slots: int | None
    in_progress: int
    is_paused: bool
    processed: int
    failed: int


def read_queues(client: Client, names: Iterable[str]) -> tuple[QueueFigures, ...]:
    """Return queues in numbers."""
    names = list(names)
    nodes, processes = client.nodes.statuses(), client.nodes.processes()
    around = _Around(
        paused=frozenset(client.paused_queue_names()),
        in_progress=sum((Counter(node.in_progress) for node in nodes), Counter()),
        worked=frozenset(queue for node in nodes if node.is_alive for queue in node.queues)
        | frozenset(queue for process in processes for queue in process.queues),
        shares=[process.shares for process in processes],
        sizes=client.queue_sizes(names),
        latencies=client.queue_latencies(names),
        counts=client.counters.of_queues(names),
    )
    return tuple(_figures_of(name, around) for name in names)


@attrs.frozen(kw_only=True)
class _Around:
    """What is read of all queues at once: who is paused, who is worked, what waits, and what nodes hold and tell."""

    paused: frozenset[str]
    in_progress: Counter[str]
    worked: frozenset[str]
    shares: Sequence[Mapping[str, QueueShare]]
    sizes: Mapping[str, int]
    latencies: Mapping[str, float]
    counts: Mapping[str, Counts]


def _figures_of(name: str, around: _Around) -> QueueFigures:
    counts = around.counts[name]
    shares = [of_node[name] for of_node in around.shares if name in of_node]
    busy, in_progress, is_paused = sum(share.busy for share in shares), around.in_progress[name], name in around.paused
    is_worked = bool(shares) or name in around.worked
    return QueueFigures(
        name=name,
        state=_state(is_worked, is_paused, busy or in_progress, [share.status for share in shares]),
        size=around.sizes[name],
        latency_seconds=around.latencies[name],
        busy=busy,
        slots=sum(share.size for share in shares) if shares else None,
        in_progress=in_progress,
        is_paused=is_paused,
        processed=counts.processed,
        failed=counts.failed,
    )


def _state(is_worked: bool, is_paused: bool, busy: int, statuses: list[str]) -> QueueState:
    """Return how a queue is worked; one that each of its nodes was told to pause is paused too."""
    if is_paused or (statuses and all(status in ("pausing", "paused") for status in statuses)):
        return "pausing" if busy else "paused"
    if not is_worked:
        return "unworked"
    return "running" if busy else "idle"
