"""Many jobs enqueued by one call: all of them or none, those of each server in one step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from support.proxy import cutting_proxy
from support.servers import OwnServer

from verk_actors import errors
from verk_actors.cli.chaos.proxy_control import Act, Rule
from verk_actors.client import Client, Scheduled
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.wire.job import Job

NOW = 1_700_000_000.25


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config, clock=lambda: NOW) as client:
        yield client


def jobs(count: int, queue: str | None = "q") -> list[Job]:
    return [Job(queue=queue, class_="C", args=[number]) for number in range(count)]


def test_they_are_in_their_queues_in_this_order_and_their_jids_are_returned(client: Client, redis) -> None:
    mixed = [Job(queue=queue, class_="C", args=[at]) for at, queue in enumerate(["a", "b", "a", None, "b"])]

    jids = client.enqueue_many(mixed)

    assert redis.smembers("queues") == {b"a", b"b", b"default"}
    found = {
        json.loads(payload)["args"][0]: json.loads(payload)["jid"]
        for queue in ("a", "b", "default")
        for payload in redis.lrange(f"queue:{queue}", 0, -1)
    }
    assert found == dict(enumerate(jids))
    assert [job.args for job in client.queue("a").range()] == [[2], [0]]
    assert len(set(jids)) == 5
    assert {len(jid) for jid in jids} == {24}


@pytest.mark.parametrize("wire_format", ["sidekiq", "verk"])
def test_each_is_written_as_if_it_were_enqueued_alone(config: Config, redis, wire_format: str) -> None:
    job = Job(class_="C", args=[1, {"a": ["é"]}], jid="mine", extra={"tags": ["x"]})
    with Client(attrs.evolve(config, wire_format=wire_format), clock=lambda: NOW) as client:
        assert client.enqueue_many([job]) == [client.enqueue(job)] == ["mine"]

    alone, together = redis.lrange("queue:default", 0, -1)
    assert alone == together


def test_they_go_in_one_transaction_of_short_scripts_and_any_iterable_will_do(client: Client, redis) -> None:
    client.enqueue_many([])
    client.enqueue_many(jobs(1))
    redis.config_resetstat()

    jids = client.enqueue_many(iter(jobs(2500)))

    stats = redis.info("commandstats")
    assert (stats["cmdstat_exec"]["calls"], stats["cmdstat_evalsha"]["calls"]) == (1, 3)
    assert [job.jid for job in client.queue("q").range()][::-1][1:] == jids


def test_a_thousand_go_in_one_script(client: Client, redis) -> None:
    client.enqueue_many(jobs(1))
    redis.config_resetstat()

    client.enqueue_many(jobs(1000))

    stats = redis.info("commandstats")
    assert (stats["cmdstat_evalsha"]["calls"], "cmdstat_multi" in stats) == (1, False)


def test_scheduled_ones_are_among_them(client: Client, redis) -> None:
    """Conformance case 208: immediate jobs, jobs for a time and jobs for later in one call."""
    at = datetime.fromtimestamp(NOW + 60, UTC)
    now, later, at_a_time, late = (Job(queue="q", class_="C", args=[name]) for name in "abcd")

    jids = client.enqueue_many([now, Scheduled(later, 30), Scheduled(at_a_time, at), Scheduled(late, -5)])

    assert [(job.jid, job.args, job.enqueued_at) for job in client.queue("q").range()] == [
        (jids[3], ["d"], NOW),
        (jids[0], ["a"], NOW),
    ]
    scheduled = [(job.jid, score, job.enqueued_at) for job, score in client.scheduled.range_with_score()]
    assert scheduled == [(jids[1], NOW + 30, None), (jids[2], NOW + 60, None)]


def test_a_time_without_a_zone_is_refused_with_the_place_of_its_job(client: Client, redis) -> None:
    with pytest.raises(errors.InvalidJob, match=r"^job 1's when needs a time zone") as raised:
        client.enqueue_many([*jobs(1), Scheduled(jobs(1)[0], datetime(2030, 1, 1))])
    assert raised.value.index == 1
    assert redis.keys() == []


def test_where_one_is_invalid_none_is_enqueued_and_it_is_told_which(client: Client, redis) -> None:
    bad = Job(class_="C", args=[{"x": float("nan")}])

    with pytest.raises(errors.InvalidJob, match=r"^job 1500's args\[0\]\.x is no finite number$") as raised:
        client.enqueue_many([*jobs(1500), bad, *jobs(5)])
    assert raised.value.index == 1500
    assert redis.keys() == []


def test_what_is_refused_at_once_was_not_enqueued(client: Client, redis) -> None:
    redis.set("queue:q", "no list")

    with pytest.raises(errors.StoreError, match="WRONGTYPE") as raised:
        client.enqueue_many(jobs(5) + jobs(5, "later"))
    assert type(raised.value) is errors.StoreError
    assert redis.exists("queue:later", "queues") == 0


@pytest.mark.parametrize("bad", ["queue:bad", "schedule", "queues"])
def test_where_one_place_is_no_place_for_jobs_none_is_enqueued(client: Client, redis, snapshot, bad: str) -> None:
    redis.set(bad, "no list")
    before = snapshot()

    with pytest.raises(errors.StoreError, match="WRONGTYPE") as raised:
        client.enqueue_many([*jobs(1500, "good"), *jobs(3, "bad"), Scheduled(*jobs(1, "later"), 5)])
    assert type(raised.value) is errors.StoreError
    assert snapshot() == before


def test_on_a_full_server_none_is_enqueued(client: Client, redis, full_server, snapshot) -> None:
    full_server()
    before = snapshot()

    with pytest.raises(errors.StoreError, match="OOM"):
        client.enqueue_many(jobs(2500))
    assert snapshot() == before


def test_redis_out_of_reach_is_said_and_none_was_enqueued(tmp_path: Path) -> None:
    with Client(Config(redis_url=RedisUrl(f"unix://{tmp_path}/none.sock"))) as client:
        with pytest.raises(errors.StoreUnavailable) as raised:
            client.enqueue_many(jobs(3))
        assert type(raised.value) is errors.StoreUnavailable
        assert not raised.value.sent


@pytest.mark.parametrize("act", ["lose_request", "lose_reply"])
@pytest.mark.parametrize("count", [1, 1500])
def test_without_a_reply_all_are_uncertain_and_are_not_sent_again(config: Config, redis, act: Act, count: int) -> None:
    upstream = config.redis_url.value.removeprefix("unix://").partition("?")[0]
    with cutting_proxy(upstream) as proxy, Client(attrs.evolve(config, redis_url=RedisUrl(proxy.url))) as client:
        client.enqueue_many(jobs(1, "known"))  # the connection stands, and the script is known
        lost = [Job(queue=queue, class_="C", args=[], jid=f"{queue}{at}") for queue in "ab" for at in range(count)]
        proxy.rule(Rule(act=act, needle="a0"))
        with pytest.raises(errors.EnqueueUncertain) as raised:
            client.enqueue_many(lost)

    assert raised.value.jids == tuple(job.jid for job in lost)
    assert redis.llen("queue:a") == redis.llen("queue:b")
    # A connection that breaks amid a transaction may have brought all of it, or not.
    assert redis.llen("queue:a") in ({"lose_request": [0], "lose_reply": [count]}[act] if count == 1 else [0, count])


@pytest.mark.parametrize("act", ["lose_request", "lose_reply"])
@pytest.mark.parametrize(("before", "after"), [(3, 0), (0, 4), (3, 4)])
def test_a_server_without_a_reply_is_uncertain_and_nothing_is_sent_after_it(
    config: Config, own_server: OwnServer, redis, act: Act, before: int, after: int
) -> None:
    upstream = config.redis_url.value.removeprefix("unix://").partition("?")[0]
    far = RedisUrl(own_server.url)
    with cutting_proxy(upstream) as proxy, own_server.client() as there:
        queues = {
            "before": QueueConfig(redis_url=far),
            "after": QueueConfig(redis_url=RedisUrl(far.value.removesuffix("/0") + "/1")),
        }
        with Client(attrs.evolve(config, redis_url=RedisUrl(proxy.url), queues=queues)) as client:
            client.enqueue_many(jobs(1, "known"))
            lost = [Job(queue="lost", class_="C", args=[], jid=f"lost{number}") for number in range(2)]
            proxy.rule(Rule(act=act, needle="lost0"))
            with pytest.raises(errors.EnqueuedInPart) as raised:
                client.enqueue_many([*jobs(before, "before"), *lost, *jobs(after, "after")])
        assert there.llen("queue:before") == before
        assert there.info("keyspace").keys() <= {"db0"}

    assert raised.value.uncertain == ("lost0", "lost1")
    assert (len(raised.value.enqueued), len(raised.value.not_enqueued)) == (before, after)
    assert redis.llen("queue:lost") == (2 if act == "lose_reply" else 0)


def test_each_goes_to_the_server_of_its_queue(redis_url: str, own_server: OwnServer) -> None:
    queues = {"near": QueueConfig(), "far": QueueConfig(redis_url=RedisUrl(own_server.url))}
    with Client(Config(redis_url=RedisUrl(redis_url), queues=queues)) as client, own_server.client() as far:
        near_and_far = client.enqueue_many([*jobs(2, "near"), *jobs(3, "far")])

        assert (client.queue("near").count(), client.queue("far").count()) == (2, 3)
        assert (far.llen("queue:far"), far.exists("queue:near")) == (3, 0)
        assert len(near_and_far) == 5


def test_with_too_few_replicas_it_is_uncertain_whether_they_last(config: Config) -> None:
    careful = attrs.evolve(config, wait_replicas=1, wait_replicas_seconds=0.01)
    with Client(careful) as client:
        with pytest.raises(errors.EnqueueUncertain, match="0 of 1 replicas have it") as raised:
            client.enqueue_many(jobs(3))
        assert raised.value.jids == tuple(job.jid for job in client.queue("q").range())[::-1]
