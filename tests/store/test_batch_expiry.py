"""A batch is forgotten when its time is over, in whatever it is in, and its jobs run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from verk_actors.client import Client
from verk_actors.client.workflow import chain, group
from verk_actors.settings.config import Config
from verk_actors.store.batch_progress import BatchProgress
from verk_actors.store.connection import Connection
from verk_actors.store.effects import of_end, of_success
from verk_actors.store.exchange import InProgress, Settlement
from verk_actors.store.nodes import Nodes
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

NOW = 1_750_000_000.0
KEYS = Keys()


def job(class_: str = "C", queue: str = "q") -> Job:
    return Job(class_=class_, args=[], queue=queue)


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config, clock=lambda: NOW) as client:
        yield client


@pytest.fixture
def connection(config: Config) -> Iterator[Connection]:
    connection = Connection(config.redis_url, name="manager")
    yield connection
    connection.close()


@pytest.fixture
def batches(connection: Connection) -> BatchProgress:
    return BatchProgress(connection, KEYS)


def see_to_all(batches: BatchProgress, now: float) -> None:
    while due := batches.due(now, 10):
        for bid in due:
            batches.advance(bid, now)


def test_its_members_run_on_and_its_callbacks_do_not_come(client, redis, connection, batches) -> None:
    client.batch([job(), job()], bid="b", on_complete=job(queue="later"), on_success=job(queue="later"), expires_in=60)
    assert not batches.due(NOW + 59, 10)

    advanced = batches.advance("b", NOW + 60)

    assert (advanced.status, advanced.completed, advanced.succeeded) == (None, False, False)
    assert not redis.keys("verk:batch*")
    Nodes(connection, KEYS).heartbeat("n1", "token", 60_000, ["q"])
    in_progress = InProgress(connection, KEYS, "q", "n1")
    good, bad = in_progress.exchange("token", [], 2, NOW).payloads
    ends = [
        Settlement("ack", good, effects=of_success(decode(good), KEYS)),
        Settlement("dead", bad, bad, NOW, of_end(decode(bad), KEYS)),
    ]
    assert in_progress.exchange("token", ends, 0, NOW).settled == [True, True]
    assert redis.zcard("dead") == 1
    see_to_all(batches, NOW + 61)
    assert not redis.keys("verk:batch*"), "what members leave of a batch that is gone is swept"
    assert not redis.exists("queue:later")
    assert client.dead.requeue(client.dead.range()[0])
    see_to_all(batches, NOW + 62)
    assert not redis.keys("verk:batch*")


def test_steps_to_come_are_forgotten_with_it(client, redis, batches) -> None:
    client.batch(group(chain(job(), job()), job()) | group(job(), chain(job(), job())), expires_in=60)

    see_to_all(batches, NOW + 60)

    assert not redis.keys("verk:batch*")
    assert client.queue("q").count() == 2


def test_its_parent_counts_it_among_the_failed_at_once(client, redis, batches) -> None:
    client.batch([], parent=None, bid="empty")
    client.batch([job()], bid="parent", on_complete=job(queue="later"), on_success=job(queue="later"))
    client.batch([job()], bid="child", parent="parent", expires_in=60)
    client.batch([], bid="done", parent="parent", expires_in=60)
    redis.srem("verk:batch:parent:pending", client.queue("q").range(-1, -1)[0].jid)

    assert batches.advance("done", NOW + 60).others == ()
    assert batches.advance("child", NOW + 60).others == ("parent",)
    assert batches.advance("parent", NOW + 60).completed

    status = client.batches.get("parent")
    assert (status.total, status.done, status.failed, status.state) == (3, 2, 1, "complete")
    assert client.queue("later").count() == 1
