"""Jobs that misbehave: whatever they raise, return or never return, each has one fate and the others go on."""

from __future__ import annotations

import ctypes
import json
import logging
import math
import threading
from contextlib import closing

import pytest
from support.clocks import ShiftedClock
from support.jobs import JobKit
from support.nodes import Node, running_node

from verk_actors.events import DeadJobsTrimmed, JobDead, JobFailed, JobFinished, JobStuck
from verk_actors.jobs.job_class import worker
from verk_actors.otp import Runtime
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.manager.queue.worker import Worker
from verk_actors.tree.messages import Tick
from verk_actors.tree.running_job import RunningJob
from verk_actors.wire.job import Job

HOUR_SECONDS, DAY_SECONDS = 3600.0, 86_400


class OfItsOwn(BaseException):
    """Not even an Exception."""


class Unprintable(Exception):
    """Its message can't be had."""

    def __str__(self) -> str:
        raise SystemExit("not even this")


class NoText(Exception):
    """Its message is none."""

    def __str__(self) -> str:
        return 5  # type: ignore[return-value]  # noqa: PLE0307


RAISED = [
    ValueError("no"),
    SystemExit(1),
    KeyboardInterrupt(),
    GeneratorExit(),
    MemoryError(),
    RecursionError("deep"),
    StopIteration(1),
    OfItsOwn("own"),
    ExceptionGroup("two", [ValueError("a"), OSError("b")]),
    Unprintable(),
    NoText(),
    ValueError("x" * 10_000_000),
    ValueError("\ud800 and \x00 and \u202e"),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_a_job_raises_it_is_in_the_retry_set_once_and_its_worker_goes_on(
    config: Config, redis, error: BaseException
) -> None:
    jobs = JobKit()

    @worker(registry=jobs.registry)
    def Raise() -> None:
        raise error

    with running_node(config, jobs, queues={"q": 1}) as node:
        before = node.whereis(names.worker("q", 1))
        jid = node.client.enqueue(Job(queue="q", class_="Raise", args=[]))
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        (failed,) = node.log.expect(JobFailed, jid=jid)
        node.log.expect(JobFinished)
        (member,) = redis.zrange("retry", 0, -1)
        written = json.loads(member)
        assert (written["jid"], written["error_class"]) == (jid, type(error).__name__)
        assert len(written["error_message"]) <= 10_000
        assert failed.exception is error
        assert node.whereis(names.worker("q", 1)) is before
        assert not redis.keys("inprogress:*")


def kill_thread(node: Node, name: str, error: type[BaseException]) -> None:
    """Have an error raised in a worker's thread, wherever it is."""
    thread = node.whereis(name).thread
    assert thread is not None
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(error)) == 1


