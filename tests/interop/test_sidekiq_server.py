"""We enqueue, and a real Sidekiq runs; what either fails the other retries, N+1 runs in all.

Conformance 2.5 and 2.6 (b): what we write is read by Sidekiq.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from redis import Redis
from support.eventually import eventually
from support.featured import FeaturedKit, add_features, dump_of_ours
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.sidekiq import Console, Server, Web, make_all_due

from verk_actors.client import Client
from verk_actors.events import JobDead, JobFailed, JobFinished, QueuePaused
from verk_actors.jobs.job_class import worker
from verk_actors.messages import PauseQueue, ResumeQueue
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
RETRIES = 3


class Failures(JobKit):
    """A kit with the failing jobs of `sidekiq_jobs.rb`."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: Counter[object] = Counter()
        self.passed: Counter[object] = Counter()

        @worker(name="Failing", aliases=["FailingElsewhere"], registry=self.registry)
        def failing(key: object) -> None:
            self.failed[key] += 1
            raise ValueError(f"Python won't: {key}")

        @worker(name="Echo", registry=self.registry)
        def echo(key: object) -> None:
            self.passed[key] += 1


def wait_failed(client: Client, runs: list[int]) -> None:
    """Wait until the retry set holds jobs of which so many runs have failed, and no others."""
    eventually(
        lambda: [job.retry_count for job in client.retries.range() if isinstance(job, Job)] == runs, f"retries {runs}"
    )


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config) as client:
        yield client


@pytest.fixture
def kit() -> Failures:
    return Failures()


@pytest.fixture
def node(config: Config, kit: Failures) -> Iterator[Node]:
    with running_node(config, kit, queues={"python": 2, "shared": 2}) as node:
        yield node


def test_sidekiq_runs_our_jobs_with_the_arguments_that_were_enqueued(
    client: Client, sidekiq: Server, redis: Redis
) -> None:
    for args in ARGUMENTS[:3]:
        client.enqueue(Job(queue="ruby", class_="Echo", args=args))
    client.enqueue_many([Job(queue="ruby", class_="Echo", args=args) for args in ARGUMENTS[3:]])

    ran = sidekiq.runs(redis, len(ARGUMENTS))

    assert sorted(repr(args) for _, _, args in ran) == sorted(map(repr, ARGUMENTS))


def test_sidekiq_runs_our_jobs_by_the_names_of_its_modules(client: Client, sidekiq: Server, redis: Redis) -> None:
    jid = client.enqueue(Job(queue="billing", class_="Billing::Invoice", args=[1]))

    assert sidekiq.runs(redis, 1) == [("Billing::Invoice", jid, [1])]


def test_jobs_we_schedule_are_moved_and_run_by_sidekiq(client: Client, sidekiq: Server, redis: Redis) -> None:
    jids = {client.schedule(Job(queue="ruby", class_="Echo", args=args), 3600.0) for args in ARGUMENTS}

    make_all_due(redis)

    ran = sidekiq.runs(redis, len(ARGUMENTS))
    assert sorted(repr(args) for _, _, args in ran) == sorted(map(repr, ARGUMENTS))
    assert {jid for _, jid, _ in ran} == jids


def test_what_sidekiq_failed_our_node_retries(client: Client, sidekiq: Server, node: Node, redis: Redis) -> None:
    """Sidekiq's `retry_queue` sends it over."""
    jid = client.enqueue(Job(queue="ruby", class_="Failing", args=[1], extra={"retry_queue": "python"}))
    assert sidekiq.runs(redis, 1) == [("Failing", jid, [1])]
    eventually(lambda: redis.zcard("retry"), "the retry")
    [job] = client.retries.range()
    assert isinstance(job, Job)
    assert (job.queue, job.attempt, job.error_class, job.error_message) == (
        "python", 2, "ArgumentError", "Sidekiq won't: 1",
    )  # fmt: skip
    assert job.failed_at is not None and job.retried_at is None

    make_all_due(redis, "retry")

    [failure] = node.log.expect(JobFailed)
    assert (failure.job.attempt, failure.job.failed_at, failure.error_message) == (2, job.failed_at, "Python won't: 1")
    [job] = client.retries.range()
    assert isinstance(job, Job)
    assert (job.attempt, job.error_class) == (3, "ValueError")
    assert job.retried_at is not None and job.retried_at >= (job.failed_at or 0)


def test_what_our_node_failed_sidekiq_retries(client: Client, sidekiq: Server, node: Node, redis: Redis) -> None:
    job = Job(queue="python", class_="FailingElsewhere", args=[1.5, BIG], extra={"retry_queue": "ruby"})
    jid = client.enqueue(attrs.evolve(job, args=[BIG]))
    node.log.expect(JobFailed)

    make_all_due(redis, "retry")

    assert sidekiq.runs(redis, 1) == [("FailingElsewhere", jid, [BIG])]
    assert client.retries.count() == 0


