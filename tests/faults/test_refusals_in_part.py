"""Redis refuses some commands, or what concerns some keys: the rest goes on."""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from support import troubles
from support.eventually import eventually
from support.nodes import Node, running_node
from support.servers import OwnServer
from support.troubles import holding_something_else, refusals, restarts, url_of_user

from verk_actors.events import JobFailed, JobFinished, QueuePaused
from verk_actors.messages import PauseQueue, ResumeQueue
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.tree import names
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job

REFUSED = "Redis refuses this: "


@pytest.fixture
def node_config(own_server: OwnServer) -> Config:
    return Config(redis_url=RedisUrl(own_server.url), queues={"q": 2})


def enqueue(node: Node, class_: str, *keys: object, queue: str = "q", **fields: int) -> None:
    for key in keys:
        node.client.enqueue(Job(queue=queue, class_=class_, args=[key], **fields))


def lines_with(caplog, part: str) -> list[str]:
    return [line for line in caplog.messages if part in line]


# OOM


@pytest.mark.slow  # a server of its own
@pytest.mark.logs_errors("Redis is full")
def test_a_full_redis_settles_what_has_ended_and_hands_out_jobs_in_its_place(own_server, node_config, caplog) -> None:
    with running_node(node_config) as node:
        enqueue(node, "Waiting", 1, 2)
        node.jobs.gate.wait_started(2)
        enqueue(node, "Bad", 3)
        enqueue(node, "Bad", 4, max_retry_count=0)
        enqueue(node, "Good", *range(5, 9))
        with troubles.full(own_server):
            node.jobs.gate.open()
            node.log.expect(JobFinished, 6)
            node.log.expect(JobFailed, 2)
            with own_server.client() as redis:
                assert redis.keys("inprogress:*") == []
                assert (redis.zcard("retry"), redis.zcard("dead"), redis.llen("queue:q")) == (1, 1, 0)
            eventually(lambda: refusals(own_server, "OOM"), "refusal of a fetch in no job's place")
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0


@pytest.mark.slow  # a server of its own
@pytest.mark.logs_errors("Redis is full")
def test_a_full_redis_starts_nothing_on_an_idle_node_which_says_so_once(own_server, node_config, caplog) -> None:
    with (
        running_node(node_config, heartbeat_seconds=0.2, poll_interval_seconds=60.0) as node,
        own_server.client() as redis,
    ):
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePaused)
        enqueue(node, "Good", 1, 2)
        node.look_for_due()  # and so not again before it is told to
        redis.zadd("schedule", {'{"queue":"q","class":"Good","args":[3],"jid":"3"}': 1})
        with troubles.full(own_server):
            node.whereis(names.SCHEDULE_MANAGER).cast(Tick())
            node.system.ask(ResumeQueue("q"))
            eventually(lambda: refusals(own_server, "OOM") >= 10, "refusals")
            assert node.jobs.runs.total() == 0
            # The lease is kept, or could be taken again; the due job is where it was.
            lease, held = f"verk:node:{node_config.node_id}", node.state.own_server.lease
            eventually(lambda: redis.get(lease) == held.token.encode(), "lease")
            assert (redis.llen("queue:q"), redis.zcard("schedule")) == (2, 1)
        node.log.expect(JobFinished, 3)
        assert node.jobs.runs == {("Good", 1): 1, ("Good", 2): 1, ("Good", 3): 1}
        assert restarts(node) == 0
    assert len(lines_with(caplog, "Redis is full")) == 1


# WRONGTYPE


@pytest.mark.slow  # a server of its own
@pytest.mark.logs_errors(REFUSED)
@pytest.mark.parametrize(("key", "retries"), [("retry", None), ("dead", 0)])
@pytest.mark.parametrize("dying", [None, "q.queue_manager", "q.workers_manager"])
def test_a_job_whose_fate_is_refused_waits_for_it_and_the_queue_goes_on(
    own_server, node_config, caplog, key, retries, dying
) -> None:
    with running_node(node_config, heartbeat_seconds=0.2) as node, own_server.client() as redis:
        with holding_something_else(own_server, key):
            enqueue(node, "Bad", "bad", max_retry_count=retries)
            enqueue(node, "Good", *range(20))
            node.log.expect(JobFinished, 20)
            lines = 2 if key == "retry" else 1  # the schedule's is there, too
            eventually(lambda: len(lines_with(caplog, REFUSED)) == lines, "lines")
            before = refusals(own_server, "WRONGTYPE")
            eventually(lambda: refusals(own_server, "WRONGTYPE") >= before + 3, "more attempts")
            if dying is not None:
                victim = node.whereis(dying)
                victim.kill()
                node.successor(victim)
            assert node.log.of(JobFailed) == []
            assert redis.llen(f"inprogress:q:{node_config.node_id}") == 1
        [failed] = node.log.expect(JobFailed)
        eventually(lambda: redis.zcard(key) == 1, "job where it belongs")
        assert not redis.keys("inprogress:*")
        assert failed.job.args == ["bad"]
        assert set(node.jobs.runs.values()) == {1}
        assert int(redis.get("stat:failed")) == 1
    said = "queue q, settling: Redis refuses this: settle inprogress:q:"
    assert len(lines_with(caplog, said)) == 1
    assert len(lines_with(caplog, REFUSED)) == lines


