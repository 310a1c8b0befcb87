"""The queues, the jobs that wait in them, and what is done to either."""

from __future__ import annotations

import attrs

from verk_actors.errors import loggable
from verk_actors.figures.queues import QueueFigures, read_queues
from verk_actors.web.access import Action
from verk_actors.web.api.names import Jid, PageNumber, PageSize, QueueName, Word
from verk_actors.web.api.operation import Done, acts, looks
from verk_actors.web.errors import NotThere
from verk_actors.web.site import Site
from verk_actors.web.views import queue_actions
from verk_actors.web.views.job_details import JobDetails, details_of

_PER_PAGE = 50


@attrs.frozen(kw_only=True)
class QueuesQuery:
    """Which queues.

    Attributes:
        name: occurs in theirs; all of them unless given.
    """

    name: Word | None = None


@attrs.frozen(kw_only=True)
class QueuePage:
    """Which part of a queue.

    Attributes:
        page: from 1.
        per_page: how many jobs a page has.
    """

    page: PageNumber = 1
    per_page: PageSize = _PER_PAGE


@attrs.frozen(kw_only=True)
class WaitingJobs:
    """A part of a queue.

    Attributes:
        size: how many jobs wait in all.
        jobs: those of this page, the one that runs next first.
    """

    size: int
    jobs: tuple[JobDetails, ...]


@looks("/queues")
def queues(site: Site, query: QueuesQuery) -> tuple[QueueFigures, ...]:
    """Return the queues that ever got a job."""
    names = (name for name in site.client.queue_names() if query.name is None or query.name in name)
    return read_queues(site.client, names)


@looks("/queues/{name}")
def queue(site: Site, name: QueueName) -> QueueFigures:
    """Return one queue, whether or not it ever got a job.

    Args:
        name: of the queue.
    """
    return read_queues(site.client, [name])[0]


@looks("/queues/{name}/jobs")
def waiting_jobs(site: Site, name: QueueName, query: QueuePage) -> WaitingJobs:
    """Return a page of the jobs that wait in a queue, the one that runs next first.

    Args:
        name: of the queue.
    """
    waiting, start = site.client.queue(name), (query.page - 1) * query.per_page
    found = waiting.range(-start - query.per_page, -start - 1)[::-1]
    return WaitingJobs(
        size=waiting.count(), jobs=tuple(details_of(member, "queue", site.redaction) for member in found)
    )


@acts("/queues/{name}/pause", Action.PAUSE_QUEUE)
def pause_queue(site: Site, name: QueueName) -> Done:
    """Have no node fetch from a queue any more, those to come included. Jobs that run may end.

    Args:
        name: of the queue.
    """
    return Done(message=queue_actions.pause(site.client, name))


@acts("/queues/{name}/resume", Action.RESUME_QUEUE)
def resume_queue(site: Site, name: QueueName) -> Done:
    """Have nodes fetch from a queue again.

    Args:
        name: of the queue.
    """
    return Done(message=queue_actions.resume(site.client, name))


@acts("/queues/{name}/clear", Action.CLEAR_QUEUE)
def clear_queue(site: Site, name: QueueName) -> Done:
    """Delete all jobs that wait in a queue, and forget the queue until it gets one.

    Args:
        name: of the queue.
    """
    outcome = queue_actions.clear(site.client, name)
    return Done(message=outcome.text, count=outcome.count)


@acts("/queues/{name}/jobs/{jid}/delete", Action.DELETE_JOB, NotThere)
def delete_waiting_job(site: Site, name: QueueName, jid: Jid) -> Done:
    """Delete one job that waits in a queue.

    Args:
        name: of the queue.
        jid: its id.
    """
    waiting = site.client.queue(name)
    found = waiting.find(jid)
    if found is None or not waiting.delete(found):
        raise NotThere("job that waits", jid)
    return Done(message=f"Deleted {loggable(jid)} from {loggable(name)}.")
