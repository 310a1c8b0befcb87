"""What is known of the runs of a periodic job: the last that was enqueued, and how the last that ended did."""

from __future__ import annotations

from typing import Any, Literal, get_args

import attrs

from verk_actors.wire import strict_json, times

CronOutcome = Literal["succeeded", "failed", "dead", "discarded", "expired"]
"""How a run ended; one that `failed` is retried."""


@attrs.frozen(kw_only=True)
class CronRun:
    """A job that was enqueued.

    Attributes:
        jid: its id; that of the other job where it was kept out, as it is unique.
        enqueued_at: when, unix seconds.
        slot_at: for which time of the schedule; None where a person wanted it.
        kept_out: whether another job of its token was there still, so that it was not enqueued.
    """

    jid: str
    enqueued_at: float
    slot_at: float | None = None
    kept_out: bool = False


@attrs.frozen(kw_only=True)
class CronResult:
    """How a run ended.

    Attributes:
        jid: the id of the job.
        ended_at: when, unix seconds.
        error: the class of what it raised, if it failed.
    """

    jid: str
    outcome: CronOutcome
    ended_at: float
    error: str | None = None


def write(run: CronRun | CronResult) -> bytes:
    """Return what is kept of it."""
    return strict_json.dump({key: value for key, value in attrs.asdict(run).items() if value is not None}).encode()


def run_in(document: bytes | None) -> CronRun | None:
    """Return the run that a document tells of; None where there is none, or it tells of nothing."""
    fields = _fields_of(document)
    enqueued_at = times.read(fields.get("enqueued_at"))
    if enqueued_at is None:
        return None
    return CronRun(
        jid=str(fields.get("jid", "")),
        enqueued_at=enqueued_at,
        slot_at=times.read(fields.get("slot_at")),
        kept_out=fields.get("kept_out") is True,
    )


def result_in(document: bytes | None) -> CronResult | None:
    """Return the result that a document tells of; None where there is none, or it tells of nothing."""
    fields = _fields_of(document)
    ended_at = times.read(fields.get("ended_at"))
    outcome: Any = fields.get("outcome")
    if ended_at is None or outcome not in get_args(CronOutcome):
        return None
    error = fields.get("error")
    return CronResult(
        jid=str(fields.get("jid", "")), outcome=outcome, ended_at=ended_at, error=None if error is None else str(error)
    )


def _fields_of(document: bytes | None) -> dict[str, Any]:
    try:
        fields = strict_json.parse(document or b"{}")
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
