"""Batches against a model: members end in any way and any order, managers die at any word and cross each other.

The model is a list of each job's fate. A callback is enqueued once, when its time has come, and never before.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from verk_actors.client import Client
from verk_actors.client.workflow import chain, group
from verk_actors.settings.config import Config
from verk_actors.store.batch_progress import BatchProgress
from verk_actors.store.commands import Argument
from verk_actors.store.connection import Connection
from verk_actors.store.effects import of_end, of_success
from verk_actors.store.exchange import InProgress, Settlement
from verk_actors.store.nodes import Nodes
from verk_actors.store.scripts import Script, ScriptCall
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

NOW = 1_750_000_000.0
KEYS = Keys()


class Died(Exception):
    """A manager was killed."""


class Interrupted:
    """Sends what a manager says, with something else before and after each word."""

    def __init__(self, connection: Connection, between: Callable[[], None]) -> None:
        self._connection, self._between = connection, between

    def _ask(self, ask: Callable[[], Any]) -> Any:
        self._between()
        reply = ask()
        self._between()
        return reply

    def call(self, *args: Argument) -> Any:
        return self._ask(lambda: self._connection.call(*args))

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        return self._ask(lambda: self._connection.script(script, keys, args))

    def transaction(self, calls: Sequence[ScriptCall]) -> list[Any]:
        return self._ask(lambda: self._connection.transaction(calls))


def job() -> Job:
    return Job(class_="C", args=[], queue="q")


SHAPES = (
    lambda: [job() for _ in range(3)],
    lambda: chain(job(), job(), job()),
    lambda: group(chain(job(), job()), job()) | group(job(), chain(job(), job())),
    lambda: chain(group(chain(job(), group(job(), chain(job(), job()))), job()), job()),
)


class World:
    """One batch, with one within it that was added later, and what is done about their jobs."""

    def __init__(self, client: Client, connection: Connection, redis: Redis, rng: random.Random) -> None:
        redis.flushdb()
        self._client, self._connection, self._redis, self._rng = client, connection, redis, rng
        self._in_progress = InProgress(connection, KEYS, "q", "n1")
        Nodes(connection, KEYS).heartbeat("n1", "token", 60_000, ["q"])
        self._depth = 0
        self.succeeded: Counter[str] = Counter()
        done = {name: Job(class_=name, args=[], queue="callbacks") for name in ("complete", "success", "child")}
        self.batch = client.batch(
            rng.choice(SHAPES)(), bid="b", on_complete=done["complete"], on_success=done["success"]
        )
        self.jids = [*self.batch.jids]
        if rng.random() < 0.5:
            self.jids += client.batch(rng.choice(SHAPES)(), parent="b", on_success=done["child"]).jids

    def callbacks(self) -> Counter[str]:
        """Return how often each callback has been enqueued."""
        return Counter(decode(payload).class_ for payload in self._redis.lrange("queue:callbacks", 0, -1))

    def act(self) -> None:
        """Do something that may happen at any time."""
        acts = [self.succeed, self.die, self.delete, self.put_back, self.manage, self.manage]
        self._rng.choice(acts)()

    def succeed(self) -> bool:
        """Have a job run and succeed; returns whether there was any."""
        return self._run(lambda payload, one: Settlement("ack", payload, effects=of_success(one, KEYS)))

    def die(self) -> bool:
        """Have a job fail for good."""
        return self._run(lambda payload, one: Settlement("dead", payload, payload, NOW, of_end(one, KEYS)))

    def delete(self) -> None:
        """Have somebody delete a job that waits."""
        waiting = self._client.queue("q").range()
        if waiting and self._rng.random() < 0.3:
            assert self._client.queue("q").delete(self._rng.choice(waiting))

    def put_back(self) -> None:
        """Have somebody give a dead job another try."""
        dead = self._client.dead.range()
        if dead:
            assert self._client.dead.requeue(self._rng.choice(dead))

    def manage(self) -> None:
        """Have a manager see to one batch that is due; it may die, or be crossed by others."""
        if self._depth > 2:
            return
        self._depth += 1
        try:
            self._see_to(BatchProgress(Interrupted(self._connection, self._between), KEYS))
        except Died:
            pass
        finally:
            self._depth -= 1

    def settle_all(self) -> None:
        """Let all jobs that are left succeed, and the managers see to it."""
        while self.succeed() or self._see_to(BatchProgress(self._connection, KEYS)):
            pass

    def _between(self) -> None:
        roll = self._rng.random()
        if roll < 0.1:
            raise Died
        if roll < 0.4:
            self.act()

    def _see_to(self, progress: BatchProgress) -> bool:
        due = progress.due(NOW, 10)
        if due:
            progress.advance(self._rng.choice(due), NOW)
        return bool(due)

    def _run(self, fate: Callable[[bytes, Job], Settlement]) -> bool:
        payloads = self._in_progress.exchange("token", [], 1, NOW).payloads
        for payload in payloads:
            one = decode(payload)
            settlement = fate(payload, one)
            assert self._in_progress.exchange("token", [settlement], 0, NOW).settled == [True]
            self.succeeded[str(one.jid)] += settlement.kind == "ack"
        return bool(payloads)


@pytest.fixture
def connection(config: Config) -> Iterator[Connection]:
    connection = Connection(config.redis_url, name="manager")
    yield connection
    connection.close()


def test_each_callback_is_enqueued_once_whatever_happens_when(
    config: Config, connection: Connection, redis: Redis, long: bool
) -> None:
    client = Client(config, clock=lambda: NOW)

    @settings(
        max_examples=1000 if long else 25, deadline=None, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        world = World(client, connection, redis, random.Random(seed))
        for _ in range(25):
            world.act()
            assert all(count == 1 for count in world.callbacks().values())
        world.settle_all()

        status = client.batches.get("b")
        assert status is not None
        assert status.pending == 0
        has_failed = bool(status.failed)
        assert status.state == ("complete" if has_failed else "succeeded")
        callbacks = world.callbacks()
        assert callbacks["complete"] == 1
        assert callbacks["success"] == (not has_failed)
        assert all(count <= 1 for count in world.succeeded.values())
        assert has_failed or all(world.succeeded[jid] for jid in world.jids)
        assert not redis.zrangebyscore("verk:batches:due", "-inf", NOW)

    check()
    client.close()
