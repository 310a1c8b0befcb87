"""Routes of operations: what a request says is read, the operation performed in a thread, and its reply written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from verk_actors.web.actions import carry_out, check_allowed
from verk_actors.web.api.json_form import written
from verk_actors.web.api.operation import Done, Operation
from verk_actors.web.api.part_route import PartRoute
from verk_actors.web.api.reading import Nothing, read, read_parameters, read_part
from verk_actors.web.errors import InvalidInput
from verk_actors.web.site import site_of
from verk_actors.wire import strict_json

BASE = "/api/v1"
"""The path that all operations are below."""


def route_of(operation: Operation) -> PartRoute:
    """Return the route of an operation."""

    async def endpoint(request: Request) -> Response:
        if operation.action is not None:
            check_allowed(request, operation.action)  # before anything is read of it
        body = await _body_of(request) if operation.has_body else None
        return as_json(await run_in_threadpool(_perform, operation, request, body))

    return PartRoute(f"{BASE}{operation.path}", endpoint, methods=[operation.method], name=operation.name)


def as_json(value: Any) -> Response:
    """Return an answer that holds a value of ours."""
    plain = written(value)
    # All of it ASCII: a job may hold half of a surrogate pair, which can't be encoded.
    try:
        text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
    except ValueError:  # a score that another program has set to infinity
        text = json.dumps(_finite(plain), allow_nan=False, separators=(",", ":"))
    return Response(text, media_type="application/json")


def _perform(operation: Operation, request: Request, body: Any) -> Any:
    given: list[Any] = [read_part(request.path_params[name], type_, name) for name, type_ in operation.parts.items()]
    target = " ".join(map(str, given)) or operation.path.strip("/").partition("/")[0]
    parameters = read_parameters(request.query_params.multi_items(), operation.parameters or Nothing)
    if operation.input is not None:
        given.append(read(body, operation.input) if operation.has_body else parameters)
    do = partial(operation.handler, site_of(request), *given)
    if operation.action is None:
        return do()
    replies: list[Done] = []

    def said() -> str:
        replies.append(do())
        return replies[0].message

    carry_out(request, operation.action, target, said)
    return replies[0]


def _finite(value: Any) -> Any:
    """Return a JSON value with null for the numbers that JSON lacks."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value


async def _body_of(request: Request) -> Any:
    """Return the body, parsed.

    Raises:
        InvalidInput: it is no JSON.
        HTTPException: it says that it is none.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "The body has to be JSON, and to say so: Content-Type: application/json.")
    try:
        return strict_json.parse(await request.body())
    except ValueError as error:
        raise InvalidInput("", f"is no JSON: {error}") from error
