"""The jobs that a node runs now, read from its tables without asking any actor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from verk_actors.errors import QueueNotFound
from verk_actors.jobs.run import JobNotRunning, JobRun
from verk_actors.tree.frames import stack_of
from verk_actors.tree.node_state import NodeState, QueueRow
from verk_actors.tree.running_job import RunningJob


def runs_of(node: NodeState, queue: str | None, limit: int, now: float) -> list[JobRun]:
    """Return the jobs of one queue or of all, those that have run for longest first, so many at most.

    Raises:
        QueueNotFound: the node does not run that queue.
    """
    rows = dict(node.queues)
    if queue is not None and queue not in rows:
        raise QueueNotFound(queue)
    runs = [run for _, run in _runs(node, ((queue, rows[queue]),) if queue is not None else rows.items(), now)]
    return sorted(runs, key=lambda run: run.started_at)[: max(0, limit)]


def inspected(node: NodeState, rows: Iterable[tuple[str, QueueRow]], jid: str, now: float) -> JobRun:
    """Return a job with its stack; of several of that id, the one that started first.

    Raises:
        JobNotRunning: there is none.
    """
    found = [pair for pair in _runs(node, rows, now) if pair[1].jid == jid]
    if not found:
        raise JobNotRunning(jid)
    running_job, run = min(found, key=lambda pair: pair[1].started_at)
    return attrs.evolve(run, stack=stack_of(running_job))


def cancellable(rows: Iterable[tuple[str, QueueRow]], jid: str) -> Iterator[tuple[str, QueueRow, RunningJob]]:
    """Yield the jobs of an id that have not ended, those that wait for a worker too."""
    for queue, row in rows:
        for running_job in list(row.running_jobs.held):
            job = running_job.job
            if job is not None and job.jid == jid and running_job.outcome is None and running_job.settled is None:
                yield queue, row, running_job


def _runs(node: NodeState, rows: Iterable[tuple[str, QueueRow]], now: float) -> Iterator[tuple[RunningJob, JobRun]]:
    for queue, row in rows:
        for running_job in row.running_jobs.running():
            job, worker = running_job.job, running_job.worker
            if job is None or worker is None:
                continue
            started_at = running_job.started_at or now  # claimed in this moment
            yield (
                running_job,
                JobRun(
                    node=node.config.node_id,
                    queue=queue,
                    jid=str(job.jid),
                    class_=job.class_,
                    args=list(job.args),
                    worker=str(worker),
                    started_at=started_at,
                    elapsed_seconds=max(0.0, now - started_at),
                    progress=running_job.how_far(),
                ),
            )
