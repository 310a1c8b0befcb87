"""Batches against a model: members end in any way and any order, managers die at any word and cross each other.

The model is what has become of each job. A callback is enqueued once, when its time has come, and never before.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from support.interrupted import Interrupted

from verk_actors.client import Client
from verk_actors.client.workflow import chain, group
from verk_actors.settings.config import Config
from verk_actors.store.batch_progress import BatchProgress
from verk_actors.store.batch_status import BatchNotOpen
from verk_actors.store.connection import Connection
from verk_actors.store.effects import of_end, of_success
from verk_actors.store.exchange import InProgress, Limits, Settlement
from verk_actors.store.nodes import Nodes
from verk_actors.store.waiting_jobs import WaitingJobs
from verk_actors.tree.rescue import Rescue
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

NOW = 1_750_000_000.0
KEYS = Keys()


class Died(Exception):
    """A manager was killed."""


def job() -> Job:
    return Job(class_="C", args=[], queue="q")


SHAPES = (
    lambda: [job() for _ in range(3)],
    lambda: chain(job(), job(), job()),
    lambda: group(chain(job(), job()), job()) | group(job(), chain(job(), job())),
    lambda: chain(group(chain(job(), group(job(), chain(job(), job()))), job()), job()),
)


class World:
    """One batch, with one within it that was added later, and what is done about their jobs.

    Attributes:
        jids, within: of all jobs, and of those of the batch within.
        succeeded: how often each job has.
        failed: the jobs that have ended without success.
        stolen: those of them that are nowhere.
    """

    def __init__(self, client: Client, connection: Connection, redis: Redis, rng: random.Random) -> None:
        redis.flushdb()
        self._client, self._connection, self._redis, self._rng = client, connection, redis, rng
        self._nodes = Nodes(connection, KEYS)
        self._nodes.heartbeat("n1", "token", 60_000, ["q"])
        self._depth = 0
        self.succeeded: Counter[str] = Counter()
        self.failed: set[str] = set()
        self.stolen: set[str] = set()
        done = {name: Job(class_=name, args=[], queue="callbacks") for name in ("complete", "success", "child")}
        self.batch = client.batch(
            rng.choice(SHAPES)(), bid="b", on_complete=done["complete"], on_success=done["success"]
        )
        self.within: list[str] = []
        if rng.random() < 0.5:
            self.within = client.batch(rng.choice(SHAPES)(), parent="b", on_success=done["child"]).jids
        self.jids = [*self.batch.jids, *self.within]

    def callbacks(self) -> Counter[str]:
        """Return how often each callback has been enqueued."""
        return Counter(decode(payload).class_ for payload in self._redis.lrange("queue:callbacks", 0, -1))

    def have_succeeded(self, jids: Sequence[str]) -> bool:
        """Return whether all of these have."""
        return all(self.succeeded[jid] for jid in jids)

    def act(self) -> None:
        """Do something that may happen at any time."""
        often = [self.succeed, self.retry, self.requeue, self.put_back, self.crash, self.add, self.manage, self.manage]
        seldom = [self.die, self.delete, self.cancel, self.sweep, self.steal, self.settle_lost, self.bury]
        self._rng.choice(often if self._rng.random() < 0.8 else seldom)()

    # What nodes do

    def succeed(self) -> bool:
        """Have a job run and succeed; returns whether there was any."""
        return self._run(
            lambda payload, one: Settlement("ack", payload, effects=of_success(one, KEYS)), self.succeeded.update
        )

    def retry(self) -> None:
        """Have a job fail that is to be retried."""
        self._run(lambda payload, one: Settlement("retry", payload, payload, NOW + 60))

    def die(self) -> None:
        """Have a job fail for good."""
        self._run(lambda payload, one: Settlement("dead", payload, payload, NOW, of_end(one, KEYS)), self.failed.update)

    def crash(self) -> None:
        """Have a node die that runs a job, which comes back."""
        self._lose_node(max_recoveries=1000)

    def bury(self) -> None:
        """Have a node die, and the job that it ran be held to be the cause."""
        self.failed |= {*self._lose_node(max_recoveries=0)}

    def add(self) -> None:
        """Have a member add a job while it runs; it may do so again, not knowing that it has."""
        if not self._client.queue("q").count() or self._rng.random() < 0.5:
            return
        more = Job(class_="C", args=[], queue="q", jid=f"more-{len(self.jids)}")
        try:
            self.jids += self.batch.add(more, once=True)
        except BatchNotOpen:
            assert not self._redis.exists("verk:batch:b:pending")
        else:
            assert self.batch.add(more, once=True) == [more.jid]

    # What people do

    def delete(self) -> None:
        """Delete a job that waits, or that is to be retried."""
        jobs = self._rng.choice([self._client.queue("q"), self._client.retries])
        for one in self._rng.sample(found := jobs.range(), min(1, len(found))):
            assert jobs.delete(one)
            self.failed |= {one.jid}

    def cancel(self) -> None:
        """Cancel a job, wherever it waits."""
        waiting = [*self._client.queue("q").range(), *self._client.retries.range()]
        for one in self._rng.sample(waiting, min(1, len(waiting))):
            assert WaitingJobs(self._connection, KEYS, lambda: NOW).cancel(one.jid)
            self.failed |= {one.jid}

    def sweep(self) -> None:
        """Clear the queue, or clear or kill all that are to be retried."""
        jobs, act = self._rng.choice(
            [(queue := self._client.queue("q"), queue.clear), (retries := self._client.retries, retries.clear),
             (retries, retries.kill_all)]
        )  # fmt: skip
        self.failed |= {one.jid for one in jobs.range()}
        act()

    def steal(self) -> None:
        """Have a Sidekiq run a job, which tells no batch."""
        payload = self._redis.rpop("queue:q")
        if payload is not None:
            self.stolen |= {decode(payload).jid}
            self.failed |= self.stolen

    def settle_lost(self) -> bool:
        """Have the batches told what no Sidekiq tells them; return whether there was anything."""
        lost = self._client.batches.lost("b")
        assert {member.jid for member in lost} <= self.stolen
        assert self._client.batches.settle(lost) == len(lost)
        return bool(lost)

    def requeue(self) -> None:
        """Have those run now that are to be retried."""
        self._client.retries.requeue_all()

    def put_back(self) -> None:
        """Give a dead job another try."""
        dead = self._client.dead.range()
        if dead:
            one = self._rng.choice(dead)
            assert self._client.dead.requeue(one)
            self.failed -= {one.jid}

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
        self._depth = 3  # nothing comes between any more
        self.requeue()
        while self.succeed() or self._see_to(BatchProgress(self._connection, KEYS)) or self.settle_lost():
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

    def _run(self, fate: Callable[[bytes, Job], Settlement], note: Callable[[list[str]], object] = bool) -> bool:
        """Run a job, and settle it, now and then once more as after a lost reply; return whether there was any."""
        in_progress = InProgress(self._connection, KEYS, "q", "n1")
        payloads = in_progress.exchange("token", [], 1, NOW).payloads
        jobs = [decode(payload) for payload in payloads]
        settlements = [fate(payload, one) for payload, one in zip(payloads, jobs, strict=True)]
        for is_new in self._rng.choice([[True], [True, False]]) if payloads else []:
            if self._rng.random() < 0.3:
                self.manage()
            assert in_progress.exchange("token", settlements, 0, NOW).settled == [is_new]
            if is_new:
                note([str(one.jid) for one in jobs])
        return bool(payloads)

    def _lose_node(self, max_recoveries: int) -> list[str]:
        """Kill a node that runs a job, if there is one, and rescue it; return the jid."""
        self._nodes.heartbeat("n2", "other", 60_000, ["q"])
        payloads = InProgress(self._connection, KEYS, "q", "n2").exchange("other", [], 1, NOW).payloads
        self._redis.delete("verk:node:n2")
        limits = Limits(max_recoveries=max_recoveries)
        Rescue(self._connection, KEYS, limits, lambda: True, lambda: NOW).rescue("n2")
        return [str(decode(payload).jid) for payload in payloads]


@pytest.fixture
def connection(config: Config) -> Iterator[Connection]:
    connection = Connection(config.redis_url, name="manager")
    yield connection
    connection.close()


@pytest.mark.logs_errors("buried 1 jobs")
def test_each_callback_is_enqueued_once_whatever_happens_when(
    config: Config, connection: Connection, redis: Redis, long: bool
) -> None:
    client = Client(config, clock=lambda: NOW)

    @settings(
        max_examples=1000 if long else 25, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        world = World(client, connection, redis, random.Random(seed))
        for _ in range(30):
            world.act()
            callbacks = world.callbacks()
            assert all(count == 1 for count in callbacks.values())
            assert not callbacks["success"] or world.have_succeeded(world.jids)
            assert not callbacks["child"] or world.have_succeeded(world.within)
        world.settle_all()

        status = client.batches.get("b")
        assert status is not None
        assert status.pending == 0
        has_failed = bool(world.failed)
        assert bool(status.failed) == has_failed
        assert status.state == ("complete" if has_failed else "succeeded")
        callbacks = world.callbacks()
        assert callbacks["complete"] == 1
        assert callbacks["success"] == (not has_failed)
        assert callbacks["child"] == (bool(world.within) and world.have_succeeded(world.within))
        assert all(count <= 1 for count in world.succeeded.values())
        assert has_failed or world.have_succeeded(world.jids)
        assert not redis.zrangebyscore("verk:batches:due", "-inf", NOW)

    check()
    client.close()
