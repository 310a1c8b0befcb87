"""What is answered where something went wrong: a page to people, JSON to programs."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from verk_actors.web.headers import HEADERS
from verk_actors.web.page import page
from verk_actors.web.problems import is_of_api, problem_answer, status_of, title_of


def answer_http(request: Request, error: Exception) -> Response:
    """Answer what a handler has refused."""
    assert isinstance(error, HTTPException)  # it is registered for these
    headers = dict(error.headers or {})
    return _answer(request, error.status_code, error.detail, headers)


def answer_error(request: Request, error: Exception) -> Response:
    """Answer an error of ours."""
    return _answer(request, status_of(error), str(error), {})


def answer_unexpected(request: Request, _: Exception) -> Response:
    """Answer where we, or an access rule, have a mistake: outside of all middleware; the server logs the error."""
    why = "Something went wrong; the log of the server has more."
    response = problem_answer(500, why) if is_of_api(request.scope) else PlainTextResponse(f"{why}\n", 500)
    response.headers.update(HEADERS)
    return response


def _answer(request: Request, status: int, why: str, headers: dict[str, str]) -> Response:
    response: Response
    if is_of_api(request.scope):
        response = problem_answer(status, why)
    else:
        response = page(request, "failure.html", status, title=title_of(status), why=why)
    response.headers.update(headers)
    return response
