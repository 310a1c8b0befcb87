"""The fixtures of the tests in a real browser.

`page` is a page of Chromium that fails the test if the browser complains, `dashboard` is where the dashboard of the
test's Redis is, `axe` tells what is inaccessible, and `furniture` is a node with jobs of every fate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page
from redis import Redis
from support.browser import PHONE, WIDE, Chromium, chromium, served, violations
from support.furnished import Furnished, furnished

from verk_actors.settings.config import Config
from verk_actors.store.pool import Pool
from verk_actors.web import create_app


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark all tests here."""
    item.add_marker(pytest.mark.slow)  # a browser starts
    item.add_marker(pytest.mark.needs("chromium"))


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Chromium]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def dashboard(_redis_server: str) -> Iterator[str]:
    """Return the URL of a dashboard of the session's Redis."""
    with pytest.MonkeyPatch.context() as patch:  # as of each test, which comes too late for this app
        patch.setitem(Pool.__init__.__kwdefaults__, "socket_timeout_seconds", 30.0)
        app = create_app(Config(redis_url=_redis_server))
    with served(app) as url:
        yield url


@pytest.fixture
def page(request: pytest.FixtureRequest, _chromium: Chromium, dashboard: str) -> Iterator[Page]:
    """Return a page in which nothing is open yet; `@pytest.mark.parametrize("page", ["phone"], indirect=True)` too."""
    width, height = PHONE if getattr(request, "param", "wide") == "phone" else WIDE
    with _chromium.visiting(dashboard, viewport={"width": width, "height": height}) as page:
        yield page


@pytest.fixture
def axe() -> Callable[..., list[str]]:
    """Return a function that returns what axe-core finds wrong with a page."""
    return violations


@pytest.fixture
def furniture(config: Config, redis: Redis) -> Iterator[Furnished]:
    """Return a running node and jobs of every fate."""
    with furnished(config, redis) as furniture:
        yield furniture