def test_a_thread_that_is_struck_in_its_job_has_a_failed_job(config: Config, redis) -> None:
    jobs, at_door, door = JobKit(), threading.Event(), threading.Semaphore(0)

    @worker(registry=jobs.registry)
    def Wait() -> None:
        at_door.set()
        door.acquire()  # it is the job's alone: struck on its way in, it may take a lock along

    with running_node(config, jobs, queues={"q": 1}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Wait", args=[]))
        assert at_door.wait(20)
        kill_thread(node, "q.worker_1", OfItsOwn)  # raised when its wait is over: no blocking call can be broken
        door.release()
        (failed,) = node.log.expect(JobFailed, jid=jid)
        assert failed.error_class == "OfItsOwn"
        assert redis.zcard("retry") == 1


@pytest.mark.logs_errors("q.worker_1 crashed")
def test_a_worker_that_dies_with_a_job_in_hand_has_a_failed_job_at_once_and_a_successor(
    config: Config, redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: Worker, running_job: RunningJob) -> None:
        monkeypatch.undo()
        raise OfItsOwn(f"in its loop, with {running_job.job.jid}")

    monkeypatch.setattr(Worker, "_perform", die)
    with running_node(config, queues={"q": 1}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        (failed,) = node.log.expect(JobFailed, jid=jid)
        assert failed.error_class == "WorkerDied"
        assert failed.exception is None
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.log.expect(JobFinished)
        assert redis.zcard("retry") == 1
        assert not redis.keys("inprogress:*")


@pytest.mark.logs_errors("q.worker_1 crashed")
def test_a_worker_that_dies_before_its_job_was_noted_is_found_when_stuck_jobs_are_looked_for(
    config: Config, redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: Worker, running_job: object) -> None:
        monkeypatch.undo()
        raise OfItsOwn("with a job that nobody knows it has")

    monkeypatch.setattr(Worker, "_run_one", die)
    with running_node(config, queues={"q": 1}, stuck_job_seconds=0.2) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        (failed,) = node.log.expect(JobFailed, jid=jid)
        assert (failed.error_class, failed.backtrace) == ("WorkerDied", ())
        assert redis.zcard("retry") == 1


def set_forward(clock: ShiftedClock, seconds: float, node: Node) -> None:
    """Set the time of day forward, and have stuck jobs looked for."""
    clock.off_by_seconds += seconds
    node.whereis(names.workers_manager("q")).cast(Tick())


def hang(jobs: JobKit) -> None:
    """Wait at the gate, in a function to be seen in the stack."""
    jobs.gate.pass_through("hung")


def test_a_job_that_hangs_is_told_of_once_with_its_place_and_other_slots_and_queues_go_on(
    config: Config, redis, caplog: pytest.LogCaptureFixture
) -> None:
    jobs, clock, settings = (
        JobKit(),
        ShiftedClock(),
        {"queues": {"q": 2, "other": 1}, "stuck_job_seconds": HOUR_SECONDS},
    )

    @worker(registry=jobs.registry)
    def Hang() -> None:
        hang(jobs)

    with closing(Runtime(clock=clock)) as runtime, running_node(config, jobs, runtime, **settings) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Hang", args=[]))
        jobs.gate.wait_started(1)  # it is at its place
        set_forward(clock, HOUR_SECONDS, node)
        (stuck,) = node.log.expect(JobStuck, jid=jid)
        functions = [line.rpartition(":in ")[2] for line in stuck.stack]
        assert functions[-1].endswith("<locals>.Hang")  # the job's own frames, and none of its worker
        assert functions[-3:-1] == ["Gate.pass_through", "hang"]
        for queue in ("q", "other"):
            node.client.enqueue(Job(queue=queue, class_="Good", args=[queue]))
            node.log.expect(JobFinished, queue=queue)
        old = node.whereis(names.workers_manager("q"))
        old.kill()  # its successor knows what was told
        node.successor(old)
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[2]))
        jobs.gate.wait_started(2)
        set_forward(clock, HOUR_SECONDS, node)
        node.log.expect(JobStuck, class_="Waiting")
        assert len(node.log.of(JobStuck, jid=jid)) == 1
        jobs.gate.open()
        node.log.expect(JobFinished, jid=jid)
    lines = [record for record in caplog.records if f"Hang {jid} stuck" in record.getMessage()]
    assert [line.levelno for line in lines] == [logging.WARNING]
    assert lines[0].getMessage().endswith(stuck.stack[0])


def test_with_a_limit_of_0_no_job_is_called_stuck(config: Config) -> None:
    with running_node(config, queues={"q": 1}, stuck_job_seconds=0.0) as node:
        due = node.system.runtime.timers.next_due()
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        assert due is not None
        node.jobs.gate.open()
        node.log.expect(JobFinished)
        assert node.log.of(JobStuck) == []


@pytest.mark.parametrize(
    ("answer", "delay"),
    [
        (RuntimeError("no idea"), (18, 76)),
        (SystemExit(), (18, 76)),
        (math.nan, (18, 76)),
        (math.inf, (18, 76)),
        ("tomorrow", (18, 76)),
        (None, (18, 76)),
        (10**400, (18, 76)),
        (-1, (0, 0)),
        (1e308, (3650 * DAY_SECONDS, 3650 * DAY_SECONDS)),
    ],
    ids=repr,
)
def test_a_class_that_asks_for_an_impossible_retry_gets_a_possible_one(
    config: Config, redis, answer: object, delay: tuple[float, float]
) -> None:
    jobs = JobKit()

    @worker(registry=jobs.registry)
    class Asks:
        def perform(self) -> None:
            raise ValueError("bad")

        def retry_at(self, failed_at: float, attempt: int) -> object:
            if isinstance(answer, BaseException):
                raise answer
            return answer

    with running_node(config, jobs, queues={"q": 1}, poll_interval_seconds=3600.0) as node:
        node.look_for_due()  # and so not while there is one that is due at once
        node.client.enqueue(Job(queue="q", class_="Asks", args=[]))
        (failed,) = node.log.expect(JobFailed)
        ((_, score),) = redis.zrange("retry", 0, -1, withscores=True)
        assert delay[0] <= score - failed.failed_at <= delay[1]


def test_the_last_retry_is_buried_and_what_leaves_the_dead_set_for_it_is_counted(
    config: Config, redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "verk_actors.job_log")
    with running_node(config, queues={"q": 1}, max_dead_jobs=3) as node:
        redis.zadd("dead", {"too old": 1, "old": 2e9, "older": 1.9e9})
        for key in range(3):
            node.client.enqueue(Job(queue="q", class_="Bad", args=[key], max_retry_count=0))
            node.log.expect(JobDead, key + 1)
        trimmed = node.log.expect(DeadJobsTrimmed, 3)
        assert [event.count for event in trimmed] == [1, 1, 1]
        assert redis.zcard("dead") == 3
        assert redis.zcard("retry") == 0
        assert not redis.keys("inprogress:*")
    assert sum("left the dead set" in record.getMessage() for record in caplog.records) == 3
