"""The fixtures of the tests in a real browser.

`axe` tells what is inaccessible, and `furniture` is a node with jobs of every fate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page
from redis import Redis
from support.browser import Chromium, chromium, violations
from support.furnished import Furnished, furnished

from verk_actors.config import Config


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark all tests here."""
    item.add_marker(pytest.mark.slow)  # a browser starts
    item.add_marker(pytest.mark.needs("chromium"))


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Chromium]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """Return a function that returns what axe-core finds wrong with a page."""
    return violations


@pytest.fixture
def furniture(config: Config, redis: Redis) -> Iterator[Furnished]:
    """Return a running node and jobs of every fate."""
    with furnished(config, redis) as furniture:
        yield furniture
