"""How a job on an event loop is ended: by its time limit, by a stop, by the death of its worker."""

from __future__ import annotations

import asyncio
import threading

import pytest
from support.async_jobs import AsyncKit, async_queue
from support.eventually import DEADLINE_SECONDS, eventually
from support.nodes import running_node

from verk_actors.errors import JobTimeout
from verk_actors.events import JobFailed, JobFinished, JobStuck
from verk_actors.jobs.job_class import worker
from verk_actors.messages import AddQueue, RemoveQueue
from verk_actors.otp.testing import ManualRuntime
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.manager.queue.async_worker import AsyncWorker
from verk_actors.wire.job import Job

pytestmark = pytest.mark.usefixtures("asyncio_debug")

WORKER = names.worker("q", 1)


def job(class_: str, *args: object) -> Job:
    return Job(queue="q", class_=class_, args=list(args))


# -- the time limit


def test_a_job_over_its_time_is_cancelled_and_has_failed_where_it_was(config: Config) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue(timeout_seconds=0.05)}) as node:
        node.client.enqueue(job("Hold", 1))
        (failed,) = node.log.expect(JobFailed)
        node.client.enqueue(job("Note", 2))
        node.log.expect(JobFinished)

    assert (failed.error_class, failed.error_message) == ("JobTimeout", "the job ran for longer than 0.05 s")
    assert isinstance(failed.exception, JobTimeout)
    assert kit.seen["cancelled", 1] == 1
    assert failed.backtrace[-1].endswith("Hold.perform")
    assert any(line.endswith("AsyncKit.hold") for line in failed.backtrace)


def test_a_job_that_does_not_heed_its_time_limit_keeps_its_place_and_has_failed_when_it_ends(config: Config) -> None:
    kit = AsyncKit()

    @worker(registry=kit.registry)
    async def Ignore() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            kit.see("ignored")
        await kit.hold()
        return "done"

    with running_node(config, kit, queues={"q": async_queue(1, timeout_seconds=0.05)}) as node:
        node.client.enqueue(job("Ignore"))
        kit.wait_seen("ignored")
        assert node.log.of(JobFailed) == []
        kit.open()
        (failed,) = node.log.expect(JobFailed)
    assert isinstance(failed.exception, JobTimeout)


def test_what_a_job_raises_as_it_is_cancelled_is_the_cause_of_its_timeout(config: Config) -> None:
    kit = AsyncKit()

    @worker(registry=kit.registry)
    async def FailToTidyUp() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("untidy")

    with running_node(config, kit, queues={"q": async_queue(timeout_seconds=0.05)}) as node:
        node.client.enqueue(job("FailToTidyUp"))
        (failed,) = node.log.expect(JobFailed)
    assert isinstance(failed.exception, JobTimeout)
    assert repr(failed.exception.__cause__) == "ValueError('untidy')"
    assert failed.backtrace[-1].endswith("FailToTidyUp")


def test_jobs_within_their_time_do_not_notice_the_limit(config: Config) -> None:
    kit = AsyncKit((TimeoutError("of its own"),))
    with running_node(config, kit, queues={"q": async_queue(timeout_seconds=30)}) as node:
        node.client.enqueue(job("Note", 1))
        node.client.enqueue(job("Raise", 0))
        node.log.expect(JobFinished)
        assert node.log.expect(JobFailed)[0].error_class == "TimeoutError"


# -- a stop


def test_a_stop_lets_jobs_end_in_their_time(config: Config, redis) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue()}) as node:
        node.client.enqueue(job("Hold", 1))
        kit.wait_seen("began", 1)
        stopping = node.system.stop(block=False)
        eventually(lambda: node.state.stopping, "stop")
        kit.open()
        assert stopping.get(timeout=DEADLINE_SECONDS)
    assert kit.seen["ended", 1] == 1
    assert (redis.get("stat:processed"), redis.llen("queue:q")) == (b"1", 0)


def test_jobs_that_do_not_end_by_then_are_handed_back_and_cancelled(config: Config, redis) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue()}, shutdown_timeout_seconds=0.05) as node:
        for key in range(3):
            node.client.enqueue(job("Hold", key))
        kit.wait_seen("began", 2)
        node.system.stop()
        assert node.system.runtime.abandoned() == []
        assert node.log.of(JobFailed) == []
    assert kit.seen["cancelled", 0] == kit.seen["cancelled", 2] == 1
    assert (redis.llen("queue:q"), redis.keys("inprogress:*"), redis.exists("retry")) == (3, [], 0)


