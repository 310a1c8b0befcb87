"""Running jobs: listed and inspected, at their node and from anywhere."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import attrs
import pytest
from support.async_jobs import AsyncKit, async_queue
from support.eventually import eventually
from support.nodes import Node, running_node
from support.process_jobs import ProcessJobs, pids

from verk_actors.client import Client
from verk_actors.errors import QueueNotFound
from verk_actors.events import JobFinished
from verk_actors.jobs.run import JobNotRunning, JobRun, NodesSilent
from verk_actors.messages import InspectJob, RunningJobs
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job


@pytest.fixture
def config(config: Config, time_to_answer: None) -> Config:
    return attrs.evolve(config, node_id="n1")


def start(node: Node, *keys: object, queue: str = "q") -> list[str]:
    """Start a waiting job for each key, one after the other; returns their ids."""
    jids = []
    for key in keys:
        before = node.jobs.gate.started.total()
        jids.append(node.client.enqueue(Job(queue=queue, class_="Waiting", args=[key])))
        node.jobs.gate.wait_started(before + 1)
    return jids


def test_a_node_lists_its_running_jobs_the_oldest_first(config: Config) -> None:
    """Verk's A21, running_jobs/2: of one queue, at most so many; none where none runs."""
    with running_node(config, queues={"q": 3, "p": 1, "empty": 1}) as node:
        first, second = start(node, "a", "b")
        [other] = start(node, "c", queue="p")

        runs = node.system.ask(RunningJobs("q"))

        assert [(run.node, run.queue, run.jid, run.class_, run.args) for run in runs] == [
            ("n1", "q", first, "Waiting", ["a"]),
            ("n1", "q", second, "Waiting", ["b"]),
        ]
        assert 0 < runs[0].started_at <= runs[1].started_at
        assert runs[0].elapsed_seconds >= 0
        assert runs[0].worker.startswith("q.worker_")
        assert [run.jid for run in node.system.ask(RunningJobs())] == [first, second, other]
        assert [run.jid for run in node.system.ask(RunningJobs(limit=1))] == [first]
        assert node.system.ask(RunningJobs("empty")) == []


def test_a_queue_that_the_node_does_not_run_is_an_error(config: Config) -> None:
    """Verk's A21 raises where the table of the queue is gone."""
    with running_node(config, queues={"q": 1}) as node, pytest.raises(QueueNotFound):
        node.system.ask(RunningJobs("other"))


def test_a_job_that_waits_for_a_worker_is_not_running(config: Config) -> None:
    with running_node(config, queues={"q": QueueConfig(size=1, prefetch=5)}) as node:
        jids = start(node, "a")
        node.client.enqueue(Job(queue="q", class_="Good", args=["b"]))

        assert [run.jid for run in node.system.ask(RunningJobs())] == jids


def test_a_running_job_is_inspected_with_its_stack(config: Config) -> None:
    """Verk's A22, inspect_worker/2."""
    with running_node(config, queues={"q": 3}) as node:
        jid, _ = start(node, "a", "b")

        run = node.system.ask(InspectJob(jid))

        assert (run.jid, run.args) == (jid, ["a"])
        assert any("in Gate.pass_through" in frame for frame in run.stack)
        assert run.stack[-1].endswith("Waiting.perform")


def test_a_job_that_does_not_run_can_not_be_inspected(config: Config) -> None:
    """Verk's A22, not_found."""
    with running_node(config, queues={"q": 1}) as node:
        with pytest.raises(JobNotRunning, match="no job 'nobody' runs"):
            node.system.ask(InspectJob("nobody"))
        jid = node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)
        with pytest.raises(JobNotRunning):
            node.client.inspect(jid)


def test_of_two_runs_of_one_job_the_first_is_inspected(config: Config) -> None:
    """Verk's A22 raises here; a job can run twice after a crash."""
    with running_node(config, queues={"q": 3}) as node:
        for key in ("a", "b"):
            before = node.jobs.gate.started.total()
            node.client.enqueue(Job(queue="q", class_="Waiting", args=[key], jid="same"))
            node.jobs.gate.wait_started(before + 1)

        assert node.system.ask(InspectJob("same")).args == ["a"]


