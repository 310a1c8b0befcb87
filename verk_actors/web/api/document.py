"""The OpenAPI 3.1 document of the API, made of its operations: what they read and write, and what may go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import metadata
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.web.api.operation import Operation
from verk_actors.web.api.routes import BASE, as_json
from verk_actors.web.api.schema import Schema, Schemas, words_of_fields
from verk_actors.web.problems import PROBLEM_TYPE, Problem, status_of_kind, title_of
from verk_actors.web.urls import root_of

_ALWAYS = (403, 502, 503)  # the access rule says no, Redis refuses, or is away
_OF_A_BODY = (413, 415)  # it is too long, or no JSON
_TITLE = "verk_actors"
_FROM_A_PROGRAM = {
    "name": "X-Requested-With",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "Any text. No other site can have a browser send it, so it shows that a program asks.",
}


def route_of_document(operations: Sequence[Operation]) -> Route:
    """Return the route of the document of these operations."""

    @cache
    def made(server: str) -> Schema:
        return document_of(operations, server)

    def document(request: Request) -> Response:
        return as_json(made(f"{root_of(request)}{BASE}"))

    return Route(f"{BASE}/openapi.json", document)


def document_of(operations: Sequence[Operation], server: str) -> Schema:
    """Return the document.

    Args:
        operations: all of them.
        server: the address below which they are.
    """
    schemas = Schemas()
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": metadata.version("verk-actors"), "description": _DESCRIPTION},
        "servers": [{"url": server}],
        "paths": paths,
        "security": [{}, {"password": []}],
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"password": {"type": "http", "scheme": "basic"}},
        },
    }


_DESCRIPTION = (
    "What the dashboard shows and does. Times are unix seconds, durations seconds. A parameter or a key that is not "
    "known is refused, so that a misspelt filter is not taken for none."
)


def _operation(operation: Operation, schemas: Schemas) -> Schema:
    described: Schema = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    if operation.description:
        described["description"] = operation.description
    if parameters := list(_parameters(operation, schemas)):
        described["parameters"] = parameters
    if operation.has_body:
        body = {"application/json": {"schema": schemas.of(operation.input, given=True)}}
        described["requestBody"] = {"required": True, "content": body}
    described["responses"] = dict(_responses(operation, schemas))
    return described


def _parameters(operation: Operation, schemas: Schemas) -> Iterator[Schema]:
    words = words_of_fields(operation.handler)
    for name, type_ in operation.parts.items():
        yield {"name": name, "in": "path", "required": True, "schema": schemas.of(type_)} | _described(words.get(name))
    if operation.method == "POST":
        yield _FROM_A_PROGRAM
    if operation.parameters is not None:
        for name, schema in schemas.properties(operation.parameters, given=True).items():
            words_of_it = schema.pop("description", None)
            yield {"name": name, "in": "query", "schema": schema} | _described(words_of_it)


def _described(words: str | None) -> Schema:
    return {} if words is None else {"description": words}


def _responses(operation: Operation, schemas: Schemas) -> Iterator[tuple[str, Schema]]:
    reply = {"application/json": {"schema": schemas.of(operation.reply)}}
    yield "200", {"description": "Done." if operation.action else "What was asked for.", "content": reply}
    statuses = {400, *_ALWAYS, *(status_of_kind(error) for error in operation.raises)}
    if operation.has_body:
        statuses.update(_OF_A_BODY)
    for status in sorted(statuses):
        content: dict[str, Any] = {PROBLEM_TYPE: {"schema": schemas.of(Problem)}}
        yield str(status), {"description": title_of(status), "content": content}
