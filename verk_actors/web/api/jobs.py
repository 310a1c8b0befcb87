"""One job, wherever it is."""

from __future__ import annotations

import attrs

from verk_actors.jobs.run import NodesSilent
from verk_actors.web.access import Action
from verk_actors.web.api.names import Cursor, Jid, QueueName
from verk_actors.web.api.operation import Done, acts, looks
from verk_actors.web.errors import NotThere
from verk_actors.web.site import Site
from verk_actors.web.views import busy_actions
from verk_actors.web.views.job_search import InvalidSearch, JobSearch, search


@attrs.frozen(kw_only=True)
class JobQuery:
    """Where to look.

    Attributes:
        queue: where it is likely to be; looked at first.
        cursor: that of the answer before; where it begins unless given.
    """

    queue: QueueName | None = None
    cursor: Cursor | None = None


@looks("/jobs/{jid}", NotThere, InvalidSearch)
def job(site: Site, jid: Jid, query: JobQuery) -> JobSearch:
    """Return a job, or how far the search for it is: `cursor` goes on where there are many.

    Running ones are looked at first, then the sets, then the queues. One that is nowhere any more is told of by what it
    has returned, where it was asked to keep that.

    Args:
        jid: its id.
    """
    found = search(site.client, jid, site.redaction, cursor=query.cursor, queue=query.queue)
    if found.job is None and found.cursor is None and found.result is None:
        raise NotThere("job", jid)
    return found


@acts("/jobs/{jid}/cancel", Action.CANCEL_JOB, NotThere, NodesSilent)
def cancel_job(site: Site, jid: Jid) -> Done:
    """Have a job not run, or not go on: it ends in the dead set, marked as cancelled.

    A run is asked to end, and has some seconds for that.

    Args:
        jid: its id.
    """
    return Done(message=busy_actions.cancel(site.client, jid))
