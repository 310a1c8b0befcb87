"""`testing.fake`: jobs are kept, looked at, and run when the test says so.

Conformance case 259: fake mode records jobs per test with their due time, those of enqueue_many too, and never runs
them by itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from support.app import Fails, Welcome, client, end, on_loop, ran, registry, sign_up

from verk_actors import testing
from verk_actors.client import Client
from verk_actors.errors import InvalidJob, JobClassNotFound, StoreUnavailable
from verk_actors.jobs.endings import Discard
from verk_actors.settings.config import Config
from verk_actors.testing import FakeJobs
from verk_actors.wire.job import Job


@pytest.fixture
def jobs() -> Iterator[FakeJobs]:
    ran.clear()
    with testing.fake(registry=registry) as jobs:
        yield jobs


def test_jobs_are_kept_in_order_with_their_due_time_and_do_not_run(jobs: FakeJobs) -> None:
    """Conformance case 259."""
    jid = client.enqueue(Welcome.job("ann"))
    client.enqueue_many([Welcome.job("bob"), sign_up.job("cy")])
    client.schedule(Welcome.job("dee"), 60)
    client.schedule(Welcome.job("eve"), datetime.fromtimestamp(jobs.time(), UTC) + timedelta(hours=1))

    assert jobs.enqueued[0].job.jid == jid
    assert [(one.job.args[0], one.job.queue, round(one.due_at - jobs.time())) for one in jobs.enqueued] == [
        ("ann", "mail", 0),
        ("bob", "mail", 0),
        ("cy", "default", 0),
        ("dee", "mail", 60),
        ("eve", "mail", 3600),
    ]
    assert [job.args for job in jobs.queue("mail")] == [["ann"], ["bob"]]
    assert [job.args for job in jobs.scheduled] == [["dee"], ["eve"]]
    assert ran == []


def test_a_jid_that_was_given_is_kept(jobs: FakeJobs) -> None:
    assert client.enqueue(Job(class_="Welcome", args=["a"], jid="mine")) == jobs.queue()[0].jid == "mine"


def test_a_drain_runs_what_is_due_and_what_that_enqueues(jobs: FakeJobs) -> None:
    client.enqueue(sign_up.job("ann"))

    runs = jobs.drain()

    assert ran == ["sign up ann", ("ann", None)]
    assert [(run.job.class_, run.fate, run.error) for run in runs] == [
        ("sign_up", "ack", None),
        ("Welcome", "ack", None),
    ]
    assert [job.args for job in jobs.scheduled] == [["ann again"]]
    assert jobs.drain() == []
    jobs.advance(3599)
    assert jobs.drain() == []
    jobs.advance(1)
    assert len(jobs.drain("default")) == 0
    assert len(jobs.drain("mail")) == 1


def test_a_job_gets_what_its_annotations_say_through_the_real_codec(jobs: FakeJobs) -> None:
    at = datetime(2030, 1, 2, tzinfo=UTC)
    client.enqueue(Welcome.job("ann", at))
    jobs.drain()
    assert ran == [("ann", at)]
    with pytest.raises(InvalidJob, match=r"args\[0\]"):
        client.enqueue(Job(class_="Welcome", args=[object()]))


def test_a_failed_job_is_retried_when_the_clock_says_so_until_it_is_dead(jobs: FakeJobs) -> None:
    client.enqueue(Fails.job())
    with pytest.raises(ValueError, match="attempt 1"):
        jobs.drain()
    [retry] = jobs.retries
    assert (retry.error_class, retry.error_message, retry.retry_count) == ("ValueError", "attempt 1", 1)

    jobs.advance(59)
    assert jobs.drain() == []
    jobs.advance(1)
    [run] = jobs.drain(raises=False)
    assert (run.fate, str(run.error)) == ("retry", "attempt 2")
    [last] = jobs.drain(with_later=True, raises=False)

    assert last.fate == "dead"
    assert (ran, jobs.retries, [job.retry_count for job in jobs.dead]) == ([1, 2, 3], [], [3])


def test_a_job_may_choose_its_end(jobs: FakeJobs) -> None:
    for how in ("snooze", "discard", "kill"):
        client.enqueue(end.job(how))
    assert [run.fate for run in jobs.drain(raises=False)] == ["snooze", "ack", "dead"]
    assert [job.args for job in jobs.scheduled] == [["snooze"]]


def test_the_retries_of_jobs_that_do_not_say_are_those_of_the_configuration() -> None:
    with testing.fake(Config(max_retry_count=1), registry) as jobs:
        client.enqueue(Job(class_="Nobody", args=[]))
        runs = jobs.drain(with_later=True, raises=False)
    assert [(run.fate, type(run.error)) for run in runs] == [("retry", JobClassNotFound), ("dead", JobClassNotFound)]


def test_an_async_perform_is_run(jobs: FakeJobs) -> None:
    client.enqueue(on_loop.job("ann"))
    jobs.drain()
    assert ran == ["ann", ("ann", None)]


def test_middleware_stands_around_enqueues_and_runs() -> None:
    """Those of the client are the client's, those of the worker are of the configuration that the test gives."""

    def halting(job: Job, call_next: Callable[[Job], Job]) -> Job:
        if job.args == ["halted"]:
            raise Discard("not today")
        return call_next(attrs.evolve(job, args=[job.args[0].upper()]))

    def noting(job: Job, call_next: Callable[[Job], Any]) -> Any:
        ran.append(f"before {job.args[0]}")
        return call_next(job)

    ran.clear()
    client = Client(Config(client_middleware=(halting,)))
    with testing.fake(Config(worker_middleware=(noting,)), registry) as jobs:
        client.enqueue(Welcome.job("halted"))
        client.schedule(Welcome.job("halted"), 5)
        client.enqueue_many([Welcome.job("halted"), Welcome.job("ann")])
        jobs.drain()
    assert ran == ["before ANN", ("ANN", None)]


