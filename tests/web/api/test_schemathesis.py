"""The API does what its document says, whatever it is asked: schemathesis makes up the questions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from redis import Redis
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.applications import Starlette
from starlette.testclient import TestClient
from support.told_nodes import tell_of_all

from verk_actors.client import Client
from verk_actors.web.api import OPERATIONS
from verk_actors.wire.job import Job

MODES = {schemathesis.GenerationMode.POSITIVE: 2, schemathesis.GenerationMode.NEGATIVE: 1}
"""How often each operation is asked something valid, and something invalid; `--long` asks a hundred times."""


EXCLUDED = {"POST /cron/{name}": [positive_data_acceptance]}
"""Which texts are cron expressions, and which time zones there are, no schema says."""


@pytest.fixture
def api(make_app: Callable[..., Starlette], redis: Redis, client: Client) -> Iterator[TestClient]:
    """Return what asks the API of a Redis with something in every place."""
    tell_of_all(redis)
    redis.delete("verk_nodes")  # nobody is there to answer what nodes are asked
    for when in (0, 3600, 7200):
        client.schedule(Job(class_="Mail", args=["ada"], jid=f"j{when}"), when)
    with TestClient(make_app()) as api:
        yield api


@pytest.mark.slow  # what makes up the questions takes seconds to load, so all are asked in one test
@pytest.mark.timeout(300)
def test_each_operation_answers_as_the_document_says(api: TestClient, long: bool) -> None:
    """What is valid is taken, what is not is refused, and each answer has a documented status, type and shape."""
    schema = schemathesis.openapi.from_dict(api.get("/api/v1/openapi.json").json())
    operations = [one.ok() for one in schema.get_all_operations()]
    assert len(operations) == len(OPERATIONS)

    for operation in operations:
        for mode, examples in MODES.items():
            _ask(api, operation, mode, examples=100 if long else examples)


def _ask(api: TestClient, operation: Any, mode: Any, examples: int) -> None:
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        derandomize=examples < 10,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        case.validate_response(_answer(api, case), excluded_checks=EXCLUDED.get(operation.label))

    try:
        ask()
    except hypothesis.errors.Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE  # nothing can be wrong with a request that says nothing


def _answer(api: TestClient, case: schemathesis.Case) -> Any:
    body = None if case.body is NOT_SET else case.body
    return api.request(
        case.method,
        f"/api/v1{case.formatted_path}",
        params=case.query or None,
        headers={**(case.headers or {}), **({"content-type": case.media_type} if case.media_type else {})},
        content=body if isinstance(body, bytes) else None if body is None else json.dumps(body),
    )
