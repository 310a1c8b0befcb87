"""The async client: the same as the client's, without holding up the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import pytest
import redis as redis_py
from support.app import Welcome, ran, registry

from verk_actors import testing
from verk_actors.client.async_client import AsyncClient
from verk_actors.errors import InvalidJob, StoreUnavailable
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

NOW = 1_700_000_000.25


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def test_jobs_are_enqueued_scheduled_and_looked_at(config: Config) -> None:
    async def main() -> None:
        async with AsyncClient(config, clock=lambda: NOW) as client:
            jid = await client.enqueue(Job(class_="C", args=[1], queue="q"))
            assert await client.enqueue_many([Job(class_="C", args=[2], queue="q"), Job(class_="C", args=[3])])
            await client.schedule(Job(class_="C", args=[4], queue="q"), 60)
            assert await client.queue_names() == ["default", "q"]
            found = await client.queue("q").find(jid)
            assert found is not None
            assert found.args == [1]
            assert await client.queue("q").count() == 2
            [(scheduled, due_at)] = await client.scheduled.range_with_score()
            assert due_at == NOW + 60
            assert [len(page) async for page in client.scheduled.pages()] == [1]
            assert await client.scheduled.delete(scheduled)
            assert (await client.counters.totals()).processed == 0
            assert await client.call(lambda sync: sync.nodes.ids()) == await client.nodes.ids() == []

    run(main())


def test_errors_are_those_of_the_client(tmp_path: Any, config: Config) -> None:
    async def main() -> None:
        async with AsyncClient(Config(redis_url=f"unix://{tmp_path}/none.sock")) as client:
            with pytest.raises(StoreUnavailable):
                await client.enqueue(Job(class_="C", args=[]))
            with pytest.raises(InvalidJob, match=r"args\[0\]"):
                await client.enqueue(Job(class_="C", args=[b""]))

    run(main())


def test_many_tasks_enqueue_at_once_by_few_threads(config: Config, redis: redis_py.Redis) -> None:
    async def main() -> None:
        async with AsyncClient(config, threads=3) as client:
            jids = await asyncio.gather(*(client.enqueue(Job(class_="C", args=[n])) for n in range(300)))
            assert len(set(jids)) == 300
            assert sum(thread.name.startswith("verk-client") for thread in threading.enumerate()) <= 3

    run(main())
    assert redis.llen("queue:default") == 300


def test_the_loop_turns_while_a_call_waits(config: Config) -> None:
    async def main() -> None:
        async with AsyncClient(config) as client:
            turned = threading.Event()
            waiting = asyncio.ensure_future(client.call(lambda _: turned.wait(10)))
            await asyncio.sleep(0)
            turned.set()
            assert await waiting

    run(main())


def test_a_client_is_shared_by_several_loops_and_may_be_used_again_after_it_was_closed(config: Config) -> None:
    client = AsyncClient(config)

    async def use() -> None:
        await client.enqueue(Job(class_="C", args=[]))
        await client.close()

    run(use())
    run(use())

    async def count() -> None:
        assert await client.queue("default").count() == 2
        await client.close()

    run(count())


def test_tests_divert_the_jobs_of_an_async_client() -> None:
    client = AsyncClient(Config(redis_url="redis://127.0.0.1:1/0"))
    ran.clear()

    async def use() -> None:
        await asyncio.gather(client.enqueue(Welcome.job("ann")), client.schedule(Welcome.job("bob"), 5))
        await client.close()

    with testing.fake(registry=registry) as jobs:
        run(use())
        jobs.assert_enqueued(Welcome, times=2)
    with testing.inline(registry=registry):
        run(use())
    assert sorted(map(str, ran)) == ["('ann', None)", "('bob', None)"]
