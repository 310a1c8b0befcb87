"""Sidekiq's API shows what is ours, and what it does to our data our node goes on with.

Conformance 2.6 (b): Sidekiq reads what we write.
"""

from __future__ import annotations

import time

import pytest
from redis import Redis
from support.furnished import ARGUMENTS, HOUR, Furnished
from support.sidekiq import Console

from verk_actors.errors import JobNotUnique
from verk_actors.events import JobDead, JobFailed, JobFinished
from verk_actors.wire.job import Job

pytestmark = pytest.mark.needs("ruby", "sidekiq")


def test_its_queues_are_ours(home: Furnished, ruby: Console) -> None:
    assert ruby("Sidekiq::Queue.all.map { |queue| [queue.name, queue.size] }") == [["default", 0], ["waiting", 3]]
    assert ruby("Sidekiq::Queue.new('waiting').map { |job| [job.jid, job.klass, job.args, job.queue] }") == [
        [jid, "Good", [n], "waiting"] for n, jid in reversed(list(enumerate(home.waiting)))
    ]
    assert 0 <= ruby("Sidekiq::Queue.new('waiting').latency") < HOUR
    assert ruby("Time.now - Sidekiq::Queue.new('waiting').first.created_at") < HOUR


def test_its_retries_are_ours_with_when_and_why_they_failed(home: Furnished, ruby: Console) -> None:
    shown = ruby(
        "Sidekiq::RetrySet.new.map { |job| [job.jid, job.args, job['retry_count'], job['error_class'],"
        " job['error_message'], job.error_backtrace.size, job['failed_at'].class, job['retried_at'].class, job.score] }"
    )

    scores = [row.pop() for row in shown]
    assert sorted(shown, key=lambda row: row[2]) == [
        [home.retries[0], ARGUMENTS, 0, "ValueError", "bad 7", 1, "Float", "NilClass"],
        [home.retries[1], ["twice"], 1, "ValueError", "bad twice", 1, "Float", "Float"],
    ]
    assert all(0 < score - time.time() <= HOUR for score in scores)


def test_its_schedule_is_ours(home: Furnished, ruby: Console) -> None:
    shown = ruby("Sidekiq::ScheduledSet.new.map { |job| [job.jid, job.args, (job.at - Time.now).round(-2)] }")

    assert sorted(shown) == sorted([[home.scheduled[0], [1], 3600], [home.scheduled[1], [2], 7200]])


def test_its_dead_are_ours(home: Furnished, ruby: Console) -> None:
    [[jid, klass, args, retry, error, at]] = ruby(
        "Sidekiq::DeadSet.new.map { |job|"
        " [job.jid, job.klass, job.args, job['retry'], job['error_message'], job.at.to_f] }"
    )

    assert (jid, klass, args, retry, error) == (home.dead, "Bad", ["dead"], 0, "bad dead")
    assert abs(time.time() - at) < HOUR


def test_its_totals_and_its_history_are_ours(home: Furnished, ruby: Console) -> None:
    names = ["processed", "failed", "enqueued", "scheduled_size", "retry_size", "dead_size"]

    totals = ruby("stats = Sidekiq::Stats.new; names.map { |name| stats.public_send(name) }", names=names)
    days = ruby("history = Sidekiq::Stats::History.new(2); [history.processed, history.failed]")

    assert dict(zip(names, totals, strict=True)) == {
        "processed": 5, "failed": 4, "enqueued": 3, "scheduled_size": 2, "retry_size": 2, "dead_size": 1,
    }  # fmt: skip
    assert [sum(day.values()) for day in days] == [5, 4]  # yesterday and today: midnight may come between


def test_what_it_retries_our_node_runs_and_counts_on(home: Furnished, ruby: Console) -> None:
    """ "Retry now" takes one off `retry_count`: it is -1 for a job that failed once."""
    with home.paused():
        ruby("Sidekiq::RetrySet.new.retry_all")

    failures = home.node.log.expect(JobFailed, 6)[-2:]
    assert {event.job.jid: event.job.attempt for event in failures} == {home.retries[0]: 1, home.retries[1]: 2}
    assert {job.jid: job.retry_count for job in home.node.client.retries.range() if isinstance(job, Job)} == {
        home.retries[0]: 1,
        home.retries[1]: 2,
    }


