"""`verk stats`: what is in Redis, for all nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
import click

from verk_actors.cli.options import as_json_line, json_option, redis_option
from verk_actors.cli.table import lay_out
from verk_actors.client import Client
from verk_actors.config import Config
from verk_actors.errors import loggable

_QUEUE_HEADINGS = ("QUEUE", "WAITING", "IN PROGRESS", "PROCESSED", "FAILED", "PAUSED")


@attrs.frozen(kw_only=True)
class QueueFigures:
    """One queue: jobs that wait and that nodes hold, runs since the beginning, and whether all nodes leave it alone."""

    waiting: int
    in_progress: int
    paused: bool
    processed: int
    failed: int


@attrs.frozen(kw_only=True)
class NodeFigures:
    """One node: whether it holds its lease and is quiet, and the queues of which it may hold jobs."""

    alive: bool
    quiet: bool
    queues: Sequence[str]


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


@click.command("stats")
@redis_option
@json_option
def command(redis_url: str | None, as_json: bool) -> None:
    """Show how many jobs wait, are scheduled, to be retried or dead, how many have run, and which nodes there are."""
    with Client(Config.load(redis_url=redis_url)) as client:
        figures = _read(client)
    click.echo(as_json_line(figures) if as_json else _text(figures))


def _read(client: Client) -> Figures:
    totals, nodes, paused = client.counters.totals(), client.nodes.statuses(), client.paused_queue_names()
    in_progress = sum((Counter(node.in_progress) for node in nodes), Counter[str]())
    return Figures(
        processed=totals.processed,
        failed=totals.failed,
        scheduled=client.scheduled.count(),
        retry=client.retries.count(),
        dead=client.dead.count(),
        queues={name: _queue(client, name, in_progress[name], name in paused) for name in client.queue_names()},
        nodes={
            node.node_id: NodeFigures(alive=node.is_alive, quiet=node.is_quiet is True, queues=node.queues)
            for node in nodes
        },
    )


def _queue(client: Client, name: str, in_progress: int, paused: bool) -> QueueFigures:
    counts = client.counters.of_queue(name)
    return QueueFigures(
        waiting=client.queue(name).count(),
        in_progress=in_progress,
        paused=paused,
        processed=counts.processed,
        failed=counts.failed,
    )


def _text(figures: Figures) -> str:
    total = (figures.processed, figures.failed, figures.scheduled, figures.retry, figures.dead)
    queues = [
        (loggable(name), one.waiting, one.in_progress, one.processed, one.failed, "paused" if one.paused else "")
        for name, one in figures.queues.items()
    ]
    nodes = [(loggable(name), _state(one), ", ".join(map(loggable, one.queues))) for name, one in figures.nodes.items()]
    return "\n\n".join(
        (
            lay_out(("PROCESSED", "FAILED", "SCHEDULED", "RETRY", "DEAD"), [total]),
            lay_out(_QUEUE_HEADINGS, queues) if queues else "no queues",
            lay_out(("NODE", "STATE", "QUEUES"), nodes) if nodes else "no nodes",
        )
    )


def _state(node: NodeFigures) -> str:
    if not node.alive:
        return "dead"
    return "quiet" if node.quiet else "running"
