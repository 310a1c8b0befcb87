"""Odd payloads in a running node's queue, each by its name: what runs, what is buried, and that the next job runs."""

from __future__ import annotations

import json
import logging

import attrs
import pytest
import redis as redis_py
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import running_node

from verk_actors.client import Client
from verk_actors.errors import ConfigError, InvalidJob
from verk_actors.events import JobDead, JobFailed, JobFinished, JobMalformed
from verk_actors.jobs.job_class import worker
from verk_actors.messages import AddQueue
from verk_actors.settings.config import Config
from verk_actors.wire.bookkeeping import restore, undecodable
from verk_actors.wire.job import Job

GOOD = b'{"class":"Good","args":[1],"queue":"q","jid":"j"}'
MIB = 1 << 20


def with_args(args: bytes) -> bytes:
    return b'{"class":"Good","args":' + args + b',"queue":"q","jid":"j"}'


def with_member(member: bytes) -> bytes:
    return GOOD[:-1] + b"," + member + b"}"


BURIED = {
    "args that are an object": with_args(b'{"a":1}'),
    "args that are a number": with_args(b"5"),
    "a class that is a number": GOOD.replace(b'"Good"', b"7"),
    "a class that is blank": GOOD.replace(b'"Good"', b'" "'),
    "a class with a line break": GOOD.replace(b"Good", b"Go\\nod"),
    "a count of retries that is a text": with_member(b'"retry_count":"x"'),
    "a count of retries that is a float": with_member(b'"retry_count":1e9'),
    "a count of retries that is huge": with_member(b'"retry_count":%d' % 2**31),
    "a limit of retries that is a list": with_member(b'"retry":[]'),
    "bytes that are no UTF-8": with_args(b'["\xff"]'),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-32": GOOD.decode().encode("utf-32-be"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "a NUL in a text": with_args(b'["\x00"]'),
    "NUL bytes": b"\x00" * 100,
    "a surrogate in UTF-8": with_args(b'["\xed\xa0\x80"]'),
    "65 levels": with_args(b"[" * 64 + b"]" * 64),
    "100,000 levels": with_args(b"[" * 100_000 + b"]" * 100_000),
    "100,000 open brackets": b"[" * 100_000,
    "NaN": with_args(b"[NaN]"),
    "Infinity": with_args(b"[-Infinity]"),
    "a number out of range": with_args(b"[1e999]"),
    "an integer of 5,000 digits": with_args(b"[" + b"9" * 5000 + b"]"),
    "17 MiB": with_args(b'["' + b"x" * 17 * MIB + b'"]'),
}

ODD_BUT_GOOD = {
    "a count of retries below 0": with_member(b'"retry_count":-1'),
    "a count of retries that is spent": with_member(b'"retry_count":1000000000'),
    "an escaped lone surrogate": with_args(b'["\\ud800"]'),
    "an escaped NUL": with_args(b'["\\u0000"]'),
    "64 levels": with_member(b'"x":' + b"[" * 63 + b"]" * 63),
    "an integer of 4,000 digits": with_args(b"[" + b"9" * 4000 + b"]"),
    "no argument where one may be left out": with_args(b"[]"),
    "a megabyte": with_args(b'["' + b"x" * MIB + b'"]'),
    "another queue's name": GOOD.replace(b'"q"', b'"elsewhere"'),
    "no queue and no jid": b'{"class":"Good","args":[1]}',
    "a queue that is a number": GOOD.replace(b'"q"', b"5"),
}


def is_quiet(redis: redis_py.Redis) -> bool:
    return not redis.keys("queue:*") and not redis.keys("inprogress:*")  # in the order in which jobs go


@pytest.mark.parametrize("payload", BURIED.values(), ids=BURIED)
@pytest.mark.logs_errors("buried bytes of queue q that are no job")
def test_what_is_no_job_is_buried_to_the_byte_and_the_next_one_runs(
    config: Config, redis: redis_py.Redis, payload: bytes
) -> None:
    with running_node(config, queues={"q": 1}) as node:
        redis.lpush("queue:q", payload)
        node.client.enqueue(Job(queue="q", class_="Good", args=["next"]))
        node.log.expect(JobFinished)
        (malformed,) = node.log.expect(JobMalformed)
        assert malformed.payload == payload
        assert restore(redis.zrange("dead", 0, -1)[0]) == payload
        eventually(lambda: is_quiet(redis), "quiet queues")
        assert node.jobs.runs == {("Good", "next"): 1}


