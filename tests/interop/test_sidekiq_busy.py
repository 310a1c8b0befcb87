"""Sidekiq's Busy page shows our node with what it runs, and quiets and stops it; its API does too.

Conformance 236, 2.6 (b): processes, running jobs, signals.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from redis import Redis
from support.eventually import eventually
from support.nodes import Node, running_node
from support.sidekiq import Console, Page, Web

from verk_actors.events import JobFinished, QueuePaused, QueuePausing
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job

pytestmark = pytest.mark.needs("ruby", "sidekiq")

WORK = "Sidekiq::WorkSet.new.map { |process, thread, work| [process, work['queue'], work['run_at'], work['payload']] }"


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    queues = {"default": 3, "other": 2}
    with running_node(config, queues=queues, node_id="web-1") as node:
        yield node


def beat(node: Node) -> None:
    """Have the node tell of itself now, and do what was asked of it."""
    node.whereis(names.PRESENCE).ask(Tick(), timeout=10)


def run(node: Node, *jobs: Job) -> list[str]:
    """Have jobs start and go on; returns their jids once Sidekiq may know."""
    jids = node.client.enqueue_many(jobs)
    node.jobs.gate.wait_started(len(jobs))
    beat(node)
    return jids


def busy(web: Web, *parts: str) -> Page:
    """Return the Busy page as soon as it shows all of these."""

    def look() -> Page | None:
        page = web.get("/busy")
        assert page.status == 200
        return page if all(part in page.text for part in parts) else None

    return eventually(look, f"{parts} on the page")


def test_the_api_shows_our_node_among_the_processes(node: Node, ruby: Console, redis: Redis) -> None:
    run(node, Job(class_="Waiting", args=[1]), Job(class_="Waiting", args=[2], queue="other"))

    [seen] = ruby(
        "Sidekiq::ProcessSet.new.map { |process| [process.identity, process.tag, process.queues, process.labels,"
        " process.stopping?, process['hostname'], process['pid'], process['concurrency'], process['rss'] > 1000,"
        " (Time.now.to_f - process['beat']).abs < 60, (Time.now.to_f - process['started_at']).abs < 60] }"
    )

    assert seen == [
        seen[0], "web-1", ["default", "other"], [], False, os.uname().nodename, os.getpid(), 5, True, True, True,
    ]  # fmt: skip
    assert ruby("stats = Sidekiq::Stats.new; [stats.processes_size, stats.workers_size]") == [1, 2]
    assert ruby("[Sidekiq::ProcessSet.new.total_concurrency, Sidekiq::WorkSet.new.size]") == [5, 2]


def test_the_api_shows_the_running_jobs(node: Node, ruby: Console) -> None:
    jids = run(node, Job(class_="Waiting", args=["Grüße"]), Job(class_="Waiting", args=[2]))

    shown = ruby(WORK)

    assert {work[3]["jid"]: work[3]["args"] for work in shown} == dict(zip(jids, (["Grüße"], [2]), strict=True))
    assert {(work[1], work[3]["class"], type(work[2])) for work in shown} == {("default", "Waiting", int)}
    assert {work[0] for work in shown} == {ruby("Sidekiq::ProcessSet.new.first.identity")}

    node.jobs.gate.open()
    node.log.expect(JobFinished, 2)
    eventually(lambda: node.state.queues["default"].running_jobs.held == {}, "the end of both")
    beat(node)
    assert ruby("[Sidekiq::WorkSet.new.size, Sidekiq::WorkSet.new.count]") == [0, 0]


def test_the_page_shows_our_node_and_what_it_runs(node: Node, web: Web) -> None:
    [jid] = run(node, Job(class_="Waiting", args=["an argument"]))

    page = busy(web, jid)

    assert "1 Processes 5 Threads 1 Busy 20% Utilization" in page.text
    assert f"{os.uname().nodename}:{os.getpid()} web-1 Queues: default, other" in page.text
    assert f'{jid} default Waiting "an argument"' in page.text
    assert '"busy":1,"processes":1' in web.get("/stats").text


def test_quiet_lets_running_jobs_end_and_fetches_no_more(node: Node, web: Web, ruby: Console) -> None:
    run(node, Job(class_="Waiting", args=[1]))
    identity = ruby("Sidekiq::ProcessSet.new.first.identity")

    shown = web.press(busy(web, "Waiting"), "quiet", identity=identity)
    assert shown.status == 200
    beat(node)
    node.log.expect(QueuePausing, queue="default")  # has two workers free
    node.log.expect(QueuePaused, queue="other")
    node.client.enqueue(Job(class_="Good", args=["too late"]))
    node.jobs.gate.open()
    node.log.expect(QueuePaused, queue="default")
    beat(node)

    assert "quiet" in busy(web, "quiet Queues").text
    assert ruby("Sidekiq::ProcessSet.new.first.stopping?")
    assert (node.jobs.runs["Waiting", 1], node.client.queue("default").count()) == (1, 1)


@pytest.mark.parametrize("all_of_them", [False, True])
def test_stop_drains_and_stops_the_node(node: Node, web: Web, ruby: Console, all_of_them: bool) -> None:
    run(node, Job(class_="Waiting", args=[1]))
    fields = {} if all_of_them else {"identity": ruby("Sidekiq::ProcessSet.new.first.identity")}

    web.press(busy(web, "Waiting"), "stop", **fields)
    beat(node)
    eventually(lambda: node.state.stopping, "the stop")
    node.jobs.gate.open()
    eventually(lambda: not node.system.is_alive(), "the end")

    assert node.jobs.gate.ended[1] == 1
    assert "0 Processes" in busy(web).text
    assert ruby("Sidekiq::ProcessSet.new(false).size") == 0


def test_quiet_all_quiets_our_node(node: Node, web: Web) -> None:
    web.press(busy(web, "web-1"), "quiet")
    beat(node)

    node.log.expect(QueuePaused, 2)
