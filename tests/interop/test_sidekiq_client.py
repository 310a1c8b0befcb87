"""A real Sidekiq client pushes, and our node runs: with equal arguments, and as often as `retry` says.

Conformance 2.5 and 2.6 (a): what Sidekiq writes is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.sidekiq import Console, make_all_due

from verk_actors.client import Client
from verk_actors.events import JobDead, JobFailed, JobFinished
from verk_actors.jobs.job_class import worker
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

pytestmark = pytest.mark.needs("ruby", "sidekiq")

BIG = 123456789012345678901234567890
ARGUMENTS: list[list[Any]] = [
    [],
    [1, -1, 0, BIG, -BIG, 2**53 + 1],
    [1.5, -0.0, 1e-7, 1.0e308, 0.1, 100.0],
    ["", "Grüße, 世界 🎉", 'a "quoted" \\ / text\n', "\u2028\u0000\x7f"],
    [None, True, False],
    [[], {}, [[[]]], {"a": {"b": [1, {"c": None}]}, "": 0, "1": "one", "ключ": 2}],
]


class Echoes(JobKit):
    """A kit with two more jobs, which keep their arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[tuple[str, list[Any]]] = []
        self._add("Echo")
        self._add("Billing::Invoice", "Elixir.Billing.Invoice", "Billing.Invoice")

    def _add(self, name: str, *aliases: str) -> None:
        @worker(name=name, aliases=aliases, registry=self.registry)
        def echo(*args: Any) -> None:
            self.ran.append((name, list(args)))


@pytest.fixture
def kit() -> Echoes:
    return Echoes()


@pytest.fixture
def node(config: Config, kit: Echoes) -> Iterator[Node]:
    with running_node(config, kit, queues={"default": 2, "billing": 1}, max_retry_count=3) as node:
        yield node


def test_jobs_run_with_the_arguments_that_were_pushed(ruby: Console, kit: Echoes, node: Node) -> None:
    ruby("arguments.each { |args| Echo.perform_async(*args) }", arguments=ARGUMENTS)

    node.log.expect(JobFinished, len(ARGUMENTS))
    assert sorted(map(repr, kit.ran)) == sorted(repr(("Echo", args)) for args in ARGUMENTS)


def test_symbols_come_as_texts(ruby: Console, kit: Echoes, node: Node) -> None:
    ruby("Echo.perform_async(:a, {b: :c}, [:d])")

    node.log.expect(JobFinished)
    assert kit.ran == [("Echo", ["a", {"b": "c"}, ["d"]])]


def test_jobs_pushed_in_bulk_all_run(ruby: Console, kit: Echoes, node: Node) -> None:
    jids = ruby("Sidekiq::Client.push_bulk('class' => Echo, 'args' => (1..50).map { |n| [n] })")

    finished = node.log.expect(JobFinished, 50)
    assert sorted(kit.ran) == [("Echo", [n]) for n in range(1, 51)]
    assert {event.job.jid for event in finished} == set(jids)


def test_scheduled_jobs_run_when_their_time_has_come(ruby: Console, kit: Echoes, node: Node, redis: Redis) -> None:
    ruby("Echo.perform_in(3600, 'in'); Echo.perform_at(Time.now + 7200, 'at')")
    ruby("Sidekiq::Client.push_bulk('class' => Echo, 'args' => [['bulk'], []], 'at' => Time.now.to_f + 60)")
    assert (node.client.scheduled.count(), kit.ran) == (4, [])

    make_all_due(redis)

    finished = node.log.expect(JobFinished, 4)
    assert sorted(args for _, args in kit.ran) == [[], ["at"], ["bulk"], ["in"]]
    assert all(event.job.enqueued_at is not None for event in finished)


def test_a_class_in_a_module_runs_by_the_name_that_ruby_gives_it(ruby: Console, kit: Echoes, node: Node) -> None:
    """Names are looked up as they are: those of Ruby and of Elixir are given to `@worker`, with aliases."""
    ruby("Billing::Invoice.perform_async(1)")
    ruby(
        "%w[Elixir.Billing.Invoice Billing.Invoice].each { |name| Sidekiq::Client.push('class' => name, 'args' => []) }"
    )

    finished = node.log.expect(JobFinished, 3)
    assert sorted(kit.ran) == [("Billing::Invoice", []), ("Billing::Invoice", []), ("Billing::Invoice", [1])]
    [of_ruby] = [event.job for event in finished if event.queue == "billing"]
    assert (of_ruby.class_, of_ruby.max_retry_count) == ("Billing::Invoice", 7)
    assert of_ruby.extra == {"backtrace": 5, "tags": ["money"]}


@pytest.mark.parametrize(
    ("options", "runs", "dead"),
    [
        ({"retry": False}, 1, 0),
        ({"retry": 0}, 1, 1),
        ({"retry": 2}, 3, 1),
        ({"retry": 1, "dead": False}, 2, 0),
        ({"retry": True}, 4, 1),
        ({}, 4, 1),
    ],
)
def test_a_failing_job_runs_as_often_as_retry_says(
    ruby: Console, kit: Echoes, node: Node, options: dict[str, Any], runs: int, dead: int
) -> None:
    kit.retry_seconds = 0.0
    ruby("Sidekiq::Client.push({'class' => 'Bad', 'args' => [1]}.merge(options))", options=options)

    node.log.expect(JobDead)
    failures = node.log.of(JobFailed)
    assert (len(failures), kit.runs["Bad", 1]) == (runs, runs)
    assert [event.job.attempt for event in failures] == list(range(1, runs + 1))
    assert (node.client.dead.count(), node.client.retries.count()) == (dead, 0)


def test_sidekiq_knows_of_a_failure_what_it_needs(ruby: Console, kit: Echoes, node: Node) -> None:
    kit.retry_seconds = 3600.0
    jid = ruby("Sidekiq::Client.push('class' => 'Bad', 'args' => [1], 'tags' => ['x'], 'backtrace' => true)")

    node.log.expect(JobFailed)

    [seen] = ruby(
        "Sidekiq::RetrySet.new.map { |job| [job.jid, job.queue, job.klass, job.args, job.tags, job['retry'],"
        " job['retry_count'], job['error_class'], job['error_message'], job['failed_at'].class.name, job['retried_at'],"
        " job.error_backtrace.first] }"
    )
    assert seen[:9] == [jid, "default", "Bad", [1], ["x"], True, 0, "ValueError", "bad 1"]
    assert seen[9:11] == ["Float", None]
    assert "perform" in seen[11]


def test_jobs_that_sidekiq_pushed_are_shown_in_listings(config: Config, ruby: Console) -> None:
    ruby("Echo.perform_async(1); Echo.perform_in(60, 2)")

    with Client(config) as client:
        [waiting] = client.queue("default").range()
        [scheduled] = client.scheduled.range()

    assert isinstance(waiting, Job) and isinstance(scheduled, Job)
    assert (waiting.args, waiting.retry_count, scheduled.args, scheduled.enqueued_at) == ([1], 0, [2], None)
