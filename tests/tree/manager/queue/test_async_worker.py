"""An async queue: many jobs at once on one event loop, and each has its own fate."""

from __future__ import annotations

import asyncio
import json

import pytest
from support.async_jobs import AsyncKit, async_queue
from support.nodes import Node, running_node

from verk_actors.events import JobFailed, JobFinished, JobStarted
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.messages import PauseQueue
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.wire.job import Job

pytestmark = pytest.mark.usefixtures("asyncio_debug")


def job(class_: str, *args: object) -> Job:
    return Job(queue="q", class_=class_, args=list(args))


def enqueue(node: Node, *jobs: Job) -> None:
    for one in jobs:
        node.client.enqueue(one)


@pytest.mark.slow  # a thousand jobs
def test_a_thousand_jobs_run_at_once(config: Config, redis) -> None:
    """None of them ends before all have begun."""
    kit, together = AsyncKit(), asyncio.Event()

    @worker(registry=kit.registry)
    async def MeetAll() -> None:
        kit.see("here")
        if kit.seen["here"] == 1000:
            together.set()
        await together.wait()

    with running_node(config, kit, queues={"q": async_queue(1000)}) as node:
        enqueue(node, *(job("MeetAll") for _ in range(1000)))
        node.log.expect(JobFinished, 1000)
        assert not redis.keys("inprogress:*")


def test_no_more_jobs_run_at_once_than_the_size_says(config: Config) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue(2, prefetch=5)}) as node:
        enqueue(node, *(job("Hold", key) for key in range(4)))
        kit.wait_seen("began", 1)  # each is told of before it begins
        node.log.expect(JobStarted, 2)
        enqueue(node, *(job("Hold", key) for key in range(4, 20)))
        node.system.ask(PauseQueue("q"), timeout=10)  # what is not begun goes back
        assert len(node.log.of(JobStarted)) == kit.seen.total() == 2
        kit.open()
        node.log.expect(JobFinished, 2)


def test_jobs_that_come_one_by_one_and_in_heaps_run_once_each(config: Config, redis) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue(7)}) as node:
        for heap in (1, 1, 30, 1, 300):
            before = kit.seen.total()
            enqueue(node, *(job("Note", before + n) for n in range(heap)))
            node.log.expect(JobFinished, before + heap)
    assert kit.seen == dict.fromkeys(range(333), 1)
    assert redis.get("stat:processed") == b"333"


def test_the_current_job_is_seen_in_its_task_and_in_what_that_starts(config: Config) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue()}) as node:
        enqueue(node, *(job("Attempt", key) for key in range(10)))
        node.log.expect(JobFinished, 10)
    assert kit.seen == dict.fromkeys(range(10), 1)


class OfItsOwn(BaseException):
    """Not even an Exception."""


RAISED = (
    ValueError("no"),
    SystemExit(1),
    KeyboardInterrupt(),
    GeneratorExit(),
    asyncio.CancelledError(),
    TimeoutError("of its own"),
    RecursionError("deep"),
    OfItsOwn("own"),
    BaseExceptionGroup("two", [ValueError("a"), SystemExit(2)]),
    StopAsyncIteration(),
)


def test_whatever_jobs_raise_is_their_failure_and_the_loop_goes_on(config: Config, redis) -> None:
    kit = AsyncKit(RAISED)
    with running_node(config, kit, queues={"q": async_queue()}) as node:
        before = node.whereis(names.worker("q", 1))
        node.client.enqueue(job("Hold", "all the while"))
        kit.wait_seen("began", "all the while")
        for number in range(len(RAISED)):
            node.client.enqueue(job("Raise", number))
        failed = {event.job.args[0]: event for event in node.log.expect(JobFailed, len(RAISED))}
        kit.open()
        node.log.expect(JobFinished, 1)
        assert node.whereis(names.worker("q", 1)) is before

    assert [failed[number].exception for number in range(len(RAISED))] == list(RAISED)
    assert {json.loads(text)["error_class"] for text in redis.zrange("retry", 0, -1)} == {
        type(error).__name__ for error in RAISED
    }
    assert all(event.backtrace[-1].endswith("Raise.perform") for event in failed.values())  # and none of asyncio
    assert not redis.keys("inprogress:*")


