"""Whose results a job may see: those of the step before it in its workflow, named in its payload."""

from __future__ import annotations

from verk_actors.wire.job import Job

KEY = "verk_after"
MOST = 1000
"""Of a step with more jobs than that, the next one is told of none: it would be too much to hand over."""


def jids_before(job: Job) -> tuple[str, ...]:
    """Returns the ids of the jobs of the step before, in order; none for a first step, or in no workflow."""
    jids = job.extra.get(KEY)
    if not isinstance(jids, list) or len(jids) > MOST:
        return ()
    return tuple(jid if isinstance(jid, str) else "" for jid in jids)
