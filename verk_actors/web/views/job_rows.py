"""One job of a set, or bytes that are none, as a line of a list."""

from __future__ import annotations

from typing import Any

import attrs

from verk_actors.store.handles import handle_of
from verk_actors.store.members import Malformed, Member
from verk_actors.web.redaction import Redaction


@attrs.frozen(kw_only=True)
class JobRow:
    """One of them.

    Attributes:
        handle: what it is called in forms: its time, and a digest of its bytes.
        at: when it is due, or when it died, in unix seconds.
        jid, class_, queue, args: the job's; None where it says nothing of them, or is none.
        retry_count: how many of its runs have failed.
        error_class, error_message: of its last failed run.
        flaw: why it is no job; None for one.
    """

    handle: str
    at: float
    jid: str | None = None
    class_: str | None = None
    queue: str | None = None
    args: list[Any] | None = None
    retry_count: int = 0
    error_class: str | None = None
    error_message: str | None = None
    flaw: str | None = None


def row_of(member: Member, at: float, redaction: Redaction) -> JobRow:
    """Return the row of a member of a set."""
    handle = handle_of(member, at)
    if isinstance(member, Malformed):
        return JobRow(handle=handle, at=at, flaw=member.reason)
    return JobRow(
        handle=handle,
        at=at,
        jid=member.jid,
        class_=member.class_,
        queue=member.queue,
        args=redaction.args(member.class_, member.args),
        retry_count=member.retry_count,
        error_class=member.error_class,
        error_message=member.error_message,
    )
