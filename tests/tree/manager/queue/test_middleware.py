"""Middleware around runs: in threads, in processes and on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from support import middlewares
from support.ending_jobs import ASYNC, PLAIN, EndingJobs
from support.jobs import JobKit
from support.middlewares import words
from support.nodes import Node, running_node

from verk_actors.client import Client
from verk_actors.errors import ConfigError
from verk_actors.events import JobFailed, JobFinished, JobSnoozed
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry, Terms
from verk_actors.messages import AddQueue
from verk_actors.middleware import WorkerMiddleware, worker_chain
from verk_actors.settings.config import Config
from verk_actors.settings.queues import Executor, QueueConfig
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.wire.job import Job

BOTH = (middlewares.outer, "support.middlewares:inner")


@pytest.fixture(params=["thread", pytest.param("process", marks=pytest.mark.slow), "async", "async job in a thread"])
def node(request: pytest.FixtureRequest, config: Config) -> Iterator[Node]:
    """Return a node with middleware, and a queue of one worker of each kind."""
    executor: Executor = "thread" if request.param == "async job in a thread" else request.param
    jobs = EndingJobs(ASYNC if "async" in request.param else PLAIN)
    middleware = (*BOTH, middlewares.around)
    queues = {"q": QueueConfig(size=1, executor=executor)}
    with running_node(config, jobs, queues=queues, worker_middleware=middleware) as node:  # type: ignore[arg-type]
        yield node


def test_middleware_passes_changes_halts_and_raises_from_the_outside_in(
    node: Node, redis, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Case 254, but for `halt`, which is the end of a run here: Exq's runs the job all the same."""
    begins, ends = (["before"], ["after"]) if node.jobs.registry is ASYNC else ([], [])
    files = {what: tmp_path / what for what in ("pass", "change", "halt", "raise", "snooze", "fail")}
    for what, file in files.items():
        node.client.enqueue(Job(class_="Write", args=[what, str(file)], queue="q", jid=what))
    node.log.expect(JobFinished, 3)
    node.log.expect(JobFailed, 2)
    node.log.expect(JobSnoozed, jid="snooze")

    both = ["outer", "inner"]
    assert words(files["pass"]) == [*both, *begins, "pass", *ends]
    assert words(files["change"]) == [*both, *begins, "changed", *ends]
    assert words(files["fail"]) == [*both, *begins, "fail", *ends]
    assert [words(files[what]) for what in ("halt", "raise", "snooze")] == [both] * 3
    [failed] = node.log.of(JobFailed, jid="raise")
    assert (failed.error_class, failed.error_message) == ("LookupError", "the middleware's own")
    assert failed.backtrace[0].endswith("in inner")
    assert not [line for line in failed.backtrace if "verk_actors/middleware.py" in line]
    [changed] = node.log.of(JobFinished, jid="change")
    assert changed.job.args[0] == "change"  # what is stored and told is the job as it was
    assert redis.get("stat:processed") == b"5"


def test_a_forgotten_return_or_await_loses_no_job() -> None:
    ran: list[str] = []

    async def perform(job: Job) -> str:
        ran.append(job.args[0])
        return "done"

    def forgets_to_return(job: Job, call_next: middlewares.CallNext) -> None:
        call_next(job)

    async def forgets_to_await(job: Job, call_next: middlewares.CallNext) -> None:
        call_next(job)

    async def returns_it(job: Job, call_next: middlewares.CallNext) -> object:
        return call_next(job)

    for middleware in (forgets_to_return, forgets_to_await, returns_it):
        chain = worker_chain((middleware,), perform, is_async=True)
        assert asyncio.run(chain(Job(class_="C", args=[middleware.__name__]))) == "done"
    assert ran == ["forgets_to_return", "forgets_to_await", "returns_it"]


class Counting:
    """A middleware that is an object; it counts how often its chain was made."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, job: Job, call_next: middlewares.CallNext) -> object:
        self.calls += 1
        return await call_next(job)


def test_a_chain_is_made_once_for_each_job_class_and_none_where_there_is_no_middleware() -> None:
    kit = JobKit()
    counting = Counting()
    view = kit.registry.under(Terms(middleware=(counting, middlewares.outer)))

    assert kit.registry.find("Good").chain is None
    assert view.find("Good") is view.find("Good")
    assert view.find("Good").chain is not None
    assert counting.calls == 0


def test_a_reloaded_job_class_gets_a_chain_of_its_own() -> None:
    registry = Registry()
    view = registry.under(Terms(middleware=(middlewares.outer,)))

    def define() -> None:
        @worker(registry=registry)
        def Again() -> None: ...

    define()
    before = view.find("Again")
    define()
    assert view.find("Again") is not before


@pytest.mark.parametrize("middleware", [lambda job, call_next: call_next(job), Counting()])
def test_what_a_job_process_can_not_find_is_refused_at_once(middleware: WorkerMiddleware) -> None:
    Config(queues={"q": 1}, worker_middleware=[middleware])
    with pytest.raises(ConfigError, match="at the top of its module, for job processes to find"):
        Config(queues={"q": QueueConfig(executor="process")}, worker_middleware=[middleware])


def test_a_process_queue_that_comes_later_is_refused_where_it_could_not_find_the_middleware(config: Config) -> None:
    middleware = (lambda job, call_next: call_next(job),)
    with (
        running_node(config, worker_middleware=middleware) as node,
        pytest.raises(ConfigError, match="worker_middleware"),
    ):
        node.system.ask(AddQueue("q", QueueConfig(size=1, executor="process")), timeout=10)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("worker_middleware", ["no_such_module:f"]),
        ("worker_middleware", ["support.middlewares:no_such"]),
        ("worker_middleware", ["support.middlewares:__name__"]),
        ("backoff", "support.no_such:f"),
        ("client_middleware", ["no_such_module:f"]),
    ],
)
def test_a_node_or_a_client_that_can_not_find_what_its_config_names_does_not_start(
    config: Config, setting: str, value: object
) -> None:
    start: Any = Client if setting == "client_middleware" else ActorSystem.start
    with pytest.raises(ConfigError, match=f"{setting}=.* is not allowed: a function, or where one is, as module:name"):
        start(attrs.evolve(config, **{setting: value}))


@pytest.mark.parametrize("value", ["a", "a:", ":b", "a b:c", 5, None, ["f"]])
def test_what_is_no_function_and_names_none_is_refused(value: object) -> None:
    for settings in ({"worker_middleware": [value]}, {"client_middleware": [value]}, {"backoff": value or 5}):
        with pytest.raises(ConfigError, match="a function, or where one is, as module:name"):
            Config(**settings)  # type: ignore[arg-type]
