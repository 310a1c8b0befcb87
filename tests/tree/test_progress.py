"""How far running jobs are: said by jobs of every executor, seen wherever running jobs are, told to listeners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.eventually import eventually
from support.nodes import Node, running_node
from support.process_jobs import ProcessJobs

from verk_actors.events import JobDead, JobProgressed
from verk_actors.jobs.progress import JobProgress
from verk_actors.messages import InspectJob, RunningJobs
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree import names
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job

QUEUES: dict[str, Any] = {
    "thread": 2,
    "async": QueueConfig(executor="async"),
    "process": QueueConfig(size=1, executor="process"),
}
EXECUTORS = ["thread", "async", pytest.param("process", marks=pytest.mark.slow)]  # a process is started
WORDS = [[number, 100, "reading"] for number in range(98)]
NINETY_SEVEN = JobProgress(done=97.0, total=100.0, message="reading")


@pytest.fixture
def node(config: Config, time_to_answer: None) -> Iterator[Node]:
    with running_node(config, ProcessJobs(), queues=QUEUES) as node:  # type: ignore[arg-type]  # alike
        yield node


def start(node: Node, queue: str, *words: object) -> str:
    """Start a job that says so, and wait until it has; returns its id."""
    class_ = "ProgressLater" if queue == "async" else "Progress"
    jid = node.client.enqueue(Job(queue=queue, class_=class_, args=list(words)))
    eventually(lambda: of_node(node, jid) if words else jid in running(node), "the job")
    return jid


def running(node: Node) -> dict[str, JobProgress | None]:
    return {run.jid: run.progress for run in node.system.ask(RunningJobs())}


def of_node(node: Node, jid: str) -> JobProgress | None:
    return running(node).get(jid)


def end(node: Node, jid: str) -> None:
    node.client.cancel(jid)
    node.log.expect(JobDead, jid=jid)


def look(node: Node) -> None:
    node.whereis(names.EVENT_PRODUCER).cast(Tick())


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_a_job_said_last_is_seen_by_its_node_from_anywhere_and_by_listeners(node: Node, executor: str) -> None:
    jid = start(node, executor, *WORDS)
    eventually(lambda: of_node(node, jid) == NINETY_SEVEN, "the last word")

    assert node.system.ask(InspectJob(jid)).progress == node.client.inspect(jid).progress == NINETY_SEVEN
    node.whereis("presence").ask(Tick())
    assert {run.jid: run.progress for run in node.client.running()}[jid] == NINETY_SEVEN
    look(node)
    node.log.wait_for(lambda: NINETY_SEVEN in [one.progress for one in node.log.of(JobProgressed, jid=jid)], "event")
    end(node, jid)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_next_job_of_a_worker_starts_from_nothing(node: Node, executor: str) -> None:
    end(node, start(node, executor, [1, 2]))
    silent = start(node, executor)

    assert running(node) == {silent: None}
    assert node.client.inspect(silent).progress is None
    end(node, silent)


def test_of_one_who_says_nothing_new_nothing_more_is_told(node: Node) -> None:
    first, second = start(node, "thread", [1]), start(node, "thread", [2, 3, "more"])
    for _ in range(3):
        look(node)
    [one] = node.log.expect(JobProgressed, jid=second)
    assert (one.queue, one.progress) == ("thread", JobProgress(done=2.0, total=3.0, message="more"))
    look(node)
    for jid in (first, second):
        end(node, jid)

    assert [len(node.log.of(JobProgressed, jid=jid)) for jid in (first, second)] == [1, 1]


@pytest.mark.slow  # a second passes
def test_listeners_are_told_within_a_second_or_so_also_after_a_crash(node: Node) -> None:
    producer = node.whereis(names.EVENT_PRODUCER)
    producer.kill()
    node.successor(producer)
    jid = start(node, "thread", [1])

    node.log.expect(JobProgressed, jid=jid)
    end(node, jid)


def test_a_job_that_says_nonsense_fails_as_with_any_other_mistake(node: Node) -> None:
    jid = node.client.enqueue(Job(queue="thread", class_="Progress", args=[["much"]], max_retry_count=0))

    [dead] = node.log.expect(JobDead, jid=jid)
    assert (dead.error_class, dead.error_message) == ("TypeError", "done must be a number, not a str")
