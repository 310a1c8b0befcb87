"""A refusal before routing: plain, since nothing is known yet of who asks; a problem where a program asks the API."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from verk_actors.web.problems import is_of_api, problem_answer


async def refuse(scope: Scope, receive: Receive, send: Send, *, status: int, why: str, **headers: str) -> None:
    """Answer a request with a refusal, and why."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = problem_answer(status, why) if is_of_api(scope) else PlainTextResponse(f"{why}\n", status)
    answer.headers.update(named)
    await answer(scope, receive, send)
