"""What is answered where something went wrong: a page to people, JSON to programs."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from verk_actors.errors import StoreUnavailable, VerkError
from verk_actors.extras import ExtraMissing
from verk_actors.job_run import JobNotRunning, NodesSilent
from verk_actors.store.all_nodes import NodeNotFound, NodeTakesNoSignals
from verk_actors.store.handles import InvalidHandle
from verk_actors.store.set_walk import InvalidCursor
from verk_actors.web.page import page
from verk_actors.web.urls import root_of
from verk_actors.web.views.job_search import InvalidSearch

_STATUS: dict[type[VerkError], int] = {
    InvalidCursor: 400,
    InvalidHandle: 400,
    InvalidSearch: 400,
    StoreUnavailable: 503,
    NodesSilent: 504,
    NodeNotFound: 404,
    JobNotRunning: 404,
    NodeTakesNoSignals: 409,
    ExtraMissing: 501,
}
_TITLES = {
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    409: "Not possible now",
    500: "Something went wrong",
    501: "Not installed",
    503: "Redis can't be reached",
    504: "No answer",
}


def answer_http(request: Request, error: Exception) -> Response:
    """Answer what a handler has refused."""
    assert isinstance(error, HTTPException)  # it is registered for these
    headers = dict(error.headers or {})
    return _answer(request, error.status_code, error.detail, headers)


def answer_error(request: Request, error: Exception) -> Response:
    """Answer an error of ours."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    return _answer(request, status, str(error), {})


def _answer(request: Request, status: int, why: str, headers: dict[str, str]) -> Response:
    title = _TITLES.get(status, "Not possible")
    response: Response
    if request.scope["path"].removeprefix(root_of(request)).startswith("/api/"):
        response = JSONResponse({"status": status, "title": title, "detail": why}, status)
    else:
        response = page(request, "failure.html", status, title=title, why=why)
    response.headers.update(headers)
    return response