@pytest.mark.slow  # a server of its own
@pytest.mark.logs_errors(REFUSED)
def test_a_queue_that_is_no_list_waits_and_others_go_on(own_server, node_config, caplog) -> None:
    with running_node(node_config, queues={"q": 2, "other": 2}) as node:
        enqueue(node, "Waiting", 1)
        node.jobs.gate.wait_started(1)
        with holding_something_else(own_server, "queue:q"):
            node.jobs.gate.open()
            enqueue(node, "Good", *range(20), queue="other")
            node.log.expect(JobFinished, 21)
            before = refusals(own_server, "WRONGTYPE")
            eventually(lambda: refusals(own_server, "WRONGTYPE") >= before + 2, "more attempts")
        enqueue(node, "Good", "last")
        node.log.expect(JobFinished, 22)
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0
    assert len(lines_with(caplog, REFUSED)) == 1


@pytest.mark.slow  # a server of its own
@pytest.mark.logs_errors("schedule: Redis refuses this: ")
@pytest.mark.parametrize(("broken", "sound"), [("retry", "schedule"), ("schedule", "retry")])
def test_a_set_that_is_no_set_does_not_hold_up_the_due_jobs_of_the_other(
    own_server, node_config, caplog, broken, sound
) -> None:
    with running_node(node_config) as node, own_server.client() as redis:
        with holding_something_else(own_server, broken):
            eventually(lambda: lines_with(caplog, REFUSED), "line")
            redis.zadd(sound, {'{"queue":"q","class":"Good","args":[1],"jid":"1","retry":true}': 1})
            node.log.expect(JobFinished)
        assert restarts(node) == 0
    assert len(lines_with(caplog, REFUSED)) == 1


@pytest.mark.slow  # a server of its own
@pytest.mark.logs_errors(REFUSED)
def test_due_jobs_whose_queue_is_no_list_stay_and_are_told_of_once(own_server, node_config, caplog) -> None:
    with own_server.client() as redis, holding_something_else(own_server, "queue:broken"):
        for key in range(3):
            redis.zadd("schedule", {f'{{"queue":"broken","class":"Good","args":[{key}],"jid":"{key}"}}': 1})
        with running_node(node_config) as node:  # not sooner: the next may be over before the probe listens
            redis.zadd("schedule", {'{"queue":"q","class":"Good","args":["q"],"jid":"q"}': 2})
            node.log.expect(JobFinished)
            before = refusals(own_server, "WRONGTYPE")
            eventually(lambda: refusals(own_server, "WRONGTYPE") >= before + 9, "three more looks")
            assert redis.zcard("schedule") == 3
            assert restarts(node) == 0
            redis.delete("queue:broken")
            eventually(lambda: redis.llen("queue:broken") == 3, "jobs in their queue")
            eventually(lambda: lines_with(caplog, "Redis complies again"), "line")
    assert len(lines_with(caplog, REFUSED)) == 1


# NOSCRIPT


@pytest.mark.slow  # a server of its own
def test_scripts_that_are_forgotten_are_loaded_again_and_nobody_notices(own_server, node_config, caplog) -> None:
    with running_node(node_config) as node, own_server.client() as redis:
        for round_ in range(20):
            redis.script_flush()
            enqueue(node, "Good", *(f"{round_}-{key}" for key in range(10)))
            node.log.expect(JobFinished, 10 * (round_ + 1))
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0
        assert refusals(own_server, "NOSCRIPT") > 0
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


# NOPERM


@pytest.mark.slow  # a server of its own, and waits that nobody may unblock
@pytest.mark.logs_errors("'client|unblock'")
def test_a_missing_permission_is_named_and_what_is_permitted_goes_on(own_server, node_config, caplog) -> None:
    with own_server.client() as redis:
        url = url_of_user(own_server)
        redis.execute_command("ACL", "SETUSER", "node", "-client|unblock")
    config = Config(redis_url=RedisUrl(url), queues={"q": 2}, heartbeat_seconds=0.5, block_seconds=0.2)
    with running_node(config) as node:
        enqueue(node, "Good", *range(20))
        node.log.expect(JobFinished, 20)
        enqueue(node, "Bad", *range(3))
        node.log.expect(JobFailed, 3)
        eventually(lambda: lines_with(caplog, "docs/redis-acl.md"), "word of a wait that was to end")
        assert restarts(node) == 0
    critical = Counter(record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL)
    assert critical.total() == 1
    assert "docs/redis-acl.md" in next(iter(critical))


@pytest.mark.slow  # a server of its own
@pytest.mark.logs_errors("Redis refuses this node, since its user lacks a permission")
def test_a_fate_that_may_not_be_written_costs_no_job_and_is_written_once_it_may(own_server, caplog) -> None:
    """Redis does not roll a script back: taken out of the in-progress list first, the job would be nowhere."""
    config = Config(redis_url=RedisUrl(url_of_user(own_server)), queues={"q": 2})
    with own_server.client() as redis, running_node(config, heartbeat_seconds=0.2) as node:
        redis.execute_command("ACL", "SETUSER", "node", "-zadd")
        enqueue(node, "Bad", 1)
        eventually(lambda: lines_with(caplog, "Redis refuses"), "line")
        enqueue(node, "Good", *range(20))
        node.log.expect(JobFinished, 20)
        assert redis.llen(f"inprogress:q:{config.node_id}") == 1
        assert node.log.of(JobFailed) == []
        redis.execute_command("ACL", "SETUSER", "node", "+zadd")
        node.log.expect(JobFailed)
        assert redis.zcard("retry") == 1
        assert set(node.jobs.runs.values()) == {1}
    assert len([record for record in caplog.records if record.levelno == logging.CRITICAL]) == 1