@pytest.mark.logs_errors("1 tasks did not end when they were cancelled, and were dropped")
def test_a_job_that_will_not_end_does_not_hold_up_the_stop(
    config: Config, redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = AsyncKit()
    monkeypatch.setattr(AsyncWorker, "cancel_seconds", 0.05)

    @worker(registry=kit.registry)
    async def Ignore() -> None:
        while True:
            kit.see("waits")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                kit.see("ignored")

    with running_node(config, kit, queues={"q": async_queue()}, shutdown_timeout_seconds=0.05) as node:
        node.client.enqueue(job("Ignore"))
        kit.wait_seen("waits")
        node.system.stop()
        assert node.system.runtime.abandoned() == []
    assert kit.seen["ignored"]
    assert redis.llen("queue:q") == 1


def test_a_queue_that_is_removed_cancels_what_does_not_end_in_time(config: Config, redis) -> None:
    kit = AsyncKit()
    with running_node(config, kit, shutdown_timeout_seconds=0.05) as node:
        node.system.ask(AddQueue("q", async_queue(5)), timeout=10)
        node.client.enqueue(job("Hold", 1))
        kit.wait_seen("began", 1)
        node.system.ask(RemoveQueue("q"), timeout=10)
        kit.wait_seen("cancelled", 1)
        assert redis.llen("queue:q") == 1


# -- the death of the worker


def test_the_jobs_of_a_worker_that_was_killed_are_cancelled_and_fail(config: Config, redis) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue(3)}) as node:
        for key in range(3):
            node.client.enqueue(job("Hold", key))
        kit.wait_seen("began", 2)
        old = node.whereis(WORKER)

        old.kill()

        failed = node.log.expect(JobFailed, 3)
        old.join_thread(DEADLINE_SECONDS)
        node.successor(old)
        node.client.enqueue(job("Note", "goes on"))
        node.log.expect(JobFinished)
        assert {event.error_class for event in failed} == {"WorkerDied"}
        assert [kit.seen["cancelled", key] for key in range(3)] == [1, 1, 1]
        assert (redis.zcard("retry"), redis.keys("inprogress:*")) == (3, [])


@pytest.mark.logs_errors("q.worker_1 crashed: MemoryError")
def test_the_jobs_of_a_worker_that_crashes_fail_too(config: Config, redis, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue(3)}) as node:
        node.client.enqueue(job("Hold", 1))
        kit.wait_seen("began", 1)

        def crash(*_: object) -> None:
            monkeypatch.undo()
            raise MemoryError

        monkeypatch.setattr(AsyncWorker, "_start", crash)
        node.client.enqueue(job("Note", "in hand"))

        failed = node.log.expect(JobFailed, 2)
        node.client.enqueue(job("Note", "goes on"))
        node.log.expect(JobFinished)
        assert {event.error_class for event in failed} == {"WorkerDied"}
        assert (redis.zcard("retry"), redis.keys("inprogress:*")) == (2, [])


def test_jobs_of_a_pool_that_is_shut_down_alone_go_back_to_the_queue(config: Config) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue()}) as node:
        node.client.enqueue(job("Hold", 1))
        kit.wait_seen("began", 1)
        node.whereis(names.worker_pool("q")).stop(timeout=DEADLINE_SECONDS)
        kit.wait_seen("began", 1, count=2)
        kit.open()
        node.log.expect(JobFinished)
        assert node.log.of(JobFailed) == []


# -- jobs that take long


PATIENT = {"stuck_job_seconds": 60.0, "heartbeat_seconds": 36_000.0}


def let_it_be_stuck(runtime: ManualRuntime) -> None:
    runtime.clock.move_to(runtime.clock.monotonic() + 60)
    runtime.timers.run_due()


def test_of_a_stuck_job_is_told_where_it_waits(config: Config) -> None:
    kit, runtime = AsyncKit(), ManualRuntime()
    with running_node(config, kit, runtime, queues={"q": async_queue()}, **PATIENT) as node:
        node.client.enqueue(job("Hold", 1))
        node.client.enqueue(job("Note", "behind it"))
        node.log.expect(JobFinished, class_="Note")  # so the other has come to its wait
        let_it_be_stuck(runtime)
        (stuck,) = node.log.expect(JobStuck)
        kit.open()
        node.log.expect(JobFinished, class_="Hold")
    functions = [line.rpartition(":in ")[2].rpartition(".")[2] for line in stuck.stack]
    assert functions == ["wait", "hold", "perform"]


def test_a_job_that_blocks_the_loop_holds_up_no_other_queue_and_is_told_of(config: Config) -> None:
    kit, door, runtime = AsyncKit(), threading.Event(), ManualRuntime()

    @worker(registry=kit.registry)
    async def Block() -> None:
        kit.see("blocks")
        door.wait(DEADLINE_SECONDS)

    with running_node(config, kit, runtime, queues={"q": async_queue(), "other": 1}, **PATIENT) as node:
        node.client.enqueue(job("Block"))
        kit.wait_seen("blocks")
        let_it_be_stuck(runtime)
        (stuck,) = node.log.expect(JobStuck)
        node.client.enqueue(Job(queue="other", class_="Good", args=[]))
        node.log.expect(JobFinished, queue="other")
        door.set()
        node.log.expect(JobFinished, queue="q")
    assert any(line.endswith("Block") for line in stuck.stack)
