"""What few jobs ask for or are part of, as payloads have it: by Exq's keys or Sidekiq's where they have any."""

from __future__ import annotations

from typing import Any

from verk_actors.wire import strict_json, times
from verk_actors.wire.job import Job, is_name, is_seconds

_LENGTHS = ("unique_for", "expires_in", "retry_for", "result_for")
_NAMES = {"batch": "verk_batch", "cron": "verk_cron"}  # Sidekiq's own servers act on `bid` and `cron`
KEYS = frozenset({*_LENGTHS, "unique_until", "unique_token", "unlocks_at", "expiry", *_NAMES.values()})


def read(fields: dict[str, Any]) -> dict[str, Any]:
    """Takes them out of a payload's fields, as fields of a job; what makes no sense counts as not asked for."""
    take = fields.pop
    lengths = {key: take(key, None) for key in _LENGTHS}
    until, token = take("unique_until", None), take("unique_token", None)
    names = {field: take(key, None) for field, key in _NAMES.items()}
    return {key: value if is_seconds(value) else None for key, value in lengths.items()} | {
        **{field: name if is_name(name) else None for field, name in names.items()},
        "unique_until": until if until in ("start", "expiry") else "success",
        "unique_token": token if is_name(token) else None,
        "unlocks_at": times.read(take("unlocks_at", None)),
        "expires_at": times.read(take("expiry", None)),
    }


def membership(payload: bytes) -> tuple[str, str]:
    """Returns of which batch a payload is a member, and its id; two empty texts where that can't be told."""
    try:
        fields = strict_json.parse(payload)
        bid, jid = fields["verk_batch"], fields["jid"]
    except (ValueError, TypeError, KeyError):
        return "", ""
    return (bid, jid) if is_name(bid) and is_name(jid) else ("", "")


def has_any(job: Job) -> bool:
    """Tells whether a job has any."""
    asked = (job.unique_for, job.expires_at, job.retry_for, job.result_for, job.batch, job.cron)
    return asked != (None, None, None, None, None, None)


def written(job: Job) -> dict[str, Any]:
    """Returns them as fields of a payload."""
    fields: dict[str, Any] = {}
    if job.unique_for is not None:
        fields |= {
            "unique_for": job.unique_for,
            "unique_until": job.unique_until,
            "unique_token": job.unique_token,
            "unlocks_at": times.exact("unlocks_at", job.unlocks_at),
        }
    fields |= {
        "expires_in": job.expires_in,
        "expiry": times.exact("expires_at", job.expires_at),
        "retry_for": job.retry_for,
        "result_for": job.result_for,
        "verk_batch": job.batch,
        "verk_cron": job.cron,
    }
    return {key: value for key, value in fields.items() if value is not None}
