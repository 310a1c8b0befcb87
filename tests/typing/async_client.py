"""The types of the async client are those of the client."""

from typing import assert_type

from verk_actors import AsyncClient, Config, Job


async def use(job: Job) -> None:
    async with AsyncClient(Config()) as client:
        assert_type(await client.enqueue(job), str)
        assert_type(await client.enqueue_many([job]), list[str])
        assert_type(await client.schedule(job, when=5), str)
        assert_type(await client.queue("q").count(), int)
        assert_type(await client.dead.find("jid"), Job | None)
        assert_type(await client.call(lambda sync: sync.queue_names()), list[str])
        await client.enqueue("job")  # type: ignore[arg-type]
        await client.queue("q").find(5)  # type: ignore[arg-type]
