"""Scripts whose user lacks a permission: Redis stops them in the middle, and no job is lost."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
import redis as redis_py
from support.servers import OwnServer

from verk_actors.errors import StoreError
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.due import DueJobs
from verk_actors.store.exchange import InProgress, Settlement
from verk_actors.store.nodes import Nodes
from verk_actors.store.scripts import CANCEL, ENQUEUE, EXCHANGE, MOVE, RESCUE, TAKE, Script
from verk_actors.store.waiting_jobs import WaitingJobs
from verk_actors.wire.keys import Keys

KEYS = Keys()
NOW = 1_700_000_000.0


def commands_of(*scripts: Script) -> list[str]:
    return sorted({command for script in scripts for command in re.findall(r"redis\.p?call\('(\w+)'", script.text)})


@pytest.fixture
def admin(own_server: OwnServer) -> Iterator[redis_py.Redis]:
    with own_server.client() as client:
        yield client


@pytest.fixture
def denied(own_server: OwnServer, admin: redis_py.Redis, command: str) -> Iterator[Connection]:
    """Return the connection of a user who may do all but one command."""
    admin.execute_command("ACL", "SETUSER", "poor", "on", ">secret", "~*", "+@all", f"-{command.lower()}")
    url = own_server.url.replace("redis://", "redis://poor:secret@")
    connection = Connection(RedisUrl(url), name="test")
    yield connection
    connection.close()


def places_of(redis: redis_py.Redis, payload: str) -> int:
    """Return in how many places a job is, whatever form it has there."""
    lists = [redis.lrange(key, 0, -1) for key in redis.keys("queue:*") + redis.keys("inprogress:*")]
    sets = [redis.zrange(key, 0, -1) for key in (KEYS.retry, KEYS.schedule, KEYS.dead)]
    return sum(payload.encode() in member for place in lists + sets for member in place)


@pytest.mark.slow  # a server for each command
@pytest.mark.parametrize("command", commands_of(EXCHANGE))
def test_an_exchange_that_may_not_all_that_it_does_loses_no_job(admin, denied, command) -> None:
    admin.set(KEYS.node("n1"), "token")
    payloads = ["job-a", "job-b", "job-c"]
    admin.lpush(KEYS.in_progress("q", "n1"), *payloads)
    admin.lpush(KEYS.queue("q"), "job-d")
    fates = [
        Settlement("retry", b"job-a", b"again job-a", NOW),
        Settlement("dead", b"job-b", b"dead job-b", NOW),
        Settlement("requeue", b"job-c"),
    ]

    with contextlib.suppress(StoreError):
        InProgress(denied, KEYS, "q", "n1").exchange("token", fates, 5, NOW)

    assert [places_of(admin, payload) for payload in [*payloads, "job-d"]] == [1, 1, 1, 1]


@pytest.mark.slow  # a server for each command
@pytest.mark.parametrize("command", commands_of(EXCHANGE))
def test_a_fetch_that_may_not_all_that_it_does_takes_each_job_once_or_leaves_it(admin, denied, command) -> None:
    admin.set(KEYS.node("n1"), "token")
    payloads = [b"job-a", b"job-b", b"job-c"]
    admin.lpush(KEYS.queue("q"), *payloads)

    taken: list[bytes] = []
    with contextlib.suppress(StoreError):
        taken = InProgress(denied, KEYS, "q", "n1").exchange("token", [], 5, NOW).payloads

    assert [places_of(admin, payload.decode()) for payload in payloads] == [1, 1, 1]
    assert set(taken) <= set(admin.lrange(KEYS.in_progress("q", "n1"), 0, -1))


@pytest.mark.slow  # a server for each command
@pytest.mark.parametrize("command", commands_of(TAKE))
def test_a_fetch_behind_a_wait_that_may_not_all_that_it_does_leaves_the_job(admin, denied, command) -> None:
    admin.set(KEYS.node("n1"), "token")
    admin.lpush(KEYS.queue("q"), "job")
    take = InProgress(denied, KEYS, "q", "n1").fetch_behind_wait("token")

    with pytest.raises(StoreError):
        denied.script(take.script, take.keys, take.args)

    assert admin.lrange(KEYS.queue("q"), 0, -1) == [b"job"]


@pytest.mark.slow  # a server for each command
@pytest.mark.parametrize("command", commands_of(RESCUE))
def test_a_rescue_that_may_not_all_that_it_does_loses_no_job(admin, denied, command) -> None:
    admin.sadd(KEYS.nodes, "dead")
    admin.sadd(KEYS.node_queues("dead"), "q")
    admin.lpush(KEYS.in_progress("q", "dead"), "job-a", "job-b")

    with contextlib.suppress(StoreError):
        Nodes(denied, KEYS).rescue("dead", "q")

    assert places_of(admin, "job-a") >= 1
    assert places_of(admin, "job-b") >= 1


@pytest.mark.slow  # a server for each command
@pytest.mark.parametrize("command", commands_of(MOVE))
def test_a_move_that_may_not_all_that_it_does_loses_no_job(admin, denied, command) -> None:
    admin.zadd(KEYS.retry, {'{"class":"Good","args":["job-a"],"queue":"q","jid":"1","retry":true}': 1})
    admin.zadd(KEYS.retry, {"no job-b": 1})

    with contextlib.suppress(StoreError):
        DueJobs(denied, KEYS).promote()

    assert places_of(admin, "job-a") >= 1
    assert places_of(admin, "no job-b") >= 1 or admin.zcard(KEYS.dead) == 1


@pytest.mark.slow  # a server for each command
@pytest.mark.parametrize("command", commands_of(CANCEL))
def test_a_cancellation_that_may_not_all_that_it_does_loses_no_job(admin, denied, command) -> None:
    admin.sadd(KEYS.queues, "q")
    admin.lpush(KEYS.queue("q"), '{"class":"Good","args":[],"jid":"job-a","retry":true}')

    with contextlib.suppress(StoreError):
        WaitingJobs(denied, KEYS, lambda: NOW).cancel("job-a")

    assert places_of(admin, "job-a") == 1


@pytest.mark.slow  # a server
@pytest.mark.needs("redis-server")
@pytest.mark.parametrize("program", [None, "redis-server"])
def test_the_command_that_a_script_lacks_is_named(tmp_path, program) -> None:
    """Redis up to 7.0 says only at which line the script was denied one."""
    with OwnServer(tmp_path / "named", program=program) as server, server.client() as admin:
        admin.execute_command("ACL", "SETUSER", "poor", "on", ">secret", "~*", "+@all", "-lpush")
        connection = Connection(RedisUrl(server.url.replace("redis://", "redis://poor:secret@")), name="test")
        with pytest.raises(StoreError, match=r"(?i)NOPERM") as caught:
            connection.script(ENQUEUE, ("queue:q", "queues"), ("q", b"job"))
        connection.close()
    assert "LPUSH in enqueue" in str(caught.value) or "'lpush' command" in str(caught.value)
