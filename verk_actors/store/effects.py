"""What is done to other keys in the step that settles a job, and only where that settles it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from verk_actors.store.commands import Argument
from verk_actors.store.members import member_of
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

Command: TypeAlias = Literal[
    "SET", "RELEASE", "HDEL", "HSET", "HINCRBY", "SADD", "SREM", "ZADD", "ZREM", "LPUSH", "RPUSH", "LTRIM", "DEL"
]
MemberState: TypeAlias = Literal["pending", "succeeded", "failed"]


@attrs.frozen
class Effect:
    """One command. What it meets with stands in no job's way: where Redis refuses it, nothing is done.

    Attributes:
        command: what is done: one of Redis', or RELEASE, which removes a key that holds the value given.
        key: to which key.
        args: what comes behind the key.
    """

    command: Command
    key: str
    args: tuple[Argument, ...] = attrs.field(repr=False)

    @property
    def words(self) -> tuple[Argument, ...]:
        """What a script is told of it beside its key: how many words follow, the command, and what comes behind."""
        return (1 + len(self.args), self.command, *self.args)


def kept(key: str, value: bytes, seconds: float) -> Effect:
    """Returns what keeps a value for so long."""
    return Effect("SET", key, (value, "PX", max(1, round(seconds * 1000))))


def released(job: Job, keys: Keys) -> tuple[Effect, ...]:
    """Returns what releases the lock of a job that is done with, if it has one and not until that expires."""
    if job.unique_for is None or job.unique_token is None or job.unique_until == "expiry":
        return ()
    return (Effect("RELEASE", keys.unique(job.unique_token), (job.jid or "",)),)


def of_success(job: Job, keys: Keys) -> tuple[Effect, ...]:
    """Returns what is done beside the end of a job that has succeeded."""
    if job.batch is None:
        return released(job, keys)
    return (*released(job, keys), *of_member(job.batch, job.jid or "", "succeeded", keys))


def of_end(job: Job, keys: Keys) -> tuple[Effect, ...]:
    """Returns what is done beside the end of a job that won't run any more, and has not succeeded."""
    if job.batch is None:
        return released(job, keys)
    return (*released(job, keys), *of_member(job.batch, job.jid or "", "failed", keys))


def of_requeue(job: Job, keys: Keys) -> tuple[Effect, ...]:
    """Returns what is done where a job that may have come to an end is given another try."""
    if job.batch is None:
        return ()
    return of_member(job.batch, job.jid or "", "pending", keys)


def of_member(bid: str, member: str, state: MemberState, keys: Keys) -> tuple[Effect, ...]:
    """Returns what notes how a member of a batch is, a job or another batch, and has the batch be looked at."""
    return (
        Effect("SADD" if state == "pending" else "SREM", keys.batch_pending(bid), (member,)),
        Effect("SADD" if state == "failed" else "SREM", keys.batch_failed(bid), (member,)),
        Effect("ZADD", keys.batches_due, (0, bid)),
    )


MEMBERS_MARK = b'"verk_batch"'
"""What the payload of a member of a batch has in it."""


def matters(payload: bytes) -> bool:
    """Tells whether a payload may be of a job whose end has effects; of any other it is seen at once that it is not."""
    return b'"unique_for"' in payload or MEMBERS_MARK in payload


def effects_of_end(payload: bytes, keys: Keys) -> tuple[Effect, ...]:
    """Returns what is done beside the end of a job that somebody removes; what is no job has none."""
    member = member_of(payload) if matters(payload) else None
    return of_end(member, keys) if isinstance(member, Job) else ()


def effects_of_requeue(payload: bytes, keys: Keys) -> tuple[Effect, ...]:
    """Returns what is done where somebody gives a job another try."""
    member = member_of(payload) if MEMBERS_MARK in payload else None
    return of_requeue(member, keys) if isinstance(member, Job) else ()
