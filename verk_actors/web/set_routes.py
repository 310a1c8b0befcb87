"""What the pages of the three sets share: a list that can be filtered, and what is done to some or all of it."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from verk_actors.errors import VerkError
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.set_steps import SetStep
from verk_actors.web.access import allowed_of
from verk_actors.web.actions import carry_out, form_route
from verk_actors.web.job_filters import fields_of, filter_in, sentence_of
from verk_actors.web.messages import leave_message
from verk_actors.web.numbers import number_in
from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.urls import url_to
from verk_actors.web.views.job_sets import MOST_PER_PAGE, PER_PAGE, SetName, read_set
from verk_actors.web.views.outcomes import counted
from verk_actors.web.views.set_actions import VERBS, Verb, act_on_all, act_on_some, told


def set_routes(name: SetName, *, title: str, time: str, lead: str, empty: tuple[str, str]) -> list[Route]:
    """Return the routes of a set.

    Args:
        name: of the set.
        title: of the page.
        time: what the time of a job in this set means.
        lead: what the set is, in a sentence.
        empty: what is said where nothing is in it, and what would be.
    """

    def show(request: Request) -> Response:
        return _list(request, name, title=title, time=time, lead=lead, empty=empty)

    return [
        Route(f"/{name}", show),
        *(_for_all(name, verb, title) for verb in VERBS[name]),
        *(_for_some(name, verb) for verb in VERBS[name]),
    ]


def _for_some(name: SetName, verb: Verb) -> Route:
    """Return the route of a form that does something to the jobs that are named in it."""

    def perform(request: Request, form: FormData) -> str:
        client, handles = site_of(request).client, [str(one) for one in form.getlist("only") or form.getlist("handle")]
        target = f"{name} {', '.join(handles[:5])}{', …' if len(handles) > 5 else ''}"
        return carry_out(request, verb.action, target, lambda: act_on_some(client, name, verb, handles).text)

    return form_route(f"/{name}/{verb.name}", perform, back=name)


def _for_all(name: SetName, verb: Verb, title: str) -> Route:
    """Return the route of a form that does something to all jobs that fit."""

    async def endpoint(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=20)
        return await run_in_threadpool(_step, request, form, name, verb, title)

    return Route(f"/{name}/all/{verb.name}", endpoint, methods=["POST"])


def _list(request: Request, name: SetName, **context: Any) -> Response:
    query, site = request.query_params, site_of(request)
    where = filter_in(query)
    per_page = number_in(query.get("per_page"), PER_PAGE, least=1, most=MOST_PER_PAGE)
    before = number_in(query.get("found"), 0, most=per_page - 1)  # on this page, by the parts before
    found = before if where != ALL_JOBS else 0
    jobs = read_set(
        site.client,
        name,
        site.redaction,
        where,
        page=number_in(query.get("page"), 1, least=1),
        cursor=query.get("cursor") or None,
        per_page=per_page - found,
    )
    found += len(jobs.rows)
    options: dict[str, Any] = {"per_page": query.get("per_page"), **fields_of(where)}

    def link(**more: object) -> str:
        return url_to(request, name, **options, **more)

    return page(
        request,
        "job_set.html",
        set=jobs,
        where=where,
        hides=site.redaction.is_on,
        filter_fields=fields_of(where),
        link=link,
        found=found,
        is_full=found >= per_page,
        per_page=per_page,
        doable=[verb for verb in VERBS[name] if allowed_of(request).may(verb.action)],
        classes=sorted({row.class_ for row in jobs.rows if row.class_ is not None}),
        queues=site.client.queue_names(),
        sentence=sentence_of(where),
        **context,
    )


def _step(request: Request, form: FormData, name: SetName, verb: Verb, title: str) -> Response:
    """Do the next step of something that is done to all that fit, then show how far it is, or what came of it."""
    where = filter_in(form)
    done = number_in(form.get("done"), 0)
    try:
        step = _act(request, name, verb, where, str(form.get("cursor") or "") or None)
    except VerkError as error:
        before = f" {verb.done} {counted(done)} before." if done else ""
        return _led_back(request, name, where, f"{str(error).rstrip('.')}.{before}", is_error=True)
    done += step.done
    refused = str(step.refusal or form.get("refusal") or "")
    if step.cursor is None:
        why = f" Not all of them: {refused}." if refused else ""
        return _led_back(request, name, where, f"{verb.done} {counted(done)}.{why}", is_error=bool(refused))
    fields = {**fields_of(where), "cursor": step.cursor, "done": done, "refusal": refused}
    return page(request, "job_steps.html", step=step, verb=verb, done=done, fields=fields, name=name, title=title)


def _act(request: Request, name: SetName, verb: Verb, where: JobFilter, cursor: str | None) -> SetStep:
    steps: list[SetStep] = []
    site = site_of(request)

    def do() -> str:
        site.redaction.check(where)
        steps.append(act_on_all(site.client, name, verb, where, cursor))
        return told(verb, steps[0])

    carry_out(request, verb.action, f"{name}, all {sentence_of(where)}".rstrip(), do)
    return steps[0]


def _led_back(request: Request, name: SetName, where: JobFilter, text: str, *, is_error: bool) -> Response:
    back = url_to(request, name, **fields_of(where))
    response: Response = RedirectResponse(back, 303)
    if "hx-request" in request.headers:  # a redirect would be followed within the page
        response = Response(headers={"hx-redirect": back})
    leave_message(request, response, text, is_error=is_error)
    return response
