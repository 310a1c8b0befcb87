"""`/jobs/JID`: one job, wherever it is. With `where` and `handle` it is looked up; without, searched for."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.errors import VerkError
from verk_actors.web.access import Action, allowed_of
from verk_actors.web.actions import carry_out, form_route
from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.views import busy_actions
from verk_actors.web.views.job_details import JobDetails, JobWhere, details_of_run
from verk_actors.web.views.job_search import JobSearch, look_up, search
from verk_actors.web.views.job_sets import SetName
from verk_actors.web.views.set_actions import VERBS

_PLACES: dict[JobWhere, tuple[str, str]] = {
    "running": ("Running", "good"),
    "queue": ("In its queue", "info"),
    "retries": ("To be retried", "warn"),
    "scheduled": ("Scheduled", "info"),
    "dead": ("Dead", "bad"),
    "limit": ("Waits for a limit", "info"),
}
"""What the page says of a job's place, and the kind of badge."""


def show(request: Request) -> Response:
    """Show it, or how far the search is."""
    jid, may = request.path_params["jid"], allowed_of(request).may
    found = _found(request, jid)
    job, why = found.job, ""
    if job is not None and job.where == "running" and "stack" in request.query_params:
        job, why = _with_stack(request, job)
    place, kind = _PLACES[job.where] if job is not None else ("", "")
    name = _set_name(job)
    status = 200 if job is not None or found.cursor is not None or found.result is not None else 404
    return page(
        request,
        "job.html",
        status,
        jid=jid,
        job=job,
        search=found,
        place=place,
        kind=kind,
        doable=[verb for verb in (VERBS[name] if name else ()) if may(verb.action)],
        may_cancel=job is not None and job.where in ("running", "queue", "limit") and may(Action.CANCEL_JOB),
        stack_asked="stack" in request.query_params,
        stack_why=why,
    )


def cancel(request: Request, _: FormData) -> str:
    """Cancel it, wherever it is."""
    jid = request.path_params["jid"]
    return carry_out(request, Action.CANCEL_JOB, jid, lambda: busy_actions.cancel(site_of(request).client, jid))


def _found(request: Request, jid: str) -> JobSearch:
    query, site = request.query_params, site_of(request)
    name = next((one for one in VERBS if one == query.get("where")), None)
    if name is not None and (handle := query.get("handle")):
        job = look_up(site.client, name, handle, site.redaction)
        if job is not None:
            return JobSearch(job=job)
    queue = query.get("queue") or None
    return search(site.client, jid, site.redaction, cursor=query.get("cursor") or None, queue=queue)


def _set_name(job: JobDetails | None) -> SetName | None:
    return next((one for one in VERBS if job is not None and one == job.where), None)


def _with_stack(request: Request, job: JobDetails) -> tuple[JobDetails, str]:
    """Return a running job as its node sees it now, or why that is not known."""
    site = site_of(request)
    try:
        return details_of_run(site.client.inspect(job.jid or ""), site.redaction), ""
    except VerkError as error:
        return job, f"{error}."


routes = [
    form_route("/jobs/{jid:path}/cancel", cancel, back="dead"),
    Route("/jobs/{jid:path}", show),
]