def test_a_job_that_cancels_itself_or_others_fails_them_and_no_more(config: Config) -> None:
    kit = AsyncKit()

    @worker(registry=kit.registry)
    async def CancelAll() -> None:
        for task in asyncio.all_tasks():
            task.cancel()
        await asyncio.sleep(0)

    with running_node(config, kit, queues={"q": async_queue()}) as node:
        node.client.enqueue(job("Hold", 1))
        kit.wait_seen("began", 1)
        enqueue(node, job("CancelAll"), job("CancelAll"))  # the second may not even have begun
        failed = node.log.expect(JobFailed, 3)
        node.client.enqueue(job("Note", "goes on"))
        node.log.expect(JobFinished)
    assert {event.error_class for event in failed} == {"CancelledError"}


def test_a_plain_perform_in_an_async_queue_fails_and_says_what_to_do(config: Config) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue()}) as node:
        node.client.enqueue(job("Good", 1))
        (failed,) = node.log.expect(JobFailed)
    assert failed.error_class == "TypeError"
    assert failed.error_message.endswith(
        "Good is a plain def, which would hold up all jobs of its queue while it runs: make it an async def, or run "
        "it in a queue whose executor is thread or process"
    )
    assert not kit.order


def test_an_unknown_job_class_fails_there_as_elsewhere(config: Config) -> None:
    with running_node(config, AsyncKit(), queues={"q": async_queue()}) as node:
        node.client.enqueue(job("Unknown"))
        assert node.log.expect(JobFailed)[0].error_class == "JobClassNotFound"


def test_an_asynchronous_perform_runs_in_a_thread_too(config: Config, redis) -> None:
    kit = AsyncKit((ValueError("no"), SystemExit(1), asyncio.CancelledError()))
    with running_node(config, kit, queues={"q": 3}) as node:
        enqueue(node, *(job("Attempt", key) for key in range(5)))
        enqueue(node, *(job("Raise", number) for number in range(3)))
        node.log.expect(JobFinished, 5)
        failed = node.log.expect(JobFailed, 3)
    assert {event.exception for event in failed} == set(kit.raised)
    assert all(event.backtrace[-1].endswith("Raise.perform") for event in failed)
    assert kit.seen == dict.fromkeys(range(5), 1)


def test_the_class_of_a_job_says_there_when_it_is_retried(config: Config) -> None:
    kit = AsyncKit()

    @worker(registry=kit.registry)
    class Once(JobClass):
        async def perform(self) -> None:
            kit.see("run")
            if kit.seen["run"] == 1:
                raise ValueError

        def retry_at(self, failed_at: float, attempt: int) -> float:
            return failed_at

    with running_node(config, kit, queues={"q": async_queue()}) as node:
        node.client.enqueue(job("Once"))
        node.log.expect(JobFinished)


@pytest.mark.logs_errors("q.worker_1: Task exception was never retrieved: ValueError('left behind')")
def test_the_error_of_a_task_that_a_job_left_behind_goes_to_the_log(config: Config) -> None:
    kit = AsyncKit()

    async def fails() -> None:
        await kit.hold()
        kit.see("failed")
        raise ValueError("left behind")

    @worker(registry=kit.registry)
    async def Leave() -> None:
        asyncio.create_task(fails())  # noqa: RUF006

    with running_node(config, kit, queues={"q": async_queue()}) as node:
        node.client.enqueue(job("Leave"))
        node.log.expect(JobFinished)
        kit.open()
        kit.wait_seen("failed")
        node.client.enqueue(job("Note", "goes on"))
        node.log.expect(JobFinished, 2)
