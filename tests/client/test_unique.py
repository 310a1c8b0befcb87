"""Unique jobs as a client enqueues them, and jobs that are enqueued but once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from support.proxy import cutting_proxy

from verk_actors import errors
from verk_actors.cli.chaos.proxy_control import Rule
from verk_actors.client import Client, Scheduled
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.wire.job import Job
from verk_actors.wire.uniqueness import token_of

NOW = 1_700_000_000.25


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config, clock=lambda: NOW) as client:
        yield client


def unique(*args: Any, **options: Any) -> Job:
    return Job(class_="C", args=list(args), **{"queue": "q", "unique_for": 60, **options})


def test_a_second_one_is_refused_and_names_the_first(client: Client, redis) -> None:
    """Conformance case 217, its first half."""
    jid = client.enqueue(unique(1))

    with pytest.raises(errors.JobNotUnique, match=f"^job '{jid}' is the only one of ") as raised:
        client.enqueue(unique(1))
    assert (raised.value.jid, raised.value.token) == (jid, token_of("q", "C", [1]))
    assert client.enqueue(unique(1), on_conflict="return") == jid
    assert client.enqueue(unique(2)) != jid
    assert client.queue("q").count() == 2


def test_the_payload_has_exqs_keys_and_the_lock_is_the_jid(client: Client, redis) -> None:
    jid = client.enqueue(unique(1, unique_until="start"))

    token = token_of("q", "C", [1])
    [payload] = redis.lrange("queue:q", 0, -1)
    fields = json.loads(payload)
    assert {key: fields[key] for key in fields if key.startswith("un")} == {
        "unique_for": 60,
        "unique_until": "start",
        "unique_token": token,
        "unlocks_at": NOW + 60,
    }
    assert redis.get(f"unique:{token}") == jid.encode()
    assert 30_000 < redis.pttl(f"unique:{token}") <= 60_000
    [job] = client.queue("q").range()
    assert (job.unique_for, job.unique_until, job.unique_token, job.extra) == (60, "start", token, {})


def test_a_token_of_ones_own_is_shared_by_queues_and_classes(client: Client) -> None:
    """Conformance case 218."""
    first = client.enqueue(unique(1, unique_token="mine"))

    assert client.enqueue(unique(2, queue="other", unique_token="mine"), on_conflict="return") == first
    assert client.queue_names() == ["q"]


@pytest.mark.parametrize(
    "other", [{"queue": "other"}, {"class_": "D"}, {"args": [{"a": 1, "b": 3}]}, {"args": [1.0]}, {"args": []}]
)
def test_jobs_that_differ_in_queue_class_or_arguments_are_both_enqueued(client: Client, other: dict[str, Any]) -> None:
    job = unique({"a": 1, "b": 2})

    assert client.enqueue(job) != client.enqueue(attrs.evolve(job, **other))


def test_the_order_of_an_objects_keys_makes_no_difference(client: Client) -> None:
    first = client.enqueue(unique({"a": 1, "b": 2}))

    assert client.enqueue(unique({"b": 2, "a": 1}), on_conflict="return") == first


def test_a_scheduled_one_holds_its_lock_until_its_time_is_over(client: Client, redis) -> None:
    """Conformance case 224: the time of the lock begins when the job is due, as with Exq."""
    first = client.schedule(unique(1), 100)

    with pytest.raises(errors.JobNotUnique):
        client.schedule(unique(1), 200)
    assert client.enqueue(unique(1), on_conflict="return") == first
    assert 130_000 < redis.pttl(f"unique:{token_of('q', 'C', [1])}") <= 160_000
    assert (client.scheduled.count(), redis.exists("queue:q")) == (1, 0)


def test_among_many_a_second_one_has_the_jid_of_the_first_and_keeps_nobody_out(client: Client, redis) -> None:
    """Conformance case 224: inside `enqueue_many`."""
    there = client.enqueue(unique("there"))
    plain = Job(queue="q", class_="C", args=["plain"])

    jids = client.enqueue_many(
        [unique("there"), plain, unique("new"), Scheduled(unique("new"), 5), Scheduled(unique("later"), 5), plain]
    )

    assert (jids[0], jids[3]) == (there, jids[2])
    assert len(set(jids)) == 5
    assert [job.jid for job in client.queue("q").range()][::-1] == [there, jids[1], jids[2], jids[5]]
    assert [job.jid for job in client.scheduled.range()] == [jids[4]]


@pytest.mark.parametrize("wire_format", ["sidekiq", "verk"])
def test_thousands_of_them_go_at_once(config: Config, redis, wire_format: str) -> None:
    with Client(attrs.evolve(config, wire_format=wire_format)) as client:
        jids = client.enqueue_many([unique(number // 2) for number in range(3000)])

        assert jids[::2] == jids[1::2]
        assert [job.jid for job in client.queue("q").range()][::-1] == jids[::2]


def test_arguments_that_cannot_be_written_are_refused_as_ever(client: Client, redis) -> None:
    with pytest.raises(errors.InvalidJob, match=r"args\[0\]\.x"):
        client.enqueue(unique({"x": float("nan")}))
    assert redis.keys() == []


def test_what_holds_the_place_of_a_lock_but_is_none_counts_as_anothers(client: Client, redis) -> None:
    redis.lpush(f"unique:{token_of('q', 'C', [1])}", "no lock")

    with pytest.raises(errors.JobNotUnique) as raised:
        client.enqueue(unique(1))
    assert raised.value.jid == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("unique_for", 0), ("unique_for", True), ("unique_for", -1.0), ("unique_until", "done"), ("unique_token", " ")],
)
def test_nonsense_is_refused(field: str, value: object) -> None:
    with pytest.raises(errors.InvalidJob) as raised:
        unique(1, **{field: value})
    assert raised.value.field == field


# Once


@pytest.mark.parametrize("act", ["lose_request", "lose_reply"])
@pytest.mark.parametrize("many", [False, True])
def test_an_uncertain_enqueue_is_repeated_without_doubling(config: Config, redis, act: Any, many: bool) -> None:
    upstream = config.redis_url.value.removeprefix("unix://").partition("?")[0]
    with cutting_proxy(upstream) as proxy, Client(attrs.evolve(config, redis_url=RedisUrl(proxy.url))) as client:
        job = Job(queue="q", class_="C", args=["uncertain"])
        client.enqueue(Job(queue="known", class_="C", args=[]), once=True)
        proxy.rule(Rule(act=act, needle="uncertain"))
        with pytest.raises(errors.EnqueueUncertain) as raised:
            client.enqueue(job, once=True)

        again = attrs.evolve(job, jid=raised.value.jid)
        assert (client.enqueue_many([again], once=True) == [again.jid]) if many else client.enqueue(again, once=True)
    assert redis.llen("queue:q") == 1


def test_once_holds_when_the_job_is_done_and_for_a_day(client: Client, redis) -> None:
    job = Job(queue="q", class_="C", args=[], jid="mine")
    assert client.enqueue(job, once=True) == "mine"
    redis.delete("queue:q")

    assert client.schedule(job, 5, once=True) == client.enqueue(job, once=True) == "mine"
    assert (redis.exists("queue:q", "schedule"), 86_000 < redis.ttl("verk:once:mine") <= 86_400) == (0, True)
    assert client.enqueue(job) == "mine"
    assert redis.llen("queue:q") == 1


def test_once_and_unique_go_together(client: Client, redis) -> None:
    first = client.enqueue(unique(1, jid="a"), once=True)

    assert client.enqueue(unique(1, jid="a"), once=True) == first
    with pytest.raises(errors.JobNotUnique) as raised:
        client.enqueue(unique(1, jid="b"), once=True)
    assert raised.value.jid == "a"
    assert not redis.exists("verk:once:b")
    assert client.queue("q").count() == 1
