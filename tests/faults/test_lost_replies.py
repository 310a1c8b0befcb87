"""Requests and replies are lost on the way: nothing is sent twice blindly, nothing is lost, and nothing runs twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import attrs
import pytest
import redis as redis_py
from support.eventually import eventually
from support.nodes import Node, running_node
from support.proxy import CuttingProxy, cutting_proxy

from verk_actors.cli.chaos.proxy_control import Act, Rule
from verk_actors.client import Client
from verk_actors.errors import EnqueueUncertain
from verk_actors.events import JobFailed, JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.scripts import DUE, ENQUEUE, EXCHANGE, HEARTBEAT, MOVE, RESCUE
from verk_actors.wire.codec import encode
from verk_actors.wire.job import Job

LOSSES: list[Act] = ["lose_reply", "half_reply", "lose_request"]
SAID = "Redis is of no use now"
DUE_IN_SCHEDULE = f"{DUE.sha}\r\n$1\r\n1\r\n$8\r\nschedule"  # the same script looks at the limits


@pytest.fixture
def proxy(config: Config) -> Iterator[CuttingProxy]:
    """Return a proxy in front of the empty server."""
    with cutting_proxy(config.redis_url.value.removeprefix("unix://").partition("?")[0]) as proxy:
        yield proxy


@pytest.fixture
def start(config: Config, proxy: CuttingProxy) -> Callable[..., Node]:
    """Return what starts a node behind the proxy, whose tests enqueue past it."""
    through = attrs.evolve(config, redis_url=RedisUrl(proxy.url))
    return lambda **changes: running_node(through, **{"queues": {"q": 4}, "heartbeat_seconds": 5.0} | changes)


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    """Return a client of the server itself."""
    with Client(config) as client:
        yield client


def nothing_in_progress(redis: redis_py.Redis) -> None:
    """Wait until no job is in progress."""
    eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")


@pytest.mark.parametrize("act", LOSSES)
@pytest.mark.logs_errors(SAID)
def test_a_fetch_that_was_cut_loses_no_job_and_runs_none_twice(start, proxy, client, redis, act):
    with start() as node:
        eventually(lambda: node.state.own_server.lease.held, "lease")
        client.enqueue(Job(queue="q", class_="Good", args=["first"]))
        node.log.expect(JobFinished)
        nothing_in_progress(redis)
        proxy.rule(Rule(act=act, needle=EXCHANGE.sha))
        for key in range(3):
            client.enqueue(Job(queue="q", class_="Good", args=[key]))
        node.log.expect(JobFinished, 4)
        nothing_in_progress(redis)

    assert proxy.acted(act) == 1
    assert set(node.jobs.runs.values()) == {1}


@pytest.mark.parametrize("act", LOSSES)
@pytest.mark.parametrize("class_", ["Good", "Bad"])
@pytest.mark.logs_errors(SAID)
def test_a_settlement_that_was_cut_is_made_once(start, proxy, client, redis, act, class_):
    job = Job(queue="q", class_=class_, args=["key"], jid="a" * 24)
    proxy.rule(Rule(act=act, needle=str(job.jid)))  # only what is settled is named in a request
    with start() as node:
        client.enqueue(job)
        node.log.expect(JobFinished if class_ == "Good" else JobFailed)
        nothing_in_progress(redis)

    assert proxy.acted(act) == 1
    assert node.jobs.runs == {(class_, "key"): 1}
    assert redis.zcard("retry") == (class_ == "Bad")
    assert int(redis.get("stat:processed")) == 1
    assert redis.llen("queue:q") == redis.zcard("dead") == 0


@pytest.mark.parametrize("act", LOSSES)
def test_an_enqueue_without_a_reply_is_uncertain_and_can_be_repeated_under_its_jid(config, proxy, redis, act):
    through = attrs.evolve(config, redis_url=RedisUrl(proxy.url))
    job = Job(queue="q", class_="Good", args=[1], jid="b" * 24)
    with Client(through) as client:
        client.queue_names()  # the connection stands
        client.enqueue(attrs.evolve(job, jid="c" * 24))  # the script is known
        proxy.rule(Rule(act=act, needle=ENQUEUE.sha))
        with pytest.raises(EnqueueUncertain) as caught:
            client.enqueue(job)

        assert caught.value.jid == job.jid
        assert redis.llen("queue:q") == (1 if act == "lose_request" else 2)  # sent once, and not again by itself
        found = client.queue("q").find(str(job.jid))
        assert (found is None) == (act == "lose_request")
        if found is None:
            client.enqueue(job)

    assert redis.llen("queue:q") == 2


@pytest.mark.parametrize("needle", [DUE_IN_SCHEDULE, MOVE.sha], ids=["due", "move"])
@pytest.mark.parametrize("act", LOSSES)
@pytest.mark.logs_errors("schedule: Redis is of no use now")
def test_a_due_job_whose_move_was_cut_runs_once(start, proxy, client, redis, act, needle):
    with start() as node:
        eventually(lambda: node.state.own_server.lease.held, "lease")
        proxy.rule(Rule(act=act, needle=needle))
        jid = client.schedule(Job(queue="q", class_="Good", args=[1]), 3600)
        ((member, _),) = redis.zrange("schedule", 0, -1, withscores=True)
        redis.zadd("schedule", {member: 0})
        node.log.expect(JobFinished, jid=jid)
        proxy.wait_acted(act)
        nothing_in_progress(redis)

    assert node.jobs.runs == {("Good", 1): 1}
    assert redis.zcard("schedule") == 0


@pytest.mark.parametrize("act", LOSSES)
@pytest.mark.logs_errors(SAID)
def test_a_rescue_that_was_cut_brings_each_job_back_once(start, proxy, redis, act):
    jobs = [Job(queue="q", class_="Good", args=[key]) for key in range(600)]  # more than one batch
    proxy.rule(Rule(act=act, needle=RESCUE.sha))
    with start(heartbeat_seconds=0.1) as node:  # first, or jobs may be over before anybody listens
        with redis.pipeline() as at_once:
            at_once.lpush("inprogress:q:gone", *(encode(job, wire_format="sidekiq") for job in jobs))
            at_once.sadd("verk:node:gone:queues", "q").sadd("verk_nodes", "gone").execute()
        node.log.expect(JobFinished, 600)
        proxy.wait_acted(act)
        nothing_in_progress(redis)
        eventually(lambda: redis.smembers("verk_nodes") == {node.config.node_id.encode()}, "the dead one is forgotten")

    assert set(node.jobs.runs.values()) == {1}


@pytest.mark.parametrize("act", LOSSES)
@pytest.mark.logs_errors(SAID)
def test_a_heartbeat_that_was_cut_is_repeated_and_the_lease_kept(start, proxy, client, redis, act):
    with start(heartbeat_seconds=0.2) as node:
        eventually(lambda: node.state.own_server.lease.held, "lease")
        proxy.rule(Rule(act=act, needle=HEARTBEAT.sha))
        proxy.wait_acted(act)
        client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)
        nothing_in_progress(redis)
        eventually(
            lambda: redis.get(f"verk:node:{node.config.node_id}") == node.state.own_server.lease.token.encode(), "lease"
        )

    assert node.jobs.runs == {("Good", 1): 1}


@pytest.mark.slow  # after each loss there is a pause
@pytest.mark.timeout(600)
@pytest.mark.logs_errors(SAID)
def test_of_many_jobs_under_many_losses_none_is_lost_and_none_runs_twice(start, proxy, client, redis, long):
    jobs, losses = (20_000, 1_000) if long else (800, 40)
    for act, share in zip(LOSSES, (losses // 2, losses // 10, losses - losses // 2 - losses // 10), strict=True):
        proxy.rule(Rule(act=act, needle="inprogress:", times=share, chance=0.1))
    expected: Counter[tuple[str, object]] = Counter()
    with start(heartbeat_seconds=1.0) as node:
        while len(expected) < jobs or sum(proxy.acted(act) for act in LOSSES) < losses:
            for key in range(len(expected), len(expected) + 100):
                class_, retries = [("Good", None), ("BadAtFirst", None), ("Bad", 0), ("Good", None)][key % 4]
                expected[class_, key] = 2 if class_ == "BadAtFirst" else 1
                client.enqueue(Job(queue="q", class_=class_, args=[key], max_retry_count=retries))
            eventually(lambda: node.jobs.runs.total() >= expected.total(), "all runs")
        nothing_in_progress(redis)

    print(f"{len(expected)} jobs, losses: {[(act, proxy.acted(act)) for act in LOSSES]}")
    assert node.jobs.runs == expected
    assert redis.llen("queue:q") == redis.zcard("retry") == 0
    assert redis.zcard("dead") == len(expected) // 4
