"""`verk stats`: what is in Redis, for all nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import click

from verk_actors.cli.options import as_json_line, json_option, redis_option
from verk_actors.cli.table import lay_out
from verk_actors.client import Client
from verk_actors.config import Config
from verk_actors.errors import loggable


@attrs.frozen(kw_only=True)
class QueueFigures:
    """One queue: jobs that wait, and runs since the beginning."""

    waiting: int
    processed: int
    failed: int


@attrs.frozen(kw_only=True)
class NodeFigures:
    """One node: whether it holds its lease, and the queues of which it may hold jobs."""

    alive: bool
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
    totals = client.counters.totals()
    return Figures(
        processed=totals.processed,
        failed=totals.failed,
        scheduled=client.scheduled.count(),
        retry=client.retries.count(),
        dead=client.dead.count(),
        queues={name: _queue(client, name) for name in client.queue_names()},
        nodes=_nodes(client),
    )


def _nodes(client: Client) -> Mapping[str, NodeFigures]:
    """Return the nodes of all servers; one that is on several may be dead on one of them alone."""
    figures: dict[str, NodeFigures] = {}
    for nodes in client.nodes:
        for name, lease_seconds in nodes.leases().items():
            before = figures.get(name, NodeFigures(alive=True, queues=()))
            queues = [*before.queues, *nodes.queues(name)]
            figures[name] = NodeFigures(alive=before.alive and lease_seconds is not None, queues=queues)
    return figures


def _queue(client: Client, name: str) -> QueueFigures:
    counts = client.counters.of_queue(name)
    return QueueFigures(waiting=client.queue(name).count(), processed=counts.processed, failed=counts.failed)


def _text(figures: Figures) -> str:
    total = (figures.processed, figures.failed, figures.scheduled, figures.retry, figures.dead)
    queues = [(loggable(name), one.waiting, one.processed, one.failed) for name, one in figures.queues.items()]
    nodes = [
        (loggable(name), "running" if one.alive else "dead", ", ".join(map(loggable, one.queues)))
        for name, one in figures.nodes.items()
    ]
    return "\n\n".join(
        (
            lay_out(("PROCESSED", "FAILED", "SCHEDULED", "RETRY", "DEAD"), [total]),
            lay_out(("QUEUE", "WAITING", "PROCESSED", "FAILED"), queues) if queues else "no queues",
            lay_out(("NODE", "STATE", "QUEUES"), nodes) if nodes else "no nodes",
        )
    )
