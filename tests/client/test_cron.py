"""Periodic jobs by a client: added, listed, paused, run and removed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise

import attrs
import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.client import Client
from verk_actors.client.async_client import AsyncClient
from verk_actors.errors import InvalidJob, JobNotUnique
from verk_actors.events import JobFailed, JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.cron import CronConfig
from verk_actors.settings.queues import QueueConfig
from verk_actors.store.cron_status import CronNotFound, CronStatus
from verk_actors.wire.cron_runs import CronResult, CronRun
from verk_actors.wire.cron_schedule import InvalidCron
from verk_actors.wire.job import Job

REPORT = Job(class_="Good", args=["report"], queue="q", max_retry_count=2)


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config) as client:
        yield client


def test_what_was_added_is_listed_with_when_it_comes_next(client: Client) -> None:
    client.cron.add("b", REPORT, "30 8 * * 1", timezone="Europe/Berlin", catch_up="all", catch_up_window_seconds=60)
    client.cron.add("a", Job(class_="Good", args=[]), "@hourly")

    first, second = client.cron.list()
    assert first.name == "a"
    assert second == client.cron.get("b")
    assert second == CronStatus(
        name="b", class_="Good", args=["report"], queue="q", cron="30 8 * * 1", timezone="Europe/Berlin",
        explained="At 08:30 on Monday", catch_up="all", catch_up_window_seconds=60, source="client",
        is_paused=False, is_stale=False, next_at=client.cron.next("b", 1)[0].timestamp(),
        last_slot_at=second.last_slot_at, last_run=None, last_result=None,
    )  # fmt: skip
    times = client.cron.next("b", 3)
    assert [str(at)[10:19] for at in times] == [" 08:30:00"] * 3
    assert all(at < following for at, following in pairwise(times))
    assert client.cron.get("c") is None


def test_it_takes_the_place_of_one_that_was_added_before_and_of_no_other(client: Client, redis) -> None:
    client.cron.add("a", REPORT, "@hourly")
    assert client.cron.pause("a")
    redis.hset("verk:cron:slots", "a", 5)
    client.cron.add("a", attrs.evolve(REPORT, args=[]), "@hourly")
    (status,) = client.cron.list()
    assert (status.args, status.is_paused, status.next_at, status.last_slot_at) == ([], True, None, 5.0)
    client.cron.add("a", REPORT, "@daily")
    assert (client.cron.list()[0].last_slot_at or 0) > 5, "other times count from now on"

    redis.hset("verk:cron", "a", "something else")
    client.cron.add("a", REPORT, "@daily")
    assert client.cron.get("a") is not None


def test_one_of_a_node_is_told_as_stale_when_no_node_tells_of_it_and_can_not_be_added(config: Config, redis) -> None:
    with running_node(config, cron={"ours": CronConfig(class_="Good", cron="@daily")}) as node:
        status = eventually(lambda: node.client.cron.get("ours"), "the entry")
        assert (status.source, status.is_stale) == ("config", False)
        with pytest.raises(InvalidCron, match="is that of one in the config of nodes"):
            node.client.cron.add("ours", REPORT, "@daily")
    redis.hset("verk:cron:told", "ours", 7)
    with Client(config) as client:
        status = client.cron.list()[0]
        assert (status.is_stale, status.next_at) == (True, None)
        assert client.cron.remove("ours")
        assert client.cron.list() == []


def test_nodes_look_at_once_at_what_is_added_and_its_runs_are_told(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        cron = node.client.cron
        node.log.wait_for(lambda: True, "a start")
        cron.add("good", REPORT, "* * * * * *")
        cron.add("bad", Job(class_="Bad", args=[], queue="q"), "@yearly")
        node.log.expect(JobFinished)
        jid = cron.run_now("bad")
        node.log.expect(JobFailed, jid=jid)

        good, bad = cron.get("good"), cron.get("bad")
        assert good is not None
        assert good.last_run is not None
        assert good.last_run.slot_at == good.last_slot_at
        assert isinstance(good.last_result, CronResult)
        assert bad is not None
        assert bad.last_result is not None
        assert (bad.last_result.jid, bad.last_result.outcome, bad.last_result.error) == (jid, "failed", "ValueError")


def test_one_is_run_by_hand_beside_its_times(client: Client, redis) -> None:
    client.cron.add("a", attrs.evolve(REPORT, unique_for=60.0), "@daily")
    client.cron.pause("a")
    jid = client.cron.run_now("a")

    (payload,) = redis.lrange("queue:q", 0, -1)
    job = json.loads(payload)
    assert (job["jid"], job["verk_cron"], job["args"], job["retry"]) == (jid, "a", ["report"], 2)
    assert "verk_cron_at" not in job
    (status,) = client.cron.list()
    assert isinstance(status.last_run, CronRun)
    assert (status.last_run.jid, status.last_run.slot_at) == (jid, None)
    with pytest.raises(JobNotUnique, match=jid):
        client.cron.run_now("a")
    assert client.cron.resume("a")
    assert client.cron.remove("a")
    assert not any((client.cron.resume("a"), client.cron.remove("a"), client.cron.pause("a")))
    for ask in (client.cron.run_now, client.cron.next):
        with pytest.raises(CronNotFound, match="there is no periodic job 'a'"):
            ask("a")


def test_one_moves_to_the_redis_of_its_queue(config: Config, own_server, redis) -> None:
    queues = {"q": QueueConfig(), "far": QueueConfig(redis_url=own_server.url)}
    with Client(attrs.evolve(config, queues=queues)) as client, own_server.client() as far:
        client.cron.add("a", REPORT, "@daily")
        client.cron.add("b", REPORT, "@daily")
        client.cron.add("a", attrs.evolve(REPORT, queue="far"), "@daily")
        assert [status.name for status in client.cron.list()] == ["a", "b"]
        assert (redis.hkeys("verk:cron"), far.hkeys("verk:cron")) == ([b"b"], [b"a"])
        assert client.cron.run_now("a")
        assert far.llen("queue:far") == 1


def test_what_is_refused(client: Client) -> None:
    with pytest.raises(InvalidCron, match="no cron expression"):
        client.cron.add("a", REPORT, "often")
    with pytest.raises(InvalidCron, match="name"):
        client.cron.add(" ", REPORT, "@daily")
    with pytest.raises(InvalidJob):
        client.cron.add("a", attrs.evolve(REPORT, args=[object()]), "@daily")
    assert client.cron.list() == []


def test_an_async_client_has_them_too(config: Config) -> None:
    async def check() -> None:
        async with AsyncClient(config) as client:
            await client.cron.add("a", REPORT, "@daily")
            assert [status.name for status in await client.cron.list()] == ["a"]
            assert await client.cron.run_now("a")
            assert await client.cron.remove("a")

    asyncio.run(check())
