"""A job, wherever it is, by its id: running, in a set, or in a queue; a bounded part of the search at a time."""

from __future__ import annotations

import attrs

from verk_actors.client import Client
from verk_actors.errors import StoreError, StoreUnavailable, shown
from verk_actors.store.handles import handle_of
from verk_actors.store.job_filter import JobFilter
from verk_actors.store.members import member_of
from verk_actors.store.set_walk import InvalidCursor
from verk_actors.web.redaction import Redaction
from verk_actors.web.views.job_details import JobDetails, details_of, details_of_run
from verk_actors.web.views.job_sets import SetName, set_of
from verk_actors.wire.results import JobResult

_MOST_PASSED = 20_000  # in one part, a tenth of a second or so
_SETS: tuple[SetName, ...] = ("retries", "scheduled", "dead")
_LIMIT, _QUEUE = "for ", "in "  # in the order in which they are looked through


class InvalidSearch(InvalidCursor):
    """Raised when a text is no cursor of a search; begin anew without one."""

    def __str__(self) -> str:
        return f"{shown(self.cursor)} is no cursor of a search"


@attrs.frozen(kw_only=True)
class JobSearch:
    """What a part of a search has found.

    Attributes:
        job: where it was found.
        cursor: where the search goes on; None once the job is found, and where it is nowhere.
        passed: how many jobs have been looked at so far, of `total`.
        result: what it has returned, of one that is found nowhere and that has a result still.
    """

    job: JobDetails | None = None
    cursor: str | None = None
    passed: int = 0
    total: int = 0
    result: JobResult | None = None


@attrs.frozen(kw_only=True)
class _Look:
    """What one look at one place has brought.

    Attributes:
        job: what was found.
        go_on: where to go on in this place; None at its end.
        passed: how many jobs of this place have been looked at, earlier looks included.
    """

    job: JobDetails | None = None
    go_on: str | None = None
    passed: int


def look_up(client: Client, name: SetName, handle: str, redaction: Redaction) -> JobDetails | None:
    """Return a member of a set by its handle, in one short look; None if it is not there any more.

    Raises:
        InvalidHandle: it is none.
    """
    for payload in set_of(client, name).by_handles([handle]):
        at = float(handle.rpartition("-")[0])
        return details_of(member_of(payload), name, redaction, at=at, handle=handle)
    return None


def search(
    client: Client, jid: str, redaction: Redaction, *, cursor: str | None = None, queue: str | None = None
) -> JobSearch:
    """Return a job, or how far the search for it is.

    Those that run are looked at first, then a queue that is named, then the sets, those that wait for limits,
    then the queues, each from its newest job. One that is moved meanwhile may be missed.

    Args:
        client: whose jobs they are.
        jid: the id.
        redaction: what is shown of arguments.
        cursor: of the part before; None to begin.
        queue: where it is likely to be.

    Raises:
        InvalidSearch: the cursor is none.
    """
    if cursor is None:
        for run in client.running():
            if run.jid == jid:
                return JobSearch(job=details_of_run(run, redaction))
        if queue is not None and (found := client.queue(queue).find(jid, most=_MOST_PASSED)) is not None:
            return JobSearch(job=details_of(found, "queue", redaction))
    places = _places(client)
    passed, first, inner = _begun(cursor)
    until = passed + _MOST_PASSED
    for place in places[_index(first, places) :]:
        if passed >= until:
            return _unfinished(client, passed, passed, place, "")
        inner = inner if place == first else ""
        look = _look(client, place, jid, redaction, inner=inner, most=until - passed)
        if look.job is not None:
            return JobSearch(job=look.job, passed=passed + look.passed, total=passed + look.passed)
        if look.go_on is not None:
            return _unfinished(client, passed + look.passed, passed, place, look.go_on)
        passed += look.passed
    return JobSearch(passed=passed, total=passed, result=_result(client, jid, redaction))


def _places(client: Client) -> list[str]:
    limits = sorted(_LIMIT + one.id for one in client.limits.list() if one.waiting)
    return [*_SETS, *limits, *(_QUEUE + name for name in client.queue_names())]


def _index(first: str, places: list[str]) -> int:
    """Returns where to go on; where a queue is gone, that is the one after it."""
    if first in _SETS:
        return places.index(first)
    return next((at for at, place in enumerate(places) if place not in _SETS and place >= first), len(places))


def _begun(cursor: str | None) -> tuple[int, str, str]:
    """Returns how many jobs of the places before have been looked at, the next place, and where in it."""
    if cursor is None:
        return 0, _SETS[0], ""
    passed, _, rest = cursor.partition("!")
    inner, _, place = rest.partition("!")
    if not (passed.isdecimal() and passed.isascii()) or not (place in _SETS or place.startswith((_LIMIT, _QUEUE))):
        raise InvalidSearch(cursor)
    return int(passed[:15]), place, inner


def _look(client: Client, place: str, jid: str, redaction: Redaction, *, inner: str, most: int) -> _Look:
    """Looks for a job in one place, at so many jobs at most."""
    if place.startswith(_QUEUE):
        queue = client.queue(place.removeprefix(_QUEUE))
        start = int(inner) if inner.isdecimal() and inner.isascii() else 0
        job, count = queue.find(jid, start=start, most=most), queue.count()
        if job is not None:
            return _Look(job=details_of(job, "queue", redaction), passed=start)
        end = start + most
        return _Look(passed=min(end, count), go_on=str(end) if end < count else None)
    if place.startswith(_LIMIT):
        waiting = client.limits.waiting(place.removeprefix(_LIMIT))
        part = waiting.scan(JobFilter(jid=jid), inner or None, limit=1, most=most)
        for member, _ in part.members:
            return _Look(job=details_of(member, "limit", redaction), passed=part.passed)
        return _Look(passed=part.passed, go_on=part.cursor)
    name = next(one for one in _SETS if one == place)
    part = set_of(client, name).scan(JobFilter(jid=jid), inner or None, limit=1, most=most, latest_first=True)
    for member, at in part.members:
        details = details_of(member, name, redaction, at=at, handle=handle_of(member, at))
        return _Look(job=details, passed=part.passed)
    return _Look(passed=part.passed, go_on=part.cursor)


def _unfinished(client: Client, passed: int, before: int, place: str, inner: str) -> JobSearch:
    sets = sum(set_of(client, name).count() for name in _SETS)
    total = sets + client.limits.count_waiting() + sum(client.queue_sizes().values())
    return JobSearch(cursor=f"{before}!{inner}!{place}", passed=passed, total=max(total, passed))


def _result(client: Client, jid: str, redaction: Redaction) -> JobResult | None:
    """Returns what a job has returned, where that may be read and shown."""
    if redaction.is_on:
        return None
    try:
        return client.result(jid)
    except StoreUnavailable:
        raise
    except StoreError:  # this user may not read results
        return None