def test_of_a_task_the_stack_is_that_of_its_coroutine(config: Config) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue(size=5)}) as node:
        jids = [node.client.enqueue(Job(queue="q", class_="Hold", args=[number])) for number in range(2)]
        for number in range(2):
            kit.wait_seen("began", number)

        def waiting() -> JobRun | None:
            run = node.client.inspect(jids[1])
            return run if any("in AsyncKit.hold" in frame for frame in run.stack) else None

        run = eventually(waiting, "the task in its wait")  # it runs on for a moment after it has begun
        assert run.args == [1]
        assert "Hold.perform" in run.stack[-1]
        kit.open()


@pytest.mark.slow  # a process is started
def test_a_job_in_a_process_of_its_own_is_inspected_with_its_frames_there(config: Config, tmp_path: Path) -> None:
    queue, file = QueueConfig(size=1, executor="process"), tmp_path / "pids"
    with running_node(config, ProcessJobs(), queues={"q": queue}, shutdown_timeout_seconds=0.0) as node:  # type: ignore[arg-type]  # alike
        jid = node.client.enqueue(Job(queue="q", class_="Hang", args=[str(file)]))
        eventually(lambda: pids(file), "the job")

        # No frames where the process, on a busy machine, does not tell them in time.
        eventually(lambda: any("in Hang" in frame for frame in node.client.inspect(jid).stack[-1:]), "its own frames")

        os.kill(pids(file)[0], signal.SIGSTOP)
        os.waitid(os.P_PID, pids(file)[0], os.WSTOPPED)  # until then it may tell
        run = node.client.inspect(jid)
        assert (run.jid, run.stack) == (jid, ())


def test_a_job_is_inspected_from_anywhere(config: Config) -> None:
    with (
        running_node(config, queues={"q": 1}) as node,
        running_node(attrs.evolve(config, node_id="n2"), queues={"p": 1}),
    ):
        [jid] = start(node, "é\n")

        run = node.client.inspect(jid)

        assert (run.node, run.queue, run.jid, run.args) == ("n1", "q", jid, ["é\n"])
        assert any("in Gate.pass_through" in frame for frame in run.stack)


def test_the_running_jobs_of_all_nodes_are_read_from_redis(config: Config) -> None:
    with (
        running_node(config, queues={"q": 1}) as one,
        running_node(attrs.evolve(config, node_id="n2"), queues={"p": 1}) as two,
    ):
        jids = [*start(one, "a"), *start(two, "b", queue="p")]
        for node in (one, two):
            node.whereis("presence").ask(Tick())

        runs = one.client.running()

        assert {(run.node, run.jid) for run in runs} == set(zip(("n1", "n2"), jids, strict=True))


def test_a_node_that_does_not_answer_is_told_of(config: Config, redis, monkeypatch) -> None:
    redis.sadd("verk_nodes", "frozen")
    redis.set("verk:node:frozen", "token", px=60_000)
    with running_node(config, queues={"q": 1}) as node:
        with monkeypatch.context() as haste, pytest.raises(NodesSilent, match="frozen"):
            haste.setattr("verk_actors.client.job_runs._ANSWER_SECONDS", 0.05)
            node.client.inspect("nobody")
        redis.delete("verk:node:frozen:requests")
        [jid] = start(node, "a")
        # Nonsense is no answer either, and comes at once: so the other node has all the time that it needs.
        answering = threading.Thread(target=answer_nonsense, args=(redis, "frozen"))
        answering.start()
        assert node.client.inspect(jid).jid == jid
        answering.join()


def test_a_node_of_verk_is_not_asked_and_an_answer_that_is_none_counts_as_silence(config: Config, redis) -> None:
    """A job that is nowhere was looked for in vain for six seconds, and then uncertain, where Verk was there too."""
    redis.sadd("verk_nodes", "verk")
    redis.set("verk:node:verk", "alive")
    with Client(config) as client:
        assert client.cancel("nowhere") is None
        assert not redis.exists("verk:node:verk:requests")

        redis.sadd("verk_nodes", "odd")
        redis.set("verk:node:odd", "token")
        answering = threading.Thread(target=answer_nonsense, args=(redis, "odd"))
        answering.start()
        with pytest.raises(NodesSilent, match="odd"):
            client.inspect("nowhere")
        answering.join()


def answer_nonsense(redis, node_id: str) -> None:
    """Answer one question to a node."""
    _, question = redis.blpop([f"verk:node:{node_id}:requests"], timeout=20)
    redis.rpush(b"verk:reply:" + question.partition(b" ")[0], '{"node": 1}')
