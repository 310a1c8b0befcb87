"""What the tests of the dashboard share: the app, and a browser of a kind that needs no browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.web import create_app
from verk_actors.web.views import supervision

FROM_A_PAGE = {"sec-fetch-site": "same-origin"}
"""What a browser sends with a form of our own."""


@pytest.fixture(autouse=True)
def _time_to_answer(time_to_answer: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pages wait for it, too."""
    monkeypatch.setattr(supervision, "_ANSWER_SECONDS", 20.0)


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    """Return a client of the empty server."""
    with Client(config) as client:
        yield client


@pytest.fixture
def make_app(config: Config) -> Iterator[Callable[..., Starlette]]:
    """Return a function that returns a dashboard of the empty server; `config` has settings of its `Config`."""
    apps: list[Starlette] = []

    def make(**options: Any) -> Starlette:
        apps.append(create_app(attrs.evolve(config, **options.pop("config", {})), **options))
        return apps[-1]

    yield make
    for app in apps:
        app.state.site.close()


@pytest.fixture
def web(make_app: Callable[..., Starlette]) -> TestClient:
    """Return what asks a dashboard as a browser does from a page of it."""
    return TestClient(make_app(), headers=FROM_A_PAGE)
