"""Middleware around the making of jobs: one by one, many at once, and scheduled."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import pytest

from verk_actors.client import Client
from verk_actors.errors import ConfigError, InvalidJob
from verk_actors.jobs.endings import Discard
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

CallNext = Callable[[Job], Job]


def tagged(tag: str) -> Callable[[Job, CallNext], Job]:
    def middleware(job: Job, call_next: CallNext) -> Job:
        seen = [*job.extra.get("tags", []), tag]
        return call_next(attrs.evolve(job, extra={**job.extra, "tags": seen}))

    return middleware


def no_secrets(job: Job, call_next: CallNext) -> Job:
    """Halts, raises, or says what is written in the end."""
    if "halt" in job.args:
        raise Discard("halted")
    if "raise" in job.args:
        raise PermissionError("not this one")
    if "other" in job.args:
        return Job(class_="Other", args=[], queue="other", max_retry_count=0)
    done = call_next(job)
    return attrs.evolve(done, args=["seen", *done.args])


@pytest.fixture
def client(config: Config) -> Any:
    with Client(attrs.evolve(config, client_middleware=[tagged("a"), tagged("b"), no_secrets])) as client:
        yield client


def job(*args: object, **fields: Any) -> Job:
    return Job(class_="C", args=list(args), **fields)


def written(redis, key: str = "queue:default") -> list[dict[str, Any]]:
    found = redis.lrange(key, 0, -1)[::-1] if redis.type(key) == b"list" else redis.zrange(key, 0, -1)
    return [json.loads(payload) for payload in found]


def test_a_job_passes_all_middleware_from_the_outside_in_and_is_written_as_they_left_it(client: Client, redis) -> None:
    jid = client.enqueue(job(1))
    [payload] = written(redis)
    assert (payload["jid"], payload["args"], payload["tags"]) == (jid, ["seen", 1], ["a", "b"])
    assert payload["enqueued_at"] >= payload["created_at"]


def test_jobs_by_one_call_and_scheduled_ones_pass_it_too(client: Client, redis) -> None:
    jids = client.enqueue_many([job(1), job(2), job("other")])
    scheduled = client.schedule(job(3), 60)

    assert [(one["jid"], one["args"]) for one in written(redis)] == [(jids[0], ["seen", 1]), (jids[1], ["seen", 2])]
    [other], [later] = written(redis, "queue:other"), written(redis, "schedule")
    assert (other["class"], other["jid"], other["retry"]) == ("Other", jids[2], 0)
    assert (later["jid"], later["args"], "enqueued_at" in later) == (scheduled, ["seen", 3], False)


def test_a_job_that_is_halted_has_a_jid_and_is_written_nowhere(client: Client, redis) -> None:
    assert client.enqueue(job("halt", jid="mine")) == "mine"
    assert client.schedule(job("halt"), 60)
    jids = client.enqueue_many([job("halt"), job(1)])

    assert len(set(jids)) == 2
    assert [one["jid"] for one in written(redis)] == [jids[1]]
    assert redis.exists("schedule") == 0


def test_what_a_middleware_raises_reaches_the_caller_and_nothing_is_written(client: Client, redis) -> None:
    for enqueue in (
        client.enqueue,
        lambda one: client.enqueue_many([job(1), one]),
        lambda one: client.schedule(one, 9),
    ):
        with pytest.raises(PermissionError):
            enqueue(job("raise"))
    assert redis.keys() == []


def test_a_middleware_that_returns_no_job_is_a_mistake_and_loses_none(config: Config, redis) -> None:
    def forgetful(job: Job, call_next: CallNext) -> Job:
        call_next(job)
        return None  # type: ignore[return-value]

    with (
        Client(attrs.evolve(config, client_middleware=[forgetful])) as client,
        pytest.raises(TypeError, match="a client middleware returned None: a job is halted by raising Discard"),
    ):
        client.enqueue(job(1))
    assert redis.keys() == []


def test_a_middleware_may_not_make_what_can_not_be_written(config: Config) -> None:
    def bad(job: Job, call_next: CallNext) -> Job:
        return attrs.evolve(job, args=[float("nan")])

    with Client(attrs.evolve(config, client_middleware=[bad])) as client, pytest.raises(InvalidJob) as caught:
        client.enqueue_many([job(1)])
    assert caught.value.index == 0


def test_a_unique_job_is_told_by_the_arguments_and_the_queue_that_middleware_gives_it(config: Config, redis) -> None:
    """By those it came with, the job of one tenant kept out that of another, which was lost."""
    tenant = ["a"]

    def of_tenant(job: Job, call_next: CallNext) -> Job:
        return call_next(attrs.evolve(job, args=[*tenant, *job.args]))

    with Client(attrs.evolve(config, client_middleware=[of_tenant])) as client, Client(config) as plain:
        first = client.enqueue(job(42, unique_for=60))
        tenant[:] = ["b"]
        second = client.enqueue_many([job(42, unique_for=60)])[0]
        assert [one["args"] for one in written(redis)] == [["a", 42], ["b", 42]]

        assert client.schedule(job(42, unique_for=60), 9, on_conflict="return") == second
        assert plain.enqueue(job("a", 42, unique_for=60), on_conflict="return") == first


async def asynchronous(job: Job, call_next: CallNext) -> Job:
    return call_next(job)


class Asynchronous:
    async def __call__(self, job: Job, call_next: CallNext) -> Job:
        return call_next(job)


@pytest.mark.parametrize("middleware", [asynchronous, Asynchronous(), partial(asynchronous)])
def test_an_asynchronous_middleware_is_refused_by_the_config(middleware: Any) -> None:
    with pytest.raises(ConfigError, match=r"client_middleware=.* plain def: jobs are made without an event loop"):
        Config(client_middleware=[tagged("a"), middleware])


def test_an_asynchronous_middleware_that_is_named_is_refused_by_the_client(config: Config) -> None:
    named = attrs.evolve(config, client_middleware=["asyncio:sleep"])
    with pytest.raises(ConfigError, match=r"client_middleware='asyncio:sleep' is not allowed: .* plain def"):
        Client(named)
