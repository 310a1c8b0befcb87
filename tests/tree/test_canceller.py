"""A job is cancelled: while it runs, before it starts, or where it waits."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from support.async_jobs import AsyncKit, async_queue
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.process_jobs import ProcessJobs, pids

from verk_actors import Config, QueueConfig
from verk_actors.events import JobDead, JobFailed, JobFinished
from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.run import Cancellation, JobNotRunning
from verk_actors.messages import CancelJob, ResizeQueue, RunningJobs
from verk_actors.otp import CountChildren
from verk_actors.tree import names
from verk_actors.tree.messages import LeaseRenewed, Tick, WorkersFree
from verk_actors.tree.running_job import RunningJob
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job

NEVER = 3600.0  # a grace time that no test waits for


@pytest.fixture
def config(config: Config, time_to_answer: None) -> Config:
    return attrs.evolve(config, node_id="n1", cancel_grace_seconds=NEVER)


class Heeding(JobKit):
    """Jobs that look whether they are cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = threading.Event()
        kit = self

        @worker(registry=self.registry)
        class Raise(JobClass):
            def perform(self) -> None:
                job = current_job()
                while job is not None:
                    job.check_cancelled()
                    kit.looked.wait(0.001)

        @worker(registry=self.registry)
        class Return(JobClass):
            def perform(self) -> None:
                job = current_job()
                while job is not None and not job.cancelled:
                    kit.looked.wait(0.001)

        self.Raise, self.Return = Raise, Return


def start(node: Node, class_: str = "Waiting", *args: object, queue: str = "q", **fields: object) -> str:
    """Start a job, and wait until it runs."""
    jid = node.client.enqueue(Job(queue=queue, class_=class_, args=list(args), **fields))  # type: ignore[arg-type]
    eventually(lambda: any(run.jid == jid for run in node.system.ask(RunningJobs())), "the run")
    return jid


def dead(node: Node) -> Job:
    """Return the only dead job."""
    [job] = node.client.dead.range()
    assert isinstance(job, Job)
    return job


@pytest.mark.parametrize("class_", ["Raise", "Return"])
def test_a_thread_that_looks_ends_and_its_job_is_dead_marked_as_cancelled(config: Config, class_: str) -> None:
    """Conformance case 226: the job lands in dead with "Canceled" and leaves the busy list."""
    with running_node(config, Heeding(), queues={"q": 1}) as node:
        jid = start(node, class_)

        assert node.system.ask(CancelJob(jid)) == Cancellation(jid=jid, where="running", queue="q", node="n1")

        [event] = node.log.expect(JobDead, jid=jid)
        assert (event.reason, event.error_class, event.error_message) == ("cancelled", "JobCancelled", "Canceled")
        assert [failed.final for failed in node.log.of(JobFailed)] == [True]
        assert (dead(node).jid, dead(node).error_message) == (jid, "Canceled")
        assert node.system.ask(RunningJobs()) == []
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))  # by the same worker
        node.log.expect(JobFinished)
        assert node.status().abandoned == ()


def test_a_job_that_succeeds_before_it_looks_has_succeeded(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        jid = start(node, "Waiting", 1)
        node.system.ask(CancelJob(jid))
        node.jobs.gate.open()
        node.log.expect(JobFinished, jid=jid)
        assert node.client.dead.count() == 0


@pytest.mark.logs_errors("did not stop within 1.5 s")
def test_a_thread_that_does_not_look_is_left_and_its_worker_replaced(config: Config) -> None:
    """The worker's end is no crash: with no restart allowed, the queue works on."""
    with running_node(config, queues={"q": 1}, cancel_grace_seconds=0.0, max_restarts=0) as node:
        before = node.whereis("q.worker_1")
        jid = start(node, "Waiting", 1)
        node.jobs.gate.wait_started(1)  # the frames are the job's own from then on
        node.system.ask(CancelJob(jid))
        [event] = node.log.expect(JobDead, jid=jid)
        assert event.reason == "cancelled"
        assert any("pass_through" in frame for frame in node.log.of(JobFailed)[0].backtrace)
        node.successor(before)
        assert node.status().abandoned == ("q.worker_1",)
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)
        node.jobs.gate.open()
        node.jobs.gate.wait_ended(1)
        eventually(lambda: node.status().abandoned == (), "end of the thread")
        assert len(node.log.of(JobDead)) == 1  # what it came to in the end counts no more
        assert node.client.counters.totals().processed == 2