@pytest.mark.slow  # 17 MB, some times
def test_what_was_too_long_to_be_a_job_comes_back_from_the_dead_set_to_the_byte(
    config: Config, redis: redis_py.Redis
) -> None:
    """Its envelope is longer still, and was taken for no envelope once."""
    payload = BURIED["17 MiB"]
    redis.zadd("dead", {undecodable(payload, queue="q", reason="too long", jid="j", now=1.0): 1.0})
    with Client(config) as client:
        (member,) = client.dead.range()
        assert client.dead.requeue(member)
    assert redis.lrange("queue:q", 0, -1) == [payload]
    assert not redis.exists("dead")


@pytest.mark.parametrize("payload", ODD_BUT_GOOD.values(), ids=ODD_BUT_GOOD)
def test_what_is_odd_but_a_job_runs_once(config: Config, redis: redis_py.Redis, payload: bytes) -> None:
    with running_node(config, queues={"q": 1}) as node:
        redis.lpush("queue:q", payload)
        node.log.expect(JobFinished)
        eventually(lambda: is_quiet(redis), "quiet queues")
        assert node.jobs.runs.total() == 1
        assert redis.zcard("dead") == redis.zcard("retry") == 0


def test_of_two_equal_keys_the_last_one_counts(config: Config, redis: redis_py.Redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        redis.lpush("queue:q", b'{"class":"Bad","args":[1],"class":"Good","args":[2],"jid":"a","jid":"b"}')
        (finished,) = node.log.expect(JobFinished)
        assert (finished.job.class_, finished.job.args, finished.job.jid) == ("Good", [2], "b")


def test_a_text_that_cannot_be_encoded_is_logged_and_kept_all_the_same(
    config: Config, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """A lone surrogate can be written in JSON, and nowhere in UTF-8."""
    caplog.set_level(logging.INFO)
    with running_node(config, queues={"q": 1}) as node:
        redis.lpush("queue:q", GOOD.replace(b"Good", b"Bad").replace(b"[1]", b'["\\ud800"]'))
        (failed,) = node.log.expect(JobFailed)
        assert failed.job.args == ["\ud800"]
        assert b'"args":["\\ud800"]' in redis.zrange("retry", 0, -1)[0]
        eventually(lambda: [record for record in caplog.records if "fail" in record.getMessage()], "a line")
        assert all(record.getMessage().encode() for record in caplog.records)


@pytest.mark.parametrize("copies", [2, 25])
def test_jobs_equal_to_the_byte_each_run(config: Config, redis: redis_py.Redis, copies: int) -> None:
    with running_node(config, queues={"q": 3}) as node:
        redis.lpush("queue:q", *[GOOD] * copies)
        node.log.expect(JobFinished, copies)
        eventually(lambda: is_quiet(redis), "quiet queues")
        assert node.jobs.runs["Good", 1] == copies


def test_jobs_equal_to_the_byte_are_one_where_they_are_scheduled(config: Config, redis: redis_py.Redis) -> None:
    redis.zadd("schedule", {GOOD: 1})
    redis.zadd("schedule", {GOOD: 2})
    with running_node(config, queues={"q": 1}) as node:
        eventually(node.jobs.runs.total, "a run")
        eventually(lambda: is_quiet(redis), "quiet queues")
        assert node.jobs.runs["Good", 1] == 1


def args_in_retry(redis: redis_py.Redis) -> bytes:
    (member,) = redis.zrange("retry", 0, -1)
    return bytes(member)


def test_a_job_that_changes_its_arguments_is_retried_with_those_it_was_given(
    config: Config, redis: redis_py.Redis
) -> None:
    kit = JobKit()

    @worker(registry=kit.registry)
    class Meddler:
        def perform(self, items: list[object], options: dict[str, object]) -> None:
            items.append("more")
            options.clear()
            raise ValueError("once more")

    args = b'[[1.0e+308, 12345678901234567890, {}], {"a" : []}]'
    with running_node(config, kit, queues={"q": 1}) as node:
        redis.lpush("queue:q", b'{"class":"Meddler","args":' + args + b',"queue":"q","jid":"j","x":1E5}')
        for attempt in range(1, 26):
            node.log.expect(JobFailed, attempt)
            member = args_in_retry(redis)
            assert b'"args":' + args + b"," in member
            assert b'"x":1E5' in member
            redis.zadd("retry", {member: 0})
        node.log.expect(JobDead)
        assert b'"args":' + args + b"," in redis.zrange("dead", 0, -1)[0]


@pytest.mark.slow  # ten megabytes
def test_huge_jobs_all_run_though_no_fetch_takes_them_together(config: Config, redis: redis_py.Redis) -> None:
    """A fetch ends with the job that makes a megabyte; the next one takes the next job."""
    with running_node(config, queues={"q": 5}) as node:
        for key in range(5):
            redis.lpush("queue:q", with_args(b"[%d]" % key)[:-1] + b',"x":"' + b"x" * 2 * MIB + b'"}')
        node.log.expect(JobFinished, 5)
        eventually(lambda: is_quiet(redis), "quiet queues")
        assert node.jobs.runs == {("Good", key): 1 for key in range(5)}


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 10**5000, "\ud800", {1: 2}, b"bytes"],
    ids=["NaN", "infinity", "5,001 digits", "a lone surrogate", "a number as a key", "bytes"],
)
def test_what_cannot_be_read_back_is_refused_when_it_is_enqueued(
    config: Config, redis: redis_py.Redis, value: object
) -> None:
    with running_node(config) as node, pytest.raises(InvalidJob):
        node.client.enqueue(Job(queue="q", class_="Good", args=[value]))
    assert not redis.exists("queue:q")


