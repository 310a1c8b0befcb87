"""Why something was not done, as the API says it, and the status for each error of ours."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import attrs
from starlette.responses import JSONResponse
from starlette.types import Scope

from verk_actors.errors import InvalidJob, JobNotUnique, StoreError, StoreUnavailable, VerkError
from verk_actors.extras import ExtraMissing
from verk_actors.jobs.run import JobNotRunning, NodesSilent
from verk_actors.store.all_nodes import NodeNotFound, NodeTakesNoSignals
from verk_actors.store.batch_status import BatchInBatch, BatchNotFound
from verk_actors.store.cron_status import CronNotFound
from verk_actors.store.handles import InvalidHandle
from verk_actors.store.set_walk import InvalidCursor
from verk_actors.web.errors import InvalidInput, NotThere
from verk_actors.wire.cron_schedule import InvalidCron

PROBLEM_TYPE = "application/problem+json"
"""The media type of RFC 9457."""


@attrs.frozen(kw_only=True)
class Problem:
    """Why it was not done, in the form of RFC 9457.

    Attributes:
        status: of the reply.
        title: what kind of problem it is, always the same words.
        detail: what is wrong in this case, for people.
    """

    status: int
    title: str
    detail: str


_STATUS: Mapping[type[VerkError], int] = {
    InvalidInput: 400,
    InvalidHandle: 400,
    InvalidJob: 400,
    NotThere: 404,
    InvalidCron: 400,
    CronNotFound: 404,
    BatchNotFound: 404,
    BatchInBatch: 409,
    JobNotRunning: 404,
    NodeNotFound: 404,
    InvalidCursor: 409,  # it is of another set, or of another time
    JobNotUnique: 409,
    NodeTakesNoSignals: 409,
    StoreUnavailable: 503,
    StoreError: 502,
    NodesSilent: 504,
    ExtraMissing: 501,
}
"""The status of each error, and of its children, unless those are named before it."""

_TITLES = {
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    409: "Not possible now",
    500: "Something went wrong",
    501: "Not installed",
    502: "Redis refused",
    503: "Redis can't be reached",
    504: "No answer",
}


def status_of(error: Exception) -> int:
    """Return the status of an answer that tells of an error."""
    return status_of_kind(type(error))


def status_of_kind(error: type[Exception]) -> int:
    """Return the same for errors of one kind."""
    return next((status for kind, status in _STATUS.items() if issubclass(error, kind)), 500)


def title_of(status: int) -> str:
    """Return what a status is called."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def problem_answer(status: int, why: str) -> JSONResponse:
    """Return the answer that tells a program why something was not done."""
    problem = Problem(status=status, title=title_of(status), detail=why)
    return JSONResponse(attrs.asdict(problem), status, media_type=PROBLEM_TYPE)


def is_of_api(scope: Scope) -> bool:
    """Tell whether a request is one to the API, so that a program reads the answer."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "").rstrip("/")).startswith("/api/")