def test_a_job_that_fails_with_both_runs_n_plus_one_times_and_is_buried_once(
    client: Client, sidekiq: Server, node: Node, kit: Failures, redis: Redis
) -> None:
    """The first run is Sidekiq's; then whoever is the first to see that a job is due, and to fetch it, has the next."""
    count = 20
    node.system.ask(PauseQueue("shared"), timeout=10)
    node.log.expect(QueuePaused)
    jobs = [Job(queue="shared", class_="Failing", args=[n], max_retry_count=RETRIES) for n in range(count)]
    client.enqueue_many(jobs)
    wait_failed(client, [1] * count)
    by_ruby = Counter(args[0] for _, _, args in sidekiq.runs(redis, count))
    node.system.ask(ResumeQueue("shared"), timeout=10)

    for attempt in range(2, RETRIES + 1):
        make_all_due(redis, "retry")
        wait_failed(client, [attempt] * count)
    make_all_due(redis, "retry")
    eventually(lambda: redis.zcard("dead") == count, f"{count} dead")

    by_ruby += Counter(args[0] for _, _, args in sidekiq.runs(redis, redis.llen("ran")))
    assert kit.failed + by_ruby == dict.fromkeys(range(count), RETRIES + 1)
    assert kit.failed
    assert {job.retry_count for job in client.dead.range() if isinstance(job, Job)} == {RETRIES + 1}
    assert (redis.zcard("retry"), redis.llen("queue:shared")) == (0, 0)


@pytest.mark.parametrize(("options", "dead"), [({"max_retry_count": 0}, 1), ({"max_retry_count": 0, "dead": False}, 0)])
def test_sidekiq_honours_what_we_say_of_retries(
    client: Client, sidekiq: Server, redis: Redis, options: dict[str, Any], dead: int
) -> None:
    client.enqueue(Job(queue="ruby", class_="Failing", args=[1], **options))
    client.enqueue(Job(queue="ruby", class_="Failing", args=[2]))

    sidekiq.runs(redis, 2)

    eventually(lambda: redis.zcard("retry"), "the retry of the other")
    eventually(lambda: redis.zcard("dead") == dead, "the dead")
    [other] = client.retries.range()
    assert isinstance(other, Job) and other.args == [2]


def test_both_work_a_queue_and_each_job_runs_once(
    client: Client, sidekiq: Server, node: Node, kit: Failures, redis: Redis
) -> None:
    count = 200
    client.enqueue_many([Job(queue="shared", class_="Echo", args=[n]) for n in range(count)])

    eventually(lambda: redis.llen("ran") + kit.passed.total() == count, "the end of all")

    by_ruby = Counter(args[0] for _, _, args in sidekiq.runs(redis, redis.llen("ran")))
    assert kit.passed + by_ruby == dict.fromkeys(range(count), 1)
    node.log.expect(JobFinished, kit.passed.total())
    assert not node.log.of(JobDead)


def test_our_node_and_sidekiqs_process_stand_side_by_side(node: Node, ruby: Console, web: Web, sidekiq: Server) -> None:
    """And what is dead is taken off the list by either."""
    eventually(lambda: len(ruby("Sidekiq::ProcessSet.new(false).map(&:tag)")) == 2, "both")
    ruby("Sidekiq.redis { |redis| redis.sadd('processes', 'gone:1:a') }")

    page = web.get("/busy")

    assert f"{node.config.node_id} Queues: python, shared" in page.text
    assert "of-ruby Queues: ruby, shared, billing" in page.text
    assert ruby("Sidekiq::ProcessSet.new(false).size") == 2


def test_beside_our_features_sidekiq_runs_its_jobs_and_leaves_our_keys_alone(
    config: Config, sidekiq: Server, redis: Redis
) -> None:
    with running_node(config, FeaturedKit(), queues={"python": 2}) as node:
        add_features(node, redis, "python")
        before = dump_of_ours(redis)
        jid = node.client.enqueue(Job(queue="ruby", class_="Echo", args=[1]))

        assert sidekiq.runs(redis, 1) == [("Echo", jid, [1])]
        assert dump_of_ours(redis) == before


def test_sidekiq_runs_a_member_of_a_batch_as_any_job_and_tells_the_batch_nothing(
    client: Client, sidekiq: Server, redis: Redis
) -> None:
    """docs/batches.md says so."""
    batch = client.batch([Job(queue="ruby", class_="Echo", args=[number]) for number in range(2)])

    assert sorted(args for _, _, args in sidekiq.runs(redis, 2)) == [[0], [1]]
    status = batch.status()
    assert status is not None
    assert (status.pending, status.state) == (2, "running")
