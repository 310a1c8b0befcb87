"""The end of a job of each kind: where it is then, what was told, what was logged."""

from __future__ import annotations

import base64
import json
import logging
import re

import attrs
import pytest
from support.deliveries import settled
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import JobDead, JobFailed, JobFinished, JobMalformed, JobStarted
from verk_actors.settings.config import Config
from verk_actors.wire.bookkeeping import restore
from verk_actors.wire.job import Job


def test_a_job_that_returns_is_gone_and_counted(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        (finished,) = node.log.expect(JobFinished, jid=jid)
        (started,) = node.log.expect(JobStarted, jid=jid)
        assert started.started_at == finished.started_at <= finished.finished_at
        settled(redis)
        assert int(redis.get("stat:processed")) == int(redis.get("stat:processed:q")) == 1
        assert redis.get("stat:failed") is None
        eventually(lambda: node.status().queues["q"].finished == 1, "live count")


def test_a_job_that_raises_is_in_the_retry_set_with_its_error(config: Config, redis, caplog) -> None:
    caplog.set_level(logging.INFO, "verk_actors.job_log")
    with running_node(config, queues={"q": 2}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Bad", args=[1]))
        (failed,) = node.log.expect(JobFailed, jid=jid)
        ((member, score),) = redis.zrange("retry", 0, -1, withscores=True)
        written = json.loads(member)
        assert (written["jid"], written["retry_count"], written["retry"], written["queue"]) == (jid, 0, True, "q")
        assert (written["error_class"], written["error_message"]) == ("ValueError", "bad 1")
        assert written["failed_at"] == failed.failed_at
        assert 18 <= score - failed.failed_at <= 76  # Verk's curve for the first failure
        assert failed.backtrace[0].startswith(__file__.rpartition("/tests/")[0])
        assert "Bad.perform" in failed.backtrace[0]
        assert isinstance(failed.exception, ValueError)
        assert not failed.final
        assert int(redis.get("stat:failed")) == int(redis.get("stat:processed")) == 1
    [line] = [record for record in caplog.records if "fail" in record.getMessage()]
    assert re.fullmatch(rf"Bad {jid} fail: \d+ m?s, attempt 1 in queue q, ValueError: bad 1", line.getMessage())
    assert (line.jid, line.queue, line.job_class) == (jid, "q", "Bad")


def test_a_failed_job_succeeds_when_its_retry_does(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="BadAtFirst", args=[1]))
        node.log.expect(JobFailed, jid=jid)
        (finished,) = node.log.expect(JobFinished, jid=jid)
        assert (finished.job.attempt, finished.job.retry_count, finished.job.error_class) == (2, 1, "ValueError")
        settled(redis)
        assert redis.zcard("retry") == 0


def test_a_job_without_retries_left_is_in_the_dead_set(config: Config, redis, caplog) -> None:
    caplog.set_level(logging.INFO, "verk_actors.job_log")
    with running_node(config, queues={"q": 2}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Bad", args=[1], max_retry_count=0))
        (failed,) = node.log.expect(JobFailed, jid=jid)
        (dead,) = node.log.expect(JobDead, jid=jid)
        assert failed.final
        assert dead.died_at == failed.failed_at
        ((member, score),) = redis.zrange("dead", 0, -1, withscores=True)
        assert (json.loads(member)["jid"], score) == (jid, dead.died_at)
        assert redis.zcard("retry") == 0
    [line] = [r.getMessage() for r in caplog.records if jid in r.getMessage() and "dead" in r.getMessage()]
    assert re.fullmatch(rf"Bad {jid} fail: \d+ m?s, attempt 1 in queue q, dead, ValueError: bad 1", line)


@pytest.mark.parametrize(("config_limit", "job_limit", "runs"), [(25, 2, 3), (1, None, 2), (0, None, 1)])
def test_a_job_runs_once_more_than_it_may_be_retried(
    config: Config, redis, config_limit: int, job_limit: int | None, runs: int
) -> None:
    with running_node(config, queues={"q": 1}, max_retry_count=config_limit) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Bad", args=[1], max_retry_count=job_limit))
        for attempt in range(1, runs):
            failed = node.log.expect(JobFailed, attempt, jid=jid)
            assert failed[-1].job.attempt == attempt
            (member,) = eventually(lambda: redis.zrange("retry", 0, -1), "retry")
            redis.zadd("retry", {member: 0})  # due now
        node.log.expect(JobDead, jid=jid)
        assert node.jobs.runs["Bad", 1] == runs


def test_a_job_that_asks_to_be_discarded_leaves_nothing(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Bad", args=[1], max_retry_count=0, dead=False))
        node.log.expect(JobDead, jid=jid)
        settled(redis)
        assert redis.zcard("dead") == redis.zcard("retry") == 0


def test_a_job_that_exits_the_interpreter_fails_and_the_node_goes_on(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        worker = node.whereis("q.worker_1")
        jid = node.client.enqueue(Job(queue="q", class_="Exiting", args=[1]))
        (failed,) = node.log.expect(JobFailed, jid=jid)
        assert (failed.error_class, failed.error_message) == ("SystemExit", "job says goodbye")
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.log.expect(JobFinished, class_="Good")
        assert node.whereis("q.worker_1") is worker
        assert redis.zcard("retry") == 1


def test_a_job_of_an_unknown_class_is_retried_since_a_newer_node_may_know_it(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="os.system", args=["true"]))
        (failed,) = node.log.expect(JobFailed, jid=jid)
        assert failed.error_class == "JobClassNotFound"
        assert "os.system" in failed.error_message
        assert redis.zcard("retry") == 1


@pytest.mark.parametrize("args", [[1, 2, 3], [1, 2]])
def test_a_job_with_the_wrong_number_of_arguments_fails(config: Config, redis, args: list[int]) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Good", args=args))
        (failed,) = node.log.expect(JobFailed)
        assert failed.error_class == "TypeError"
        assert redis.zcard("retry") == 1


BYTES_THAT_ARE_NO_JOB = [
    b"{not json",
    b"5",
    b"null",
    b'"text"',
    b"[1,2]",
    b"\xff\xfe\x00",
    b"",
    b'{"args":[]}',
    b'{"class":"Good"}',
    b'{"class":"Good","args":5}',
    b'{"class":7,"args":[]}',
    b'{"class":"Good","args":[NaN]}',
    b'{"class":"Good","args":[],"retry_count":"x"}',
    b'{"class":"Good","args":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


@pytest.mark.parametrize("payload", BYTES_THAT_ARE_NO_JOB, ids=lambda payload: payload[:24].decode("latin-1"))
@pytest.mark.logs_errors("buried bytes of queue q that are no job")
def test_bytes_that_are_no_job_end_in_the_dead_set_intact_and_the_next_job_runs(
    config: Config, redis, payload: bytes, caplog
) -> None:
    with running_node(config, queues={"q": 1}) as node:
        redis.lpush("queue:q", payload)
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        (malformed,) = node.log.expect(JobMalformed)
        node.log.expect(JobFinished)
        assert malformed.payload == payload
        (envelope,) = redis.zrange("dead", 0, -1)
        assert restore(envelope) == payload
        shown = json.loads(envelope)
        assert (shown["class"], shown["queue"]) == ("VerkActors::Undecodable", "q")
        assert shown["jid"] == malformed.jid
        assert base64.b64decode(shown["payload"]) == payload
        settled(redis)
        assert redis.get("stat:failed") is None
    (line,) = [record for record in caplog.records if "no job" in record.getMessage()]
    assert (line.jid, line.job_class, line.queue) == (malformed.jid, "VerkActors::Undecodable", "q")
    assert f"VerkActors::Undecodable {malformed.jid}: " in line.getMessage()


def test_resques_minimal_job_runs_and_its_failure_can_come_back(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        redis.lpush("queue:q", b'{"class":"BadAtFirst","args":["r"]}')
        node.log.expect(JobFailed)
        node.log.expect(JobFinished)
        assert node.jobs.runs["BadAtFirst", "r"] == 2


def test_a_scheduled_job_runs_when_it_is_due(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        jid = node.client.schedule(Job(queue="q", class_="Good", args=[1]), 3600)
        ((member, score),) = redis.zrange("schedule", 0, -1, withscores=True)
        assert json.loads(member)["jid"] == jid
        redis.zadd("schedule", {member: score - 3601})
        (finished,) = node.log.expect(JobFinished, jid=jid)
        assert finished.job.enqueued_at is not None


def test_verks_form_is_written_by_choice_and_failures_stay_in_it(config: Config, redis) -> None:
    config = attrs.evolve(config, wire_format="verk")
    with running_node(config, queues={"q": 1}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Bad", args=[1, []][:1]))
        node.log.expect(JobFailed, jid=jid)
        ((member, score),) = redis.zrange("retry", 0, -1, withscores=True)
        written = json.loads(member)
        assert list(written) == sorted(written)
        assert (written["args"], written["retry_count"], written["max_retry_count"]) == ("[1]", 1, 25)
        assert score == int(score)
        assert redis.get("stat:processed") is None  # successes only, as Verk counts
        assert int(redis.get("stat:failed")) == 1
