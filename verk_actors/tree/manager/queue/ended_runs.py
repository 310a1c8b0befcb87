"""What QueueStats is told of jobs that are settled; pure."""

from __future__ import annotations

from collections.abc import Sequence

from verk_actors.tree.messages import EndedRuns
from verk_actors.tree.running_job import Discarded, Failed, RunningJob, Succeeded

_COUNTED = frozenset({Succeeded, Discarded, Failed})


def runs_of(settled: Sequence[RunningJob]) -> dict[str, EndedRuns]:
    """Return the runs that count, by class: of jobs that were this node's to the end, and chose no later run."""
    runs: dict[str, EndedRuns] = {}
    for row in settled:
        job, kind = row.job, type(row.outcome)
        if job is not None and row.settled and kind in _COUNTED:
            of_class = runs.get(job.class_)
            if of_class is None:
                of_class = runs[job.class_] = EndedRuns()
            began, ended = row.started_at or row.ended_at, row.ended_at  # cancelled before it began
            (of_class.failed if kind is Failed else of_class.finished).append((job.enqueued_at, began, ended))
    return runs


def fenced_of(settled: Sequence[RunningJob]) -> int:
    """Return how many ran here and were others' by their end."""
    return len([row for row in settled if row.settled is False and row.started_at > 0 and row.job is not None])


def but_successes(settled: Sequence[RunningJob]) -> list[RunningJob]:
    """Return those of which listeners are told more than that they finished."""
    return [row for row in settled if not (row.settled and isinstance(row.outcome, Succeeded))]