def test_assertions_tell_jobs_by_class_name_or_as_they_are_built(jobs: FakeJobs) -> None:
    jobs.assert_not_enqueued()
    client.enqueue(Welcome.job("ann"))
    client.schedule(Welcome.job("ann"), 60)
    for of in (Welcome, "Welcome", Welcome.job("ann"), Job(class_="Welcome", args=["ann"])):
        assert [job.args for job in jobs.assert_enqueued(of, times=2, within_seconds=60)] == [["ann"], ["ann"]]
    jobs.assert_not_enqueued(sign_up)
    jobs.assert_not_enqueued(Welcome.with_options(queue="other").job("ann"))
    jobs.assert_not_enqueued(Welcome.with_options(queue="other").job("ann"))


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda jobs: jobs.assert_enqueued(sign_up), "sign_up was enqueued 0 times, not at least once; enqueued were:"),
        (lambda jobs: jobs.assert_enqueued(Welcome.job("bob")), r"\n  Welcome\('ann',\) in mail"),
        (lambda jobs: jobs.assert_enqueued(Welcome, times=2), "Welcome was enqueued 1 times, not 2 times"),
        (lambda jobs: jobs.assert_enqueued(Welcome, within_seconds=59), "is due in 60 s, not within 59 s"),
        (lambda jobs: jobs.assert_not_enqueued(Welcome), "Welcome was enqueued 1 times, not never"),
        (lambda jobs: jobs.assert_not_enqueued(), "a job was enqueued 1 times"),
    ],
)
def test_an_assertion_that_fails_says_what_was_enqueued(jobs: FakeJobs, check, said: str) -> None:
    client.schedule(Welcome.job("ann"), 60)
    with pytest.raises(AssertionError, match=said):
        check(jobs)


def test_a_test_that_clears_its_jobs_starts_anew(jobs: FakeJobs) -> None:
    client.enqueue(sign_up.job("ann"))
    jobs.drain()
    jobs.clear()
    assert (jobs.enqueued, jobs.runs, jobs.scheduled) == ([], [], [])


def test_an_inner_block_has_jobs_of_its_own_and_after_the_last_they_go_to_redis(jobs: FakeJobs) -> None:
    with testing.fake(registry=registry) as inner:
        client.enqueue(Welcome.job("inner"))
    client.enqueue(Welcome.job("outer"))
    assert [[one.job.args for one in kept.enqueued] for kept in (inner, jobs)] == [[["inner"]], [["outer"]]]


def test_without_a_block_jobs_go_to_redis() -> None:
    with testing.fake(registry=registry):
        pass
    with pytest.raises(StoreUnavailable):
        client.enqueue(Welcome.job("ann"))


def test_tests_in_threads_do_not_see_each_others_jobs() -> None:
    kept: dict[int, list[list[object]]] = {}
    barrier = threading.Barrier(4)

    def test(number: int) -> None:
        with testing.fake(registry=registry) as jobs:
            for _ in range(20):
                barrier.wait(10)
                client.enqueue(Welcome.job(str(number)))
            kept[number] = [one.job.args for one in jobs.enqueued]

    threads = [threading.Thread(target=test, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept == {number: [[str(number)]] * 20 for number in range(4)}


def test_jobs_of_tasks_and_of_threads_that_are_awaited_are_kept(jobs: FakeJobs) -> None:
    async def main() -> None:
        await asyncio.gather(asyncio.to_thread(client.enqueue, Welcome.job("a")), task("b"))

    async def task(name: str) -> None:
        client.enqueue(Welcome.job(name))

    asyncio.run(main())
    assert sorted(job.args for job in jobs.enqueued_by(Welcome)) == [["a"], ["b"]]


def test_jobs_of_other_threads_are_kept_if_everywhere_is_asked_for() -> None:
    with testing.fake(registry=registry, everywhere=True) as jobs:
        thread = threading.Thread(target=client.enqueue, args=(Welcome.job("ann"),))
        thread.start()
        thread.join()
        jobs.assert_enqueued(Welcome, times=1)
