"""The sets of jobs: those to be retried, the scheduled and the dead ones; looked through, retried, deleted, killed."""

from __future__ import annotations

from typing import Annotated

import attrs

from verk_actors.store.set_walk import InvalidCursor
from verk_actors.web.access import Action
from verk_actors.web.api.json_form import Sized
from verk_actors.web.api.names import Cursor, Handle, PageNumber, PageSize, PendingSetName, SetName, Where
from verk_actors.web.api.operation import Done, acts, looks
from verk_actors.web.errors import NotThere
from verk_actors.web.site import Site
from verk_actors.web.views.job_details import JobDetails
from verk_actors.web.views.job_search import look_up
from verk_actors.web.views.job_sets import PER_PAGE, JobSetPage, read_set
from verk_actors.web.views.set_actions import VERBS, Verb, VerbName, act_on_all, act_on_some, told


@attrs.frozen(kw_only=True)
class SetQuery(Where):
    """Which part of a set.

    Attributes:
        class_, queue: the jobs' are exactly these.
        error: occurs in the class or in the message of the last error, in the same case of letters.
        text: occurs somewhere in the job as it is in Redis, in the same case of letters.
        page: its number, where all jobs are asked for.
        cursor: that of the page before, where not all are.
        per_page: how many jobs a page has.
    """

    page: PageNumber = 1
    cursor: Cursor | None = None
    per_page: PageSize = PER_PAGE


@attrs.frozen(kw_only=True)
class Chosen:
    """Jobs of a set.

    Attributes:
        handles: those of the rows of its pages.
    """

    handles: Annotated[list[Handle], Sized(1, 1000)]


@attrs.frozen(kw_only=True)
class Every:
    """All jobs of a set that fit.

    Attributes:
        where: which; an empty object means all there are.
        cursor: that of the answer before; null to begin.
    """

    where: Where
    cursor: Cursor | None = None


@attrs.frozen(kw_only=True)
class Step(Done):
    """What a step through a set has done.

    Attributes:
        message: in a sentence.
        count: to how many it was done in this step.
        cursor: what the next step is to be asked for with; null where all is done.
        passed: how many jobs have been looked at so far, of `total` that there were at the beginning.
    """

    cursor: str | None
    passed: int
    total: int


@looks("/sets/{name}", InvalidCursor)
def job_set(site: Site, name: SetName, query: SetQuery) -> JobSetPage:
    """Return a page of a set: those due first come first, of the dead the last that died.

    A filter looks at a bounded number of jobs at a time, and so a page of it may be short, or empty; `cursor` goes on.

    Args:
        name: of the set.
    """
    return read_set(
        site.client,
        name,
        site.redaction,
        query.as_filter(),
        page=query.page,
        cursor=query.cursor,
        per_page=query.per_page,
    )


@looks("/sets/{name}/{handle}", NotThere)
def job_in_set(site: Site, name: SetName, handle: Handle) -> JobDetails:
    """Return a job of a set.

    Args:
        name: of the set.
        handle: that of its row.
    """
    found = look_up(site.client, name, handle, site.redaction)
    if found is None:
        raise NotThere(f"job in {name} with the handle", handle)
    return found


@acts("/sets/{name}/retry", Action.RETRY_JOB)
def retry_jobs(site: Site, name: SetName, chosen: Chosen) -> Done:
    """Move jobs to their queues, to run now. What is no job, or names no queue, stays.

    Args:
        name: of the set.
    """
    return _done(site, name, "retry", chosen)


@acts("/sets/{name}/delete", Action.DELETE_JOB)
def delete_jobs(site: Site, name: SetName, chosen: Chosen) -> Done:
    """Delete jobs.

    Args:
        name: of the set.
    """
    return _done(site, name, "delete", chosen)


@acts("/sets/{name}/kill", Action.KILL_JOB)
def kill_jobs(site: Site, name: PendingSetName, chosen: Chosen) -> Done:
    """Move jobs to the dead set, where they stay until asked for.

    Args:
        name: of the set.
    """
    return _done(site, name, "kill", chosen)


@acts("/sets/{name}/retry-all", Action.RETRY_JOB, InvalidCursor)
def retry_all_jobs(site: Site, name: SetName, every: Every) -> Step:
    """Move the next jobs that fit to their queues, a bounded number at a time: ask again with the cursor.

    Args:
        name: of the set.
    """
    return _step(site, name, "retry", every)


@acts("/sets/{name}/delete-all", Action.DELETE_JOB, InvalidCursor)
def delete_all_jobs(site: Site, name: SetName, every: Every) -> Step:
    """Delete the next jobs that fit, a bounded number at a time: ask again with the cursor.

    Args:
        name: of the set.
    """
    return _step(site, name, "delete", every)


@acts("/sets/{name}/kill-all", Action.KILL_JOB, InvalidCursor)
def kill_all_jobs(site: Site, name: PendingSetName, every: Every) -> Step:
    """Move the next jobs that fit to the dead set, a bounded number at a time: ask again with the cursor.

    Args:
        name: of the set.
    """
    return _step(site, name, "kill", every)


def _done(site: Site, name: SetName, verb: VerbName, chosen: Chosen) -> Done:
    outcome = act_on_some(site.client, name, _verb(name, verb), chosen.handles)
    return Done(message=outcome.text, count=outcome.count)


def _step(site: Site, name: SetName, verb: VerbName, every: Every) -> Step:
    where = every.where.as_filter()
    site.redaction.check(where)
    step = act_on_all(site.client, name, _verb(name, verb), where, every.cursor)
    message = told(_verb(name, verb), step)
    return Step(message=message, count=step.done, cursor=step.cursor, passed=step.passed, total=step.total)


def _verb(name: SetName, verb: VerbName) -> Verb:
    return next(one for one in VERBS[name] if one.name == verb)