def test_what_it_adds_to_the_queue_our_node_runs(home: Furnished, ruby: Console) -> None:
    ruby("Sidekiq::ScheduledSet.new.each(&:add_to_queue)")

    finished = home.node.log.expect(JobFinished, 3)
    assert sorted(event.job.jid or "" for event in finished[1:]) == sorted(home.scheduled)


def test_what_it_brings_back_from_the_dead_our_node_runs(home: Furnished, ruby: Console) -> None:
    with home.paused():
        ruby("Sidekiq::DeadSet.new.retry_all")

    again = home.node.log.expect(JobDead, 2)[1]
    assert (again.job.jid, home.node.client.dead.count()) == (home.dead, 1)


def test_what_it_kills_and_deletes_we_see_dead_and_gone(home: Furnished, ruby: Console, redis: Redis) -> None:
    client = home.node.client
    ruby("Sidekiq::RetrySet.new.find_job(jid).kill", jid=home.retries[0])
    ruby("Sidekiq::RetrySet.new.find_job(jid).delete", jid=home.retries[1])
    ruby("Sidekiq::ScheduledSet.new.find_job(jid).delete", jid=home.scheduled[0])
    ruby("Sidekiq::Queue.new('waiting').find_job(jid).delete", jid=home.waiting[1])

    assert [client.retries.count(), client.scheduled.count(), client.queue("waiting").count()] == [0, 1, 2]
    assert {job.jid for job in client.dead.range() if isinstance(job, Job)} == {home.dead, home.retries[0]}
    ruby("Sidekiq::Queue.new('waiting').clear; Sidekiq::DeadSet.new.clear; Sidekiq::ScheduledSet.new.clear")
    assert [client.dead.count(), client.scheduled.count(), client.queue("waiting").count()] == [0, 0, 0]
    assert client.queue_names() == ["default"]


@pytest.mark.logs_errors("that are no job")
def test_bytes_that_are_no_job_come_back_to_the_dead_set_when_it_retries_them(
    home: Furnished, ruby: Console, redis: Redis
) -> None:
    client = home.node.client
    client.dead.clear()
    redis.lpush("queue:default", b"{no job \xff")
    home.node.log.wait_for(lambda: client.dead.count() == 1, "burial")
    assert ruby("Sidekiq::DeadSet.new.map { |job| [job.klass, job.queue, job.args] }") == [
        ["VerkActors::Undecodable", "default", []]
    ]

    with home.paused():
        ruby("Sidekiq::DeadSet.new.retry_all")

    home.node.log.wait_for(lambda: client.dead.count() == 1 and not client.queue("default").count(), "burial again")
    [envelope] = client.dead.range()
    assert client.dead.requeue(envelope)


def test_it_writes_our_jobs_anew_with_the_same_bytes(home: Furnished, ruby: Console) -> None:
    """Its `reschedule` finds a job by them."""
    ruby("Sidekiq::ScheduledSet.new.each { |job| job.reschedule(Time.now + 60) }")
    ruby("Sidekiq::RetrySet.new.each { |job| job.reschedule(Time.now + 60) }")

    for jobs in (home.node.client.scheduled, home.node.client.retries):
        assert [abs(score - time.time() - 60) < HOUR / 2 for _, score in jobs.range_with_score()] == [True, True]


def test_a_unique_job_that_passed_through_it_is_known_as_such(home: Furnished, ruby: Console, redis: Redis) -> None:
    """It keeps the options that it does not know, so the lock is released when the job is done."""
    client = home.node.client
    job = Job(class_="Good", args=["unique"], unique_for=60, unique_token="t")
    jid = client.schedule(job, HOUR)
    with pytest.raises(JobNotUnique):
        client.enqueue(job)

    ruby("Sidekiq::ScheduledSet.new.find_job(jid).add_to_queue", jid=jid)

    home.node.log.expect(JobFinished, jid=jid)
    assert not redis.exists("unique:t")
    assert client.enqueue(job) != jid
