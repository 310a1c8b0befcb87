"""What a client does but push, while a test's block runs: never to the Redis of its own configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from support.app import registry

from verk_actors import testing
from verk_actors.client import Client
from verk_actors.client.async_client import AsyncClient
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.testing import FakeJobs, NotDiverted
from verk_actors.wire.job import Job

Block = Callable[[], AbstractContextManager[FakeJobs]]
JOB = Job(class_="Nobodys", args=[])

LOOKS: list[Callable[[Client], object]] = [
    lambda client: client.queue("default").count(),
    lambda client: client.queue("default").clear(),
    lambda client: client.queue("default").pause(),
    lambda client: client.queue("default").push(b"{}"),
    lambda client: list(client.queue("default").pages()),
    lambda client: client.queue_names(),
    lambda client: client.paused_queue_names(),
    lambda client: client.scheduled.requeue_all(),
    lambda client: client.retries.range(),
    lambda client: client.dead.clear(),
    lambda client: client.counters.totals(),
    lambda client: client.recent_classes.last(),
    lambda client: client.nodes.statuses(),
    lambda client: client.running(),
    lambda client: client.inspect("jid"),
    lambda client: client.cancel("jid"),
    lambda client: client.result("jid"),
]


@pytest.mark.parametrize("block", [testing.fake, testing.inline])
def test_where_there_is_no_redis_it_is_refused_and_nothing_is_done(config: Config, redis, block: Block) -> None:
    with Client(config) as client:
        client.enqueue(JOB)
        before = sorted(redis.keys())
        with block():
            for look in LOOKS:
                with pytest.raises(NotDiverted, match=r"jobs\.queue\(name\), jobs\.scheduled, .* jobs\.clear\(\)"):
                    look(client)
        assert sorted(redis.keys()) == before
        assert client.queue("default").count() == 1  # as ever, once the block is over


def test_of_an_async_client_and_of_a_queue_that_was_made_before_it_is_refused_too(config: Config) -> None:
    async def main() -> None:
        client = AsyncClient(config)
        queue = client.queue("default")
        assert await queue.is_paused() is False
        with testing.fake():
            with pytest.raises(NotDiverted):
                await queue.is_paused()
            with pytest.raises(NotDiverted):
                [page async for page in queue.pages()]
        await client.close()

    asyncio.run(main())


def test_a_real_block_has_it_done_to_its_own_redis(config: Config, redis) -> None:
    with Client(config) as client:
        client.enqueue(JOB)
        with testing.real(Config(queues={"other": 1}), registry) as jobs:
            client.enqueue_many([JOB, JOB])
            assert client.queue("default").count() == jobs.client.queue("default").count() == 2
            assert client.queue("default").clear()
            assert [client.queue("default").count(), jobs.client.queue("default").count()] == [0, 0]
            several = Client(Config(queues={"far": QueueConfig(redis_url="redis://127.0.0.1:1/1")}))
            with pytest.raises(NotDiverted, match=r"jobs\.client"):
                several.scheduled.count()
        assert redis.llen("queue:default") == 1