BAD_NAMES = ["", " ", "a:b", "a b", "a\n", "a*?[", "{a}", "a\0", "é", "😀", "x" * 129, "x" * 10_000]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: repr(name)[:12])
def test_a_name_that_no_queue_should_have_is_refused_by_all_doors(config: Config, name: str) -> None:
    with pytest.raises(InvalidJob):
        Job(queue=name, class_="Good", args=[])
    with pytest.raises(ConfigError):
        attrs.evolve(config, queues={name: 1})
    with running_node(config) as node, pytest.raises(ConfigError):
        node.system.ask(AddQueue(name, 1), timeout=10)


def test_a_queue_may_be_named_like_a_set(config: Config, redis: redis_py.Redis) -> None:
    with running_node(config, queues={"retry": 1, "dead": 1, "queues": 1}) as node:
        for name in ("retry", "dead", "queues"):
            node.client.enqueue(Job(queue=name, class_="Good", args=[name]))
        node.log.expect(JobFinished, 3)
        eventually(lambda: is_quiet(redis), "quiet queues")
        assert redis.zcard("retry") == redis.zcard("dead") == 0


FOUND_NAMES = ["a:b", "a b", "*", "a*?[", "{a}", "é😀", "x" * 10_000]


@pytest.mark.parametrize("name", FOUND_NAMES, ids=lambda name: name[:8])
def test_a_due_job_of_an_oddly_named_queue_goes_there_and_touches_no_other(
    config: Config, redis: redis_py.Redis, name: str
) -> None:
    """Another program's names are its own business: the job is brought to the list that it names."""
    with running_node(config, queues={"q": 1}) as node:
        redis.zadd("retry", {json.dumps({"class": "Good", "args": [1], "queue": name, "jid": "odd"}): 1})
        eventually(lambda: redis.llen(f"queue:{name}"), "the job in its queue")
        assert node.client.queue_names() == sorted(["q", name]) or name in node.client.queue_names()
        assert json.loads(redis.lrange(f"queue:{name}", 0, -1)[0])["jid"] == "odd"
        node.client.enqueue(Job(queue="q", class_="Good", args=["mine"]))
        node.log.expect(JobFinished)
        assert node.jobs.order == ["mine"]


def test_a_name_that_is_no_text_is_shown_escaped(config: Config, redis: redis_py.Redis) -> None:
    redis.sadd("queues", b"\xffq")
    with running_node(config) as node:
        assert node.client.queue_names() == ["\\xffq"]
