"""Redis is killed and started again while nodes work, with or without its data: nothing is lost, nothing runs twice."""

from __future__ import annotations

import logging
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.servers import OwnServer
from support.troubles import restarts

from verk_actors.client import Client
from verk_actors.errors import EnqueueUncertain, StoreUnavailable
from verk_actors.events import JobEvent, JobFailed, JobFenced, JobFinished, RedisDataLost
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.wire.job import Job

AWAY = "Redis is of no use now"
LOST = "data is lost there"
SIZES = {"a": 4, "b": 4}


@pytest.fixture
def node_config(own_server: OwnServer) -> Config:
    return Config(redis_url=RedisUrl(own_server.url), queues=SIZES)


class Producer:
    """Enqueues as fast as it can, on a thread of its own, until it is told to stop.

    Attributes:
        certain: keys of jobs that are in Redis for sure.
        uncertain: keys of jobs that may be.
    """

    def __init__(self, config: Config) -> None:
        self.certain: set[int] = set()
        self.uncertain: set[int] = set()
        self._config = config
        self._stop = threading.Event()
        self._progress = threading.Condition()

    @contextmanager
    def working(self) -> Iterator[None]:
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def wait_certain(self, count: int) -> None:
        """Wait until that many more jobs are enqueued."""
        wanted = len(self.certain) + count
        with self._progress:
            assert self._progress.wait_for(lambda: len(self.certain) >= wanted, 20), "no progress"

    def _work(self) -> None:
        key = 0
        with Client(self._config) as client:
            while not self._stop.is_set():
                key += 1
                self._enqueue(client, key)

    def _enqueue(self, client: Client, key: int) -> None:
        class_ = "BadAtFirst" if key % 10 == 0 else "Good"
        job = Job(queue="ab"[key % 2], class_=class_, args=[key])
        try:
            client.enqueue(job)
        except EnqueueUncertain:
            self.uncertain.add(key)
        except StoreUnavailable:
            self._stop.wait(0.01)
        else:
            with self._progress:
                self.certain.add(key)
                self._progress.notify_all()


@pytest.fixture(params=["always", "everysec"])
def keeping_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnServer]:
    """Return a server whose append-only file has all that it has answered, even if it is killed.

    With `everysec` on a disk that is slow, it has not: while one fsync is under way, writes are put off for up to two
    seconds, and answered. So there the file is in memory.
    """
    memory = Path("/dev/shm")
    if request.param == "everysec" and not memory.is_dir():
        pytest.skip("needs a file system in memory, /dev/shm")
    in_memory = memory if request.param == "everysec" else None
    with (
        tempfile.TemporaryDirectory(dir=in_memory) as directory,
        OwnServer(Path(directory), appendfsync=request.param) as server,
    ):
        yield server


@pytest.mark.slow  # five restarts under load, fifty with --long
@pytest.mark.timeout(600)
@pytest.mark.logs_errors(AWAY)
def test_kill_9_of_redis_under_load_loses_no_job_and_runs_none_twice(keeping_server, node_config, long) -> None:
    kills, chance = (50 if long else 5), random.Random(7)
    config = attrs.evolve(node_config, redis_url=RedisUrl(keeping_server.url))
    jobs, producer = JobKit(), Producer(config)
    other = attrs.evolve(config, node_id="other")
    with running_node(config, jobs) as node, running_node(other, jobs) as peer, keeping_server.client() as redis:
        with producer.working():
            for _ in range(kills):
                producer.wait_certain(chance.randrange(20, 200))
                keeping_server.restart()
            producer.wait_certain(20)
        eventually(lambda: quiet(redis), "all jobs done")
        ran = {key for _, key in jobs.runs}
        lost = producer.certain - ran
        twice = {key for (class_, key), runs in jobs.runs.items() if runs != (2 if class_ == "BadAtFirst" else 1)}
        print(f"{kills} kills, {len(ran)} jobs, {len(producer.uncertain)} uncertain: {lost=} {twice=}")
        assert (lost, twice) == (set(), set())
        assert ran <= producer.certain | producer.uncertain
        assert int(redis.get("stat:processed")) == jobs.runs.total()
        assert restarts(node) == restarts(peer) == 0


