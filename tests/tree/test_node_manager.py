"""The lease, the take-over of an id, the rescue of dead nodes, the questions of tools."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import closing

import attrs
import pytest
from support.clocks import ShiftedClock
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import JobFinished
from verk_actors.otp import Runtime
from verk_actors.settings.config import Config
from verk_actors.store.nodes import Nodes
from verk_actors.store.pool import Pool
from verk_actors.store.requests import Requests
from verk_actors.tree import token
from verk_actors.wire.codec import encode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

QUICK = {"heartbeat_seconds": 0.2}  # so a lease lasts 0.4 s
WAIT_SECONDS = 20.0  # only a hang takes that long


def payload(key: object) -> bytes:
    return encode(Job(class_="Good", args=[key], queue="q", jid=f"jid-{key}"), wire_format="sidekiq")


def leave_behind(redis, node_id: str, *keys: object, holder: str | None = None) -> None:
    """Put into Redis what a node leaves that died with these jobs running."""
    redis.sadd("verk_nodes", node_id)
    redis.sadd(f"verk:node:{node_id}:queues", "q")
    for key in keys:
        redis.lpush(f"inprogress:q:{node_id}", payload(key))
    if holder is not None:
        redis.set(f"verk:node:{node_id}", holder, px=60_000)


def dead_process_token() -> str:
    """Return the token of a process of this host that has ended."""
    made = subprocess.run(
        [sys.executable, "-c", "from verk_actors.tree.token import new_token; print(new_token())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def test_a_node_takes_back_its_own_jobs_when_it_starts(config: Config, redis) -> None:
    leave_behind(redis, "n1", 1, 2, 3)
    with running_node(attrs.evolve(config, node_id="n1"), queues={"q": 2}) as node:
        eventually(lambda: node.jobs.runs.total() == 3, "three runs")
        assert sorted(node.jobs.order) == [1, 2, 3]


def test_jobs_taken_back_run_before_those_that_wait_and_the_oldest_first(config: Config, redis) -> None:
    leave_behind(redis, "n1", 1, 2)
    redis.lpush("queue:q", payload(3))
    with running_node(attrs.evolve(config, node_id="n1"), queues={"q": 1}) as node:
        eventually(lambda: node.jobs.runs.total() == 3, "three runs")
        assert node.jobs.order == [1, 2, 3]


def test_the_jobs_of_a_queue_that_is_no_longer_configured_go_back_too(config: Config, redis) -> None:
    leave_behind(redis, "n1", 1)
    with running_node(attrs.evolve(config, node_id="n1")):
        assert redis.lrange("queue:q", 0, -1) == [payload(1)]


def test_the_lease_of_a_provably_dead_process_is_taken_over_at_once(config: Config, redis) -> None:
    leave_behind(redis, "n1", 1, holder=dead_process_token())
    with running_node(attrs.evolve(config, node_id="n1"), queues={"q": 1}) as node:
        eventually(lambda: node.jobs.order == [1], "the job's run")
        assert redis.get("verk:node:n1").decode().split("|")[:3] == token.new_token().split("|")[:3]


def test_the_lease_of_a_process_that_may_live_is_waited_for(config: Config, redis) -> None:
    leave_behind(redis, "n1", 1)
    redis.set("verk:node:n1", "elsewhere|boot|1|2|nonce", px=300)
    with running_node(attrs.evolve(config, node_id="n1"), queues={"q": 1}) as node:
        eventually(lambda: node.jobs.order == [1], "the job's run")


def test_an_answer_that_comes_late_is_not_taken_for_a_lease_that_is_renewed(config: Config, redis, monkeypatch) -> None:
    leave_behind(redis, "n1", 1, holder="elsewhere|boot|1|2|nonce")
    clock, as_ever = ShiftedClock(), Nodes.lease_seconds

    def at_first(nodes: Nodes, node_id: str) -> float:
        monkeypatch.setattr(Nodes, "lease_seconds", late)
        return 60.0

    def late(nodes: Nodes, node_id: str) -> float:
        monkeypatch.setattr(Nodes, "lease_seconds", as_ever)
        clock.stalled_seconds = 100.0
        redis.delete(f"verk:node:{node_id}")  # it has ended meanwhile
        return 30.0

    monkeypatch.setattr(Nodes, "lease_seconds", at_first)
    with (
        closing(Runtime(clock=clock)) as runtime,
        running_node(attrs.evolve(config, node_id="n1"), queues={"q": 1}, runtime=runtime) as node,
    ):
        eventually(lambda: node.jobs.order == [1], "the job's run")


def test_the_jobs_of_a_dead_node_are_rescued_by_another_that_does_not_run_their_queue(config: Config, redis) -> None:
    leave_behind(redis, "gone", 1, 2)
    with running_node(config, **QUICK):
        eventually(lambda: redis.llen("queue:q") == 2, "rescued jobs")
        assert redis.lrange("queue:q", 0, -1) == [payload(2), payload(1)]
        eventually(lambda: not redis.sismember("verk_nodes", "gone"), "forgotten node")
        assert redis.keys("inprogress:*") == []


def test_the_jobs_of_a_live_node_are_left_alone(config: Config, redis) -> None:
    leave_behind(redis, "alive", 1, holder="elsewhere|boot|1|2|nonce")
    leave_behind(redis, "gone", 2)
    with running_node(config, **QUICK):
        eventually(lambda: redis.llen("queue:q") == 1, "rescued job")
        assert redis.lrange("inprogress:q:alive", 0, -1) == [payload(1)]


@pytest.mark.logs_errors("buried 1 jobs")
def test_a_job_that_was_recovered_too_often_is_buried(config: Config, redis) -> None:
    for _ in range(3):
        leave_behind(redis, "n1", "poison")
        nodes = Nodes(pool := Pool(config.redis_url, name="test"), Keys())
        assert nodes.rescue("n1", "q").moved == 1
        redis.delete("queue:q")
        pool.close()
    leave_behind(redis, "n1", "poison")
    with running_node(attrs.evolve(config, node_id="n1"), queues={"q": 1}) as node:
        (member,) = eventually(lambda: redis.zrange("dead", 0, -1), "dead job")
        written = json.loads(member)
        assert (written["jid"], written["error_class"]) == ("jid-poison", "VerkActors::Poisoned")
        assert node.jobs.runs.total() == 0
        assert redis.keys("inprogress:*") == []


@pytest.mark.logs_errors("data is lost there")
def test_a_node_whose_lease_vanished_fetches_nothing_until_it_has_it_again(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)
        redis.flushall()
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.beat()
        node.log.expect(JobFinished, 2)
        assert redis.get(f"verk:node:{node.config.node_id}") is not None


def test_the_lease_is_given_back_on_a_stop(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        assert redis.get(f"verk:node:{node.config.node_id}") is not None
    assert redis.keys("verk*") == []


def test_a_node_answers_for_its_tree_at_once(config: Config) -> None:
    with running_node(config, queues={"q": 2}, heartbeat_seconds=60.0) as node:
        pool = Pool(config.redis_url, name="test", socket_timeout_seconds=2 * WAIT_SECONDS)
        requests = Requests(pool, Keys())
        for _ in range(3):
            answers = requests.ask_all([node.config.node_id], "tree", WAIT_SECONDS, time.monotonic)
            tree = json.loads(answers.given[node.config.node_id])
            assert (tree["name"], tree["kind"]) == ("actor_system", "ActorSystem")
        pool.close()


def test_a_question_that_is_none_is_left_unanswered_and_harms_nobody(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        redis.lpush(f"verk:node:{node.config.node_id}:requests", b"\xff\xfe", b"nonce nonsense")
        pool = Pool(config.redis_url, name="test", socket_timeout_seconds=2 * WAIT_SECONDS)
        requests = Requests(pool, Keys())
        assert not requests.ask_all([node.config.node_id], "tree", WAIT_SECONDS, time.monotonic).missing
        pool.close()


def test_a_token_names_its_process_and_tells_when_it_is_dead() -> None:
    mine = token.new_token()
    assert not token.is_dead(mine)
    assert token.is_dead(dead_process_token())
    assert not token.is_dead(mine.replace(mine.split("|")[0], "another-host", 1))
    assert not token.is_dead("alive")  # Verk's own lease value
    assert token.shown(mine).startswith("process ")
    assert token.shown("alive") == "alive"


@pytest.mark.logs_errors("can't be rescued")
def test_a_queue_key_of_the_wrong_type_holds_up_neither_the_node_nor_other_rescues(config: Config, redis) -> None:
    leave_behind(redis, "n1", 1)
    redis.sadd("verk:node:n1:queues", "broken")
    redis.lpush("inprogress:broken:n1", payload(2))
    redis.set("queue:broken", "no list")
    with running_node(attrs.evolve(config, node_id="n1"), queues={"q": 1}) as node:
        eventually(lambda: node.jobs.order == [1], "the job's run")
        assert redis.lrange("inprogress:broken:n1", 0, -1) == [payload(2)]