@pytest.mark.logs_errors("did not stop within 1.5 s")
def test_a_worker_that_is_to_end_after_its_job_is_not_replaced_where_that_is_left(config: Config) -> None:
    with running_node(config, queues={"q": 2}, cancel_grace_seconds=0.0) as node:
        start(node, "Waiting", 1)
        start(node, "Waiting", 2)
        surplus = node.whereis("q.worker_2")
        [jid] = [run.jid for run in node.system.ask(RunningJobs()) if run.worker == str(surplus)]
        node.system.ask(ResizeQueue("q", 1))
        node.system.ask(CancelJob(jid))
        node.log.expect(JobDead, jid=jid)
        eventually(lambda: node.status().abandoned == ("q.worker_2",), "the worker's end")
        pool = node.whereis(names.worker_pool("q"))
        with pytest.raises(JobNotRunning):
            node.system.ask(CancelJob("nobody"))  # the Canceller has told the pool by then
        pool.ask(CountChildren())  # which has heeded that by then
        assert [str(row.ref) for row in pool.children] == ["q.worker_1"]
        node.jobs.gate.open()
        node.jobs.gate.wait_ended(2)


def test_behind_a_task_that_goes_on_no_job_waits_here(config: Config, redis) -> None:
    kit = AsyncKit()

    @worker(registry=kit.registry)
    class Stubborn(JobClass):
        async def perform(self) -> None:
            kit.see("began")
            while not kit.seen["let go"]:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.001)

    with running_node(config, kit, queues={"q": async_queue(1)}, cancel_grace_seconds=0.0) as node:
        jid = start(node, "Stubborn")
        kit.wait_seen("began")  # given up before that it leaves no task that goes on
        node.system.ask(CancelJob(jid))
        node.log.expect(JobDead, jid=jid)
        after = node.client.enqueue(Job(queue="q", class_="Note", args=[2]))
        node.whereis("q.queue_manager").ask(LeaseRenewed())
        node.whereis("q.queue_manager").ask(WorkersFree())
        assert redis.llen("queue:q") == 1  # for other nodes to take
        kit.see("let go")
        node.log.expect(JobFinished, jid=after)


def test_a_task_that_returns_before_it_can_hear_of_it_has_succeeded(config: Config) -> None:
    """It was marked as cancelled, though nothing of it was: whoever runs it again would run it twice."""
    kit, go_on = AsyncKit(), threading.Event()

    @worker(registry=kit.registry)
    class Blocking(JobClass):
        async def perform(self) -> None:
            go_on.wait(20)

    with running_node(config, kit, queues={"q": async_queue()}) as node:
        jid = start(node, "Blocking")
        node.system.ask(CancelJob(jid))
        go_on.set()
        node.log.expect(JobFinished, jid=jid)
        assert node.client.dead.count() == 0


def test_a_task_is_cancelled_at_its_await(config: Config) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue()}) as node:
        jid = start(node, "Hold", 1)
        other = start(node, "Hold", 2)
        node.system.ask(CancelJob(jid))
        [event] = node.log.expect(JobDead, jid=jid)
        assert event.reason == "cancelled"
        assert kit.seen["cancelled", 1] == 1
        kit.open()
        node.log.expect(JobFinished, jid=other)


@pytest.mark.slow  # a process is started
def test_a_process_that_does_not_look_is_killed(config: Config, tmp_path: Path) -> None:
    file, queue = tmp_path / "signed", QueueConfig(size=1, executor="process")
    with running_node(config, ProcessJobs(), queues={"q": queue}, cancel_grace_seconds=0.0) as node:  # type: ignore[arg-type]
        jid = start(node, "Hang", str(file))
        eventually(lambda: pids(file), "the process")
        node.system.ask(CancelJob(jid))
        [event] = node.log.expect(JobDead, jid=jid)
        assert (event.reason, event.error_message) == ("cancelled", "Canceled")
        after = node.client.enqueue(Job(queue="q", class_="Sign", args=[str(file)]))
        node.log.expect(JobFinished, jid=after)
        assert len(set(pids(file))) == 2  # a fresh process


