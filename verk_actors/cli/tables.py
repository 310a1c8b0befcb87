"""The lines of queues, nodes and running jobs, as tables and `verk top` show them alike."""

from __future__ import annotations

from collections.abc import Iterable

from verk_actors.cli.amounts import age
from verk_actors.cli.table import lay_out
from verk_actors.errors import loggable
from verk_actors.figures.nodes import NodeFigures
from verk_actors.figures.queues import QueueFigures
from verk_actors.jobs.run import JobRun

QUEUE_HEADINGS = ("queue", "state", "waiting", "latency", "in progress", "processed", "failed")
NODE_HEADINGS = ("node", "program", "state", "heartbeat", "in progress", "queues")
RUN_HEADINGS = ("jid", "class", "queue", "node", "runs for", "progress")
_LONGEST_PROGRESS = 60  # letters


def queue_line(one: QueueFigures) -> tuple[str | int, ...]:
    """Return the cells of a queue."""
    latency = age(one.latency_seconds) if one.size else ""
    return (loggable(one.name), one.state, one.size, latency, one.in_progress, one.processed, one.failed)


def node_line(one: NodeFigures) -> tuple[str | int, ...]:
    """Return the cells of a node; a process of Sidekiq holds what it runs."""
    beat = "" if one.beat_age_seconds is None else f"{age(one.beat_age_seconds)} ago"
    held = (one.busy or 0) if one.in_progress is None else one.in_progress
    return (loggable(one.node), one.program, one.state, beat, held, ", ".join(map(loggable, one.queues)))


def run_line(run: JobRun) -> tuple[str, ...]:
    """Return the cells of a job that runs."""
    progress = "" if run.progress is None else loggable(str(run.progress), _LONGEST_PROGRESS)
    return (*map(loggable, (run.jid, run.class_, run.queue, run.node)), age(run.elapsed_seconds), progress)


def queues_table(queues: Iterable[QueueFigures]) -> str:
    """Return queues as text."""
    return _table(QUEUE_HEADINGS, map(queue_line, queues), "no queues")


def nodes_table(nodes: Iterable[NodeFigures]) -> str:
    """Return nodes as text."""
    return _table(NODE_HEADINGS, map(node_line, nodes), "no nodes")


def runs_table(runs: Iterable[JobRun]) -> str:
    """Return running jobs as text."""
    return _table(RUN_HEADINGS, map(run_line, runs), "no job runs")


def _table(headings: Iterable[str], lines: Iterable[tuple[str | int, ...]], empty: str) -> str:
    rows = list(lines)
    return lay_out([heading.upper() for heading in headings], rows) if rows else empty
