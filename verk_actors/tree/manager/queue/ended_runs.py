"""What QueueStats is told of jobs that are settled; pure."""

from __future__ import annotations

from collections.abc import Sequence

from verk_actors.tree.messages import EndedRun
from verk_actors.tree.running_job import Discarded, Failed, RunningJob, Succeeded

_COUNTED = (Succeeded, Discarded, Failed)


def runs_of(settled: Sequence[RunningJob]) -> list[EndedRun]:
    """Return the runs that count, in order: of jobs that were this node's to the end, and chose no later run."""
    runs: list[EndedRun] = []
    for row in settled:
        job, outcome = row.job, row.outcome
        if job is not None and row.settled and isinstance(outcome, _COUNTED):
            began, ended = row.started_at or row.ended_at, row.ended_at  # cancelled before it began
            runs.append(EndedRun(job.class_, job.enqueued_at, began, ended, isinstance(outcome, Failed)))
    return runs


def fenced_of(settled: Sequence[RunningJob]) -> int:
    """Return how many ran here and were others' by their end."""
    return len([row for row in settled if row.settled is False and row.started_at > 0 and row.job is not None])


def but_successes(settled: Sequence[RunningJob]) -> list[RunningJob]:
    """Return those of which listeners are told more than that they finished."""
    return [row for row in settled if not (row.settled and isinstance(row.outcome, Succeeded))]