@pytest.mark.slow  # a process is started
@pytest.mark.parametrize("class_", ["HeedAndReturn", "HeedAndRaise"])
def test_a_process_that_looks_ends_its_job_and_serves_the_next(config: Config, tmp_path: Path, class_: str) -> None:
    file, queue = tmp_path / "signed", QueueConfig(size=1, executor="process")
    with running_node(config, ProcessJobs(), queues={"q": queue}) as node:  # type: ignore[arg-type]  # alike
        jid = start(node, class_, str(file))
        eventually(lambda: pids(file), "the process")
        node.system.ask(CancelJob(jid))
        [event] = node.log.expect(JobDead, jid=jid)
        assert (event.reason, event.error_message) == ("cancelled", "Canceled")
        after = node.client.enqueue(Job(queue="q", class_="Sign", args=[str(file)]))
        node.log.expect(JobFinished, jid=after)
        assert len(set(pids(file))) == 1


def test_a_job_that_waits_for_a_worker_never_runs(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        start(node, "Waiting", 1)
        payload = b'{"class":"Good","args":["never"],"jid":"fetched","queue":"q","retry":true}'
        redis.lpush("inprogress:q:n1", payload)  # as a prefetch does
        node.state.queues["q"].running_jobs.add(RunningJob(payload, decode(payload, "q")))

        assert node.system.ask(CancelJob("fetched")).where == "queue"

        node.log.expect(JobDead, jid="fetched")
        node.jobs.gate.open()
        node.log.expect(JobFinished)
        assert node.jobs.runs["Good", "never"] == 0


def test_what_does_not_run_here_can_not_be_cancelled_here(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node, pytest.raises(JobNotRunning):
        node.system.ask(CancelJob("nobody"))


@pytest.mark.logs_errors("did not stop within 1.5 s")
def test_a_stop_does_not_hand_a_cancelled_job_back(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=0.0) as node:
        jid = start(node, "Waiting", 1)
        node.system.ask(CancelJob(jid))
        node.system.stop()
        assert redis.llen("queue:q") == 0
        assert dead(node).jid == jid
        node.jobs.gate.open()
        node.jobs.gate.wait_ended(1)


@pytest.mark.logs_errors("did not stop within 1.5 s")
def test_a_successor_of_the_actor_sees_to_what_was_asked(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        before, jid = node.whereis("q.worker_1"), start(node, "Waiting", 1)
        node.system.ask(CancelJob(jid))
        canceller = node.whereis("canceller")
        object.__setattr__(node.state.config, "cancel_grace_seconds", 0.0)
        canceller.kill()
        node.successor(canceller)
        node.log.expect(JobDead, jid=jid)
        node.successor(before)


@pytest.fixture
def two(config: Config) -> Iterator[tuple[Node, Node]]:
    other = attrs.evolve(config, node_id="n2")
    with running_node(config, Heeding(), queues={"q": 1}) as one, running_node(other, queues={"p": 1}) as two:
        yield one, two


def test_a_running_job_is_cancelled_from_anywhere(two: tuple[Node, Node]) -> None:
    node, other = two
    jid = start(node, "Raise")

    assert other.client.cancel(jid) == Cancellation(jid=jid, where="running", queue="q", node="n1")
    node.log.expect(JobDead, jid=jid)
    assert other.client.cancel(jid) is None


def test_exqs_signal_cancels_too(config: Config, redis) -> None:
    """Conformance case 226, as Exq sends it."""
    with running_node(config, Heeding(), queues={"q": 1}) as node:
        jid, presence = start(node, "Raise"), node.whereis("presence")
        presence.ask(Tick())  # the first beat forgets what was asked of a process before
        redis.lpush("verk:process:n1-signals", "CANCEL:{", "CANCEL:[]", f'CANCEL:{{"pid":"1","jid":"{jid}"}}')
        presence.ask(Tick())
        node.log.expect(JobDead, jid=jid)
