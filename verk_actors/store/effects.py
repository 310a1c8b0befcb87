"""What is done to other keys in the step that settles a job, and only where that settles it."""

from __future__ import annotations

import attrs

from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys


@attrs.frozen
class Effect:
    """One key that is written or removed.

    Attributes:
        key: which one.
        value: what is written; or what the key must hold to be removed.
        keep_seconds: how long it is kept; None removes it.
    """

    key: str
    value: bytes | str = attrs.field(repr=False)
    keep_seconds: float | None = None


def released(job: Job, keys: Keys) -> tuple[Effect, ...]:
    """Returns what releases the lock of a job that is done with, if it has one and not until that expires."""
    if job.unique_for is None or job.unique_token is None or job.unique_until == "expiry":
        return ()
    return (Effect(keys.unique(job.unique_token), job.jid or ""),)