def start_and_load(server: OwnServer) -> None:
    server.start()
    with server.client() as redis:
        eventually(lambda: not redis.info("persistence")["loading"], "data")


def quiet(redis) -> bool:
    """Return whether no job is left; looked at in one moment, since a retry goes round in all these places."""
    with redis.pipeline(transaction=True) as looks:
        looks.keys("inprogress:*").keys("queue:*").exists("retry", "schedule")
        return not any(looks.execute())


def flushed(server: OwnServer) -> None:
    with server.client() as redis:
        redis.flushall()


def restarted_empty(server: OwnServer) -> None:
    server.kill()
    for file in server.directory.rglob("*"):
        if file.is_file():
            file.unlink()
    server.start()


@pytest.mark.slow  # a server of its own
@pytest.mark.parametrize(
    "lose_everything",
    [
        pytest.param(flushed, id="FLUSHALL", marks=pytest.mark.logs_errors(LOST)),
        pytest.param(restarted_empty, id="an empty restart", marks=pytest.mark.logs_errors(AWAY, LOST)),
    ],
)
def test_when_redis_loses_everything_running_jobs_end_and_the_nodes_are_there_again(
    own_server, node_config, lose_everything
) -> None:
    jobs = JobKit()
    other = attrs.evolve(node_config, node_id="other")
    with running_node(node_config, jobs) as node, running_node(other, jobs) as peer:
        for key in range(12):  # more than the two nodes run at once
            node.client.enqueue(Job(queue="ab"[key % 2], class_="Waiting", args=[key]))
        jobs.gate.wait_started(12)
        lose_everything(own_server)
        node.beat()
        peer.beat()
        jobs.gate.open()
        eventually(lambda: len(told(node)) + len(told(peer)) == 12, "all jobs ended")
        with own_server.client() as redis:
            eventually(lambda: len(redis.smembers("verk_nodes")) == 2, "both nodes")
            eventually(lambda: redis.get("verk:node:other"), "lease")
            node.client.enqueue(Job(queue="a", class_="Good", args=[1]))
            eventually(lambda: jobs.runs["Good", 1] == 1, "a new job")
            assert not redis.exists("retry", "dead", "stat:failed")
        assert set(jobs.runs.values()) == {1}
        assert restarts(node) == restarts(peer) == 0
        assert node.log.of(JobFailed) == peer.log.of(JobFailed) == []
        assert len(node.log.expect(RedisDataLost)) == len(peer.log.expect(RedisDataLost)) == 1


def told(node: Node) -> list[JobEvent]:
    """Return what was told of jobs that ended. Where an end was on its way to Redis, it counts as settled."""
    return [event for event in node.log.events if isinstance(event, JobFinished | JobFenced)]


@pytest.mark.slow  # a server of its own
@pytest.mark.logs_errors(AWAY)
def test_redis_may_be_away_before_a_node_starts_and_for_longer_than_its_lease(own_server, node_config, caplog) -> None:
    caplog.set_level(logging.DEBUG, "verk_actors.tree.outage")
    own_server.kill()
    with running_node(node_config, heartbeat_seconds=0.1) as node:
        eventually(lambda: len(caplog.messages) >= 10, "attempts")
        assert not node.status().connected
        start_and_load(own_server)
        node.client.enqueue(Job(queue="a", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        own_server.kill()
        node.jobs.gate.open()
        seen = len(caplog.messages)
        eventually(lambda: len(caplog.messages) >= seen + 10, "attempts")  # by then the lease of 0.2 s has run out
        start_and_load(own_server)
        node.client.enqueue(Job(queue="b", class_="Good", args=[1]))
        node.log.expect(JobFinished, 2)
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0
