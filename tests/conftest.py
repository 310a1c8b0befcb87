"""The fixtures of all tests: a real server, and a guard that lets no test leave anything behind.

`VERK_TEST_REDIS_SERVER` chooses the server program. `VERK_TEST_REDIS_URL` names a server that runs
already, and is emptied by FLUSHALL over and over.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis as redis_py
from hypothesis import settings
from support.leaks import ErrorLog, Remains, leaked_since
from support.needs import see_to_needs
from support.sentinels import Sentinels
from support.servers import OwnServer

from verk_actors import embedded
from verk_actors.client import job_runs
from verk_actors.settings.config import Config
from verk_actors.store import locate
from verk_actors.store.pool import Pool
from verk_actors.tree.manager.queue import worker_pool

# A busy machine is no reason to fail. The gate asks for few examples where it runs tests once more.
EXAMPLES = int(os.environ.get("VERK_TEST_EXAMPLES", "100"))
settings.register_profile("patient", settings(max_examples=EXAMPLES), deadline=None)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--long`: the full size of the tests that have a short form for every day."""
    parser.addoption("--long", action="store_true", help="run tests in their long form, where they have one")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """See to it that what the test needs is on this machine."""
    see_to_needs(item)


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Return whether the long form was asked for (`--long`)."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(autouse=True)
def _no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread, process or actor, or logs an error that it doesn't announce.

    `@pytest.mark.logs_errors("part of it", ...)` announces errors, which then must come.
    """
    before, errors = Remains.now(), ErrorLog()
    logger = logging.getLogger("verk_actors")
    logger.addHandler(errors)
    yield
    leaks = leaked_since(before)  # first: a thread may log its last words
    logger.removeHandler(errors)
    complaints = leaks + errors.complaints(_announced(request))
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def _announced(request: pytest.FixtureRequest) -> tuple[str, ...]:
    marker = request.node.get_closest_marker("logs_errors")
    return marker.args if marker else ()


@pytest.fixture(autouse=True)
def _patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give seeds time to answer though the machine is busy, and workers to end where no test is about that limit."""
    monkeypatch.setattr(locate, "_SEED_TIMEOUT_SECONDS", 20.0)
    if not any("did not stop" in error for error in _announced(request)):
        monkeypatch.setattr(worker_pool, "_SHUTDOWN_SECONDS", dict.fromkeys(worker_pool._SHUTDOWN_SECONDS, 20.0))


@pytest.fixture(autouse=True)
def _same_path() -> Iterator[None]:
    """Undo what commands that ran in here have done to the Python path: job processes are given it."""
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture
def time_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients wait for what a node answers though the machine is busy; it takes no longer than the node does."""
    monkeypatch.setattr(job_runs, "_ANSWER_SECONDS", 20.0)
    monkeypatch.setitem(Pool.__init__.__kwdefaults__, "socket_timeout_seconds", 30.0)  # an answer is a reply


@pytest.fixture
def asyncio_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have event loops check how they are used, as from which thread."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")


@pytest.fixture(autouse=True, scope="session")
def _server_program() -> Iterator[None]:
    """Let the embedded launcher run the program that `VERK_TEST_REDIS_SERVER` names, in all tests."""
    with pytest.MonkeyPatch.context() as patch:
        if program := os.environ.get("VERK_TEST_REDIS_SERVER"):
            patch.setenv("VERK_REDIS_SERVER", program)
        yield


@pytest.fixture(scope="session")
def _redis_server(tmp_path_factory: pytest.TempPathFactory, _server_program: None) -> Iterator[str]:
    """Return the URL of the session's own server, which ends with the session."""
    if url := os.environ.get("VERK_TEST_REDIS_URL"):
        yield url
        return
    directory = tmp_path_factory.mktemp("redis")
    yield embedded.ensure(directory, fsync="no").url
    embedded.stop(directory)


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """Return the URL of a server that holds no key."""
    with redis_py.Redis.from_url(_redis_server) as client:
        client.flushall()
    return _redis_server


@pytest.fixture(name="redis")
def _redis(redis_url: str) -> Iterator[redis_py.Redis]:
    """Return a plain client of the empty server, to prepare and to look at what is in it, and to wait for it."""
    with redis_py.Redis.from_url(redis_url, socket_timeout=None) as client:
        yield client


@pytest.fixture
def config(redis_url: str) -> Config:
    """Return a Config for the empty server, with a generated node id and no queues."""
    return Config(redis_url=redis_url)


@pytest.fixture
def snapshot(redis: redis_py.Redis) -> Callable[[], dict[bytes, bytes]]:
    """Return a function that returns all that is stored, to compare before and after."""
    return lambda: {key: redis.dump(key) for key in redis.keys("*")}


@pytest.fixture
def full_server(redis: redis_py.Redis) -> Iterator[Callable[[], None]]:
    """Return a function after which the server refuses whatever needs memory."""
    yield lambda: redis.config_set("maxmemory", "1")
    redis.config_set("maxmemory", "0")


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[Sentinels]:
    """Return a primary and a replica, watched by Sentinels."""
    with Sentinels(tmp_path) as sentinels:
        yield sentinels


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    """Return a running server of the test's own, with its append-only file on."""
    with OwnServer(tmp_path / "own") as server:
        yield server
