"""Two processes and one node id: at once, one after the other, and where nobody can tell."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import redis as redis_py
from support.commands import RunningNode, verk, wait_pushed
from support.eventually import eventually

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # interpreters start


def node_n1(cwd: Path, redis_url: str, heartbeat_seconds: float = 10.0) -> RunningNode:
    """Return a node that bears a fixed id."""
    beat = str(heartbeat_seconds)
    return RunningNode(cwd, redis_url, "--node-id", "n1", queue="default:2", VERK_HEARTBEAT_SECONDS=beat)


def content(redis: redis_py.Redis) -> dict[bytes, object]:
    """Return all that is stored, whatever of it is about to expire, but what a node tells of itself all the time."""
    read = {b"string": redis.get, b"list": lambda key: redis.lrange(key, 0, -1), b"set": redis.smembers}
    return {key: read[redis.type(key)](key) for key in redis.keys("*") if not key.startswith(b"verk:process:")}


@pytest.fixture
def client(redis_url: str):
    with Client(Config(redis_url=redis_url)) as client:
        yield client


def test_a_second_process_of_a_live_id_refuses_to_start_names_the_first_and_touches_nothing(
    tmp_path, redis_url, redis, client
) -> None:
    client.enqueue(Job(class_="Wait", args=["first's"]))
    # The second waits for a heartbeat; a lease that ended meanwhile, on a busy machine, would be its own.
    with node_n1(tmp_path, redis_url, heartbeat_seconds=3.0).expect_up() as first:
        wait_pushed(redis, "started", 1)
        eventually(lambda: redis.exists("processes"), "the first among those that dashboards know")
        client.enqueue(Job(queue="other", class_="Note", args=["waits"]))
        before = content(redis)

        second = verk("run", "--node-id", "n1", "-q", "other:1", "--redis", redis_url, cwd=tmp_path)

        assert second.returncode == 2
        holder = redis.get("verk:node:n1").decode().split("|")
        assert second.stderr.splitlines()[-1] == (
            f"Error: the node id 'n1' is in use by 'process {holder[2]} on host {holder[0].partition('/')[0]}'"
        )
        assert content(redis) == before
        redis.rpush("gate", "open")
        assert wait_pushed(redis, "ran", 1) == ["first's"]
        first.expect(" done: ")
        first.send(signal.SIGTERM)
        assert first.exit_code() == 0
    assert int(redis.get("stat:processed")) == 1


def test_a_process_that_follows_a_killed_one_takes_over_at_once_and_runs_its_jobs_again(
    tmp_path, redis_url, redis, client
) -> None:
    """At once: its lease would last for longer than this test may take."""
    for key in (1, 2):
        client.enqueue(Job(class_="Wait", args=[key]))
    with node_n1(tmp_path, redis_url, heartbeat_seconds=1000).expect_up() as first:
        wait_pushed(redis, "started", 2)
        first.send(signal.SIGKILL)
        assert first.exit_code() == -signal.SIGKILL
    with node_n1(tmp_path, redis_url, heartbeat_seconds=1000).expect_up() as second:
        second.expect("had node id n1 and is dead")
        assert sorted(wait_pushed(redis, "started", 2)) == ["1", "2"]
        redis.rpush("gate", 1, 2)
        second.expect(" done: ", 2)
        second.send(signal.SIGTERM)
        assert second.exit_code() == 0
    assert int(redis.get("stat:processed")) == 2
    assert not redis.keys("inprogress:*")


def test_a_holder_on_another_host_is_waited_for_and_its_jobs_run_once_its_lease_has_ended(
    tmp_path, redis_url, redis, client
) -> None:
    client.enqueue(Job(class_="Note", args=["theirs"]))
    redis.lmove("queue:default", "inprogress:default:n1", "RIGHT", "LEFT")
    redis.sadd("verk_nodes", "n1")
    redis.sadd("verk:node:n1:queues", "default")
    redis.set("verk:node:n1", "elsewhere/1|boot|1|1|nonce", px=600_000)
    with node_n1(tmp_path, redis_url) as node:
        node.expect("process 1 on host elsewhere may hold node id n1: waiting ")
        assert redis.llen("inprogress:default:n1") == 1
        redis.pexpire("verk:node:n1", 1)
        node.expect_up()
        assert redis.get("verk:node:n1") != b"elsewhere/1|boot|1|1|nonce"
        assert wait_pushed(redis, "ran", 1) == ["theirs"]
        node.expect(" done: ")
    assert int(redis.get("stat:processed")) == 1


def test_a_process_that_woke_up_to_find_its_id_taken_leaves_the_jobs_to_the_other(
    tmp_path, redis_url, redis, client
) -> None:
    """It was frozen for longer than its lease. What it had begun is settled once, by whoever ends first."""
    client.enqueue(Job(class_="Wait", args=["job"]))
    with node_n1(tmp_path, redis_url, heartbeat_seconds=0.3).expect_up() as first:
        wait_pushed(redis, "started", 1)
        first.send(signal.SIGSTOP)
        # Its own lease is long: the first would be back in the moment in which it ended.
        with node_n1(tmp_path, redis_url, heartbeat_seconds=5.0).expect_up() as second:
            wait_pushed(redis, "started", 1)
            first.send(signal.SIGCONT)
            first.expect("; fetching stops")
            for key in range(5):
                client.enqueue(Job(class_="Note", args=[key]))
            assert sorted(map(int, wait_pushed(redis, "ran", 5))) == list(range(5))
            redis.rpush("gate", 1, 2)
            assert wait_pushed(redis, "ran", 2) == ["job", "job"]
            for node in (first, second):
                node.send(signal.SIGTERM)
                assert node.exit_code() == 0
    assert "Note" not in first.output
    assert (first.output + second.output).count(" fenced: ") == 1
    assert int(redis.get("stat:processed")) == 6
    assert not redis.keys("inprogress:*")
    assert not redis.exists("queue:default", "retry", "dead", "stat:failed")
