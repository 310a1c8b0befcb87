"""What paths and filters name."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import attrs

from verk_actors.store.job_filter import JobFilter
from verk_actors.web.api.json_form import Between, Matching, Sized

NodeId: TypeAlias = Annotated[str, Sized(1, 300)]
Jid: TypeAlias = Annotated[str, Sized(1, 300)]
QueueName: TypeAlias = Annotated[str, Sized(1, 300)]
_HANDLE = r"-?(?:[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[-+][0-9]{1,3})?|inf)-[0-9a-f]{20}"
Handle: TypeAlias = Annotated[str, Matching(_HANDLE, "the handle of a row")]
SetName: TypeAlias = Literal["retries", "scheduled", "dead"]
PendingSetName: TypeAlias = Literal["retries", "scheduled"]
Word: TypeAlias = Annotated[str, Sized(1, 300)]
Cursor: TypeAlias = Annotated[str, Sized(1, 1000)]
PageNumber: TypeAlias = Annotated[int, Between(1, 10**9)]
PageSize: TypeAlias = Annotated[int, Between(1, 500)]


@attrs.frozen(kw_only=True)
class Where:
    """Which jobs: those that have all that is given.

    Attributes:
        class_, queue: the job's are exactly these.
        error: occurs in the class or in the message of its last error, in the same case of letters.
        text: occurs somewhere in the job as it is in Redis, in the same case of letters.
    """

    class_: Word | None = None
    queue: Word | None = None
    error: Word | None = None
    text: Word | None = None

    def as_filter(self) -> JobFilter:
        """Return the filter that it means."""
        return JobFilter(class_=self.class_, queue=self.queue, error=self.error, text=self.text)
