"""What is found in a queue or a set: jobs, and bytes that are none. Listing never fails for the latter."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from verk_actors.errors import MalformedJob
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job


@attrs.frozen
class Malformed:
    """Bytes that are no job.

    Attributes:
        payload: exactly what was read.
        reason: why they are no job.
    """

    payload: bytes = attrs.field(repr=False)
    reason: str


Member: TypeAlias = Job | Malformed
"""What is found in a queue or a set."""


def member_of(payload: bytes, queue: str | None = None) -> Member:
    """Returns the job that a payload holds, or what is wrong with it."""
    try:
        return decode(payload, queue)
    except MalformedJob as error:
        return Malformed(payload, error.reason)


def payload_of(member: Member | bytes) -> bytes:
    """Returns the exact bytes by which Redis finds a member.

    Raises:
        ValueError: the job was not read from Redis, so it is nowhere to be found.
    """
    if isinstance(member, bytes):
        return member
    if member.payload is None:
        raise ValueError("only a job that was read from Redis can be found there")
    return member.payload
