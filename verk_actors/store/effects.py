"""What is done to other keys in the step that settles a job, and only where that settles it."""

from __future__ import annotations

from typing import Literal

import attrs

from verk_actors.store.commands import Argument
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys


@attrs.frozen
class Effect:
    """One command. What it meets with stands in no job's way: where Redis refuses it, nothing is done.

    Attributes:
        command: what is done: one of Redis', or RELEASE, which removes a key that holds the value given.
        key: to which key.
        args: what comes behind the key.
    """

    command: Literal["SET", "RELEASE", "HDEL", "HSET", "SADD", "SREM"]
    key: str
    args: tuple[Argument, ...] = attrs.field(repr=False)


def kept(key: str, value: bytes, seconds: float) -> Effect:
    """Returns what keeps a value for so long."""
    return Effect("SET", key, (value, "PX", max(1, round(seconds * 1000))))


def released(job: Job, keys: Keys) -> tuple[Effect, ...]:
    """Returns what releases the lock of a job that is done with, if it has one and not until that expires."""
    if job.unique_for is None or job.unique_token is None or job.unique_until == "expiry":
        return ()
    return (Effect("RELEASE", keys.unique(job.unique_token), (job.jid or "",)),)
