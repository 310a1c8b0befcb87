"""Many jobs that differ in their arguments and ids alone: what they have in common is encoded once."""

from __future__ import annotations

from operator import itemgetter

from verk_actors.wire import strict_json
from verk_actors.wire.codec import encode
from verk_actors.wire.job import Job

_RARE: dict[str, object] = {
    "retry_count": 0,
    "dead": True,
    "unique_for": None,
    "expires_in": None,
    "expires_at": None,
    "retry_for": None,
    "result_for": None,
    "cron": None,
    "created_at": None,
    "failed_at": None,
    "retried_at": None,
    "finished_at": None,
    "error_class": None,
    "error_message": None,
    "error_backtrace": None,
    "extra": {},
}
_rare_of = itemgetter(*_RARE)
_COMMON = tuple(_RARE.values())
_kind_of = itemgetter("class_", "queue", "max_retry_count", "batch")
_JID = "0" * 24


class Series:
    """Encodes new jobs in Sidekiq's form, as `encode` does, in a third of the time.

    Args:
        now: when they are made and come to their queue, unix seconds.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._heads: dict[tuple[str, str | None, int | None, str | None], tuple[bytes, bytes, bytes]] = {}

    def encode(self, job: Job, jid: str) -> bytes | None:
        """Returns the payload of a job under a new id; None for one that has to be encoded by itself, or can't be."""
        fields = job.__dict__
        if fields["payload"] is not None or _rare_of(fields) != _COMMON or fields["jid"] is not None:
            return None  # one that was read has no more fields than it needs
        kind = _kind_of(fields)
        around = self._heads.get(kind)
        if around is None:
            around = self._heads[kind] = self._around(job)
        head, middle, tail = around
        try:
            args = strict_json.write(fields["args"])
        except strict_json.Unwritable:
            return None
        return b"".join((head, args, middle, jid.encode(), tail))

    def _around(self, job: Job) -> tuple[bytes, bytes, bytes]:
        """Returns what is before the arguments, between them and the id, and after that."""
        fields = job.__dict__ | {"args": [], "jid": _JID, "created_at": self._now, "enqueued_at": self._now}
        fields["queue"] = job.queue or "default"
        payload = encode(Job.of_checked(fields), wire_format="sidekiq")
        head, _, rest = payload.partition(b'"args":[]')  # within a text the quotes would be escaped
        middle, _, tail = rest.partition(_JID.encode())
        return head + b'"args":', middle, tail
