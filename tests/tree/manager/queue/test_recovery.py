"""What one actor does when another has died in the middle of something; each test is a bug that was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import JobFenced, JobFinished, QueuePaused, QueuePausing, QueueRunning
from verk_actors.messages import AddQueue, PauseQueue, RemoveQueue, ResizeQueue, ResumeQueue
from verk_actors.otp import Ref
from verk_actors.otp.testing import ManualRuntime
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.manager.queue.queue_manager import QueueManager
from verk_actors.tree.manager.queue.workers_manager import WorkersManager
from verk_actors.tree.messages import HandBack, JobsMoved, RemovalDue
from verk_actors.tree.running_job import SUCCEEDED, RunningJob
from verk_actors.tree.running_jobs import Nudged, RunningJobs
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job


def test_jobs_fetched_by_a_queue_manager_that_died_before_it_told_are_run(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = QueueManager._report
    died: list[Ref] = []

    def die_once(self: QueueManager) -> None:
        if self._table.channel and not died:
            died.append(self.actor_ref)
            self.actor_ref.kill()
            return
        report(self)

    monkeypatch.setattr(QueueManager, "_report", die_once)
    with running_node(config, queues={"q": 3}) as node:
        for key in range(6):
            node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
        node.log.expect(JobFinished, 6)
        assert sorted(node.jobs.order) == list(range(6))
        assert died


def test_a_job_that_ends_while_its_workers_manager_dies_is_settled_once(config: Config, redis) -> None:
    with running_node(config, queues={"q": 4}, max_restarts=1000) as node:
        for round_ in range(20):
            for key in range(20):
                node.client.enqueue(Job(queue="q", class_="Good", args=[f"{round_}-{key}"]))
            old = node.whereis(names.workers_manager("q"))
            old.kill()
            node.successor(old)
        eventually(lambda: node.jobs.runs.total() == 400, "all runs")
        node.log.expect(JobFinished, 400)
        assert node.log.of(JobFenced) == []
        assert int(redis.get("stat:processed")) == 400


def test_of_two_identical_jobs_each_is_settled_on_its_own(config: Config, redis) -> None:
    payload = b'{"class":"Good","args":["twin"],"jid":"same","queue":"q"}'
    with running_node(config, queues={"q": 2}) as node:
        redis.lpush("queue:q", *[payload] * 50)
        node.log.expect(JobFinished, 50)
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
        assert node.jobs.runs["Good", "twin"] == 50
        assert node.log.of(JobFenced) == []


def test_a_paused_queue_fetches_nothing_after_its_workers_manager_died(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        old = node.whereis(names.workers_manager("q"))
        node.system.ask(PauseQueue("q"))
        old.kill()
        node.successor(old)
        node.jobs.gate.open()
        node.log.expect(QueuePaused, queue="q")
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        assert redis.llen("queue:q") == 1
        assert node.jobs.order == []


def test_a_lost_job_that_comes_back_while_it_still_runs_is_not_started_twice(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}, heartbeat_seconds=0.2) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        (payload,) = redis.lrange(f"inprogress:q:{node.config.node_id}", 0, -1)
        # What a peer does that takes this node for dead.
        redis.lrem(f"inprogress:q:{node.config.node_id}", 1, payload)
        table = node.state.queues["q"].running_jobs
        eventually(lambda: not table.held, "the loss to be noticed")
        redis.rpush("queue:q", payload)
        eventually(lambda: table.held, "the job's return")
        node.jobs.gate.open()
        node.log.expect(JobFinished)
        assert node.jobs.runs == {("Waiting", 1): 1}
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")


def test_a_lost_job_is_fenced_at_its_end_and_told_once(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}, heartbeat_seconds=0.2) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        redis.delete(f"inprogress:q:{node.config.node_id}")
        table = node.state.queues["q"].running_jobs
        eventually(lambda: not table.held, "the loss to be noticed")
        node.jobs.gate.open()
        node.log.expect(JobFenced, jid=jid)
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.log.expect(JobFinished, class_="Good")
        assert len(node.log.of(JobFenced)) == 1
        assert redis.get("stat:processed") == b"1"


def test_a_job_that_a_late_fetch_left_in_progress_is_found_at_the_next_heartbeat(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}, heartbeat_seconds=0.2) as node:
        redis.lpush(f"inprogress:q:{node.config.node_id}", b'{"class":"Good","args":["late"],"queue":"q"}')
        eventually(lambda: node.jobs.order == ["late"], "the job's run")


def test_never_more_jobs_are_taken_than_there_are_workers(config: Config, redis) -> None:
    most = 0
    with running_node(config, queues={"q": 4}) as node:
        table = node.state.queues["q"].running_jobs
        for key in range(300):
            node.client.enqueue(Job(queue="q", class_="Good", args=[key]))

        def ended() -> bool:
            nonlocal most
            most = max(most, len(table.held))
            return node.jobs.runs.total() == 300

        eventually(ended, "all runs")
        assert most <= 4


@pytest.mark.logs_errors("did not stop within")
def test_removing_a_queue_waits_until_redis_has_its_jobs(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=0.2) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.whereis(names.queue_supervisor("q")).kill()  # its successor pauses for a second
        node.system.ask(RemoveQueue("q"), timeout=20)
        assert (redis.llen("queue:q"), redis.keys("inprogress:*")) == (1, [])
        node.jobs.gate.open()


def test_a_removal_leaves_no_timer_that_cuts_the_next_one_short(config: Config) -> None:
    runtime = ManualRuntime()
    with running_node(config, runtime=runtime, heartbeat_seconds=36_000.0, shutdown_timeout_seconds=100.0) as node:
        node.system.ask(AddQueue("q", 1))
        runtime.advance(1)
        node.system.ask(RemoveQueue("q"), timeout=20)
        runtime.advance(60)
        node.system.ask(AddQueue("q", 1))
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        removed = node.system.ask(RemoveQueue("q"), block=False)
        node.log.expect(QueuePausing, 2, queue="q")
        runtime.clock.move_to(runtime.clock.monotonic() + 60)  # past the first removal's limit; a job still runs
        runtime.timers.run_due()
        node.jobs.gate.open()
        removed.get(timeout=20)
        node.log.expect(JobFinished, queue="q")


def test_a_configured_queue_that_was_removed_stays_removed_when_the_manager_crashes(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(RemoveQueue("q"), timeout=20)
        old = node.whereis(names.MANAGER)
        old.kill()
        node.successor(old)
        assert node.status().queues == {}
        node.system.ask(AddQueue("q", 1))
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)


def test_a_node_that_stops_resumes_no_queue_and_fetches_no_more(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        stopped = node.system.stop(block=False)
        node.log.expect(QueuePausing, queue="q")
        manager = node.system.whereis(names.MANAGER)
        manager.cast(ResumeQueue("q"))
        old = node.whereis(names.workers_manager("q"))
        old.kill()
        node.successor(old)
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.jobs.gate.open()
        stopped.get(timeout=20)
        assert node.jobs.order == []
        assert redis.llen("queue:q") == 1
        assert len(node.log.of(QueueRunning)) <= 1


def test_a_worker_tells_the_successor_of_a_workers_manager_that_died_under_it() -> None:
    class Manager:
        def __init__(self, alive: bool) -> None:
            self.alive, self.told = alive, 0

        def cast(self, _: object) -> bool:
            self.told += 1
            if not self.alive:
                nudged.ref = successor  # type: ignore[assignment]
            return self.alive

    successor = Manager(alive=True)
    nudged = Nudged(JobsMoved(), Manager(alive=False))  # type: ignore[arg-type]
    nudged.nudge()
    assert (successor.told, nudged.told) == (1, True)


def test_a_job_whose_worker_died_before_it_was_noted_is_still_seen_to() -> None:
    table = RunningJobs(is_open=True)
    job = RunningJob(b"x", None)
    table.add(job)
    worker: Any = object()
    assert table.claim(worker) is job
    assert job.worker is worker


def test_what_has_ended_before_it_began_is_claimed_by_nobody() -> None:
    table = RunningJobs(is_open=True)
    table.add(RunningJob(b"x", None, outcome=SUCCEEDED))
    assert table.claim(object()) is None  # type: ignore[arg-type]


def test_jobs_that_come_when_the_queue_is_paused_go_back_to_it(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePausing)
        payload = b'{"class":"Good","args":["late"],"jid":"late","queue":"q"}'
        late = RunningJob(payload, decode(payload, "q"))
        redis.lpush(f"inprogress:q:{node.config.node_id}", payload)
        node.state.queues["q"].running_jobs.add(late)
        node.whereis(names.workers_manager("q")).cast(JobsMoved())
        eventually(lambda: redis.lrange("queue:q", 0, -1) == [payload], "the late job in its queue")
        node.jobs.gate.open()
        node.log.expect(QueuePaused)
        assert node.jobs.order == []


def test_a_job_that_was_handed_back_is_told_of_by_no_event_when_it_ends_all_the_same(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.whereis(names.MANAGER).cast(HandBack())
        node.log.expect(QueuePaused)
        node.jobs.gate.open()
        node.jobs.gate.wait_ended(1)
        node.system.ask(ResumeQueue("q"))
        node.log.expect(JobFinished)  # of the run that the queue gave again
        assert node.jobs.runs == {("Waiting", 1): 2}
        assert len(node.log.of(JobFinished)) == 1


def test_a_job_that_ends_while_a_stop_gives_the_rest_back_is_settled(
    config: Config, redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back = WorkersManager._give_back

    def end_first(self: WorkersManager, jobs: Sequence[RunningJob]) -> None:
        if jobs:
            node.jobs.gate.open()
            eventually(lambda: jobs[0].outcome, "the end of the job")
        give_back(self, jobs)

    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=0.1) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        monkeypatch.setattr(WorkersManager, "_give_back", end_first)
        node.system.stop()
    assert redis.get("stat:processed") == b"1"
    assert not redis.keys("inprogress:*")


def test_a_removal_that_is_due_in_the_moment_it_is_done_harms_nobody(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        manager = node.whereis(names.MANAGER)
        node.system.ask(RemoveQueue("q"), timeout=20)
        manager.cast(RemovalDue("q"))  # was in the inbox when the removal ended
        node.system.ask(AddQueue("q", 1))
        manager.cast(RemovalDue("q"))
        node.system.ask(ResizeQueue("q", 1), timeout=10)  # read behind it
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)
        assert node.whereis(names.MANAGER) is manager
