"""What listeners are told of how far running jobs are."""

from __future__ import annotations

from collections.abc import Iterator

from verk_actors.events import JobProgressed
from verk_actors.tree.node_state import NodeState


def newly_progressed(node: NodeState) -> Iterator[JobProgressed]:
    """Yield an event for each job that has said how far it is since the last look, and mark it as told."""
    for queue, row in tuple(node.queues.items()):
        for running_job in row.running_jobs.running():
            job, progress = running_job.job, running_job.how_far()
            if job is None or progress is None or progress == running_job.progress_told:
                continue
            running_job.progress_told = progress
            if running_job.outcome is None:  # else its end may be told before this
                yield JobProgressed(queue=queue, job=job, started_at=running_job.started_at, progress=progress)
