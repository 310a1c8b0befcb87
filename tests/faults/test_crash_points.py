"""Each actor is struck at each message that it handles and at each word to Redis, before and after, while jobs run.

No job is lost and none runs twice: the death of an actor alone leaves a choice, unlike that of a process.
"""

from __future__ import annotations

import itertools
import logging
import random
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from support.async_jobs import AsyncFates
from support.crash_points import HOW, WHEN, WORDS, MessagePoint, Mine, Planted, RedisPoints, actors, message_points
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.probe import EventLog, Probe

from verk_actors import Config, QueueConfig
from verk_actors import messages as u
from verk_actors.errors import QueueAlreadyAdded, QueueNotFound
from verk_actors.events import JobFinished
from verk_actors.jobs.run import JobNotRunning
from verk_actors.otp import ActorDeadError, Cast, NoProcess, Server
from verk_actors.tree import messages as m
from verk_actors.tree import names
from verk_actors.tree.batch_manager import GoOn
from verk_actors.tree.canceller import GraceOver
from verk_actors.tree.manager.queue.process_worker import ProcessWorker
from verk_actors.tree.manager.queue.worker import Worker
from verk_actors.tree.node_log import Line
from verk_actors.tree.running_job import GIVEN_BACK, RunningJob
from verk_actors.wire.job import Job

LONG_ROUNDS = 20
SETTINGS = {"max_restarts": 100_000, "poll_interval_seconds": 0.01, "shutdown_timeout_seconds": 5.0}
RUNS = {"Good": 1, "BadAtFirst": 2, "Bad": 1}
_numbers = itertools.count()


def insist(node: Node, message: object) -> None:
    """Ask the system until it has done it: whoever dies meanwhile has a successor."""

    def done() -> bool:
        try:
            node.system.ask(message, timeout=20)
        except (Planted, ActorDeadError, NoProcess):
            return False
        except (QueueAlreadyAdded, QueueNotFound):
            return True  # the one that died had done it
        return True

    eventually(done, f"answer to {message}")


def cast(name: str, message: Cast) -> Callable[[Node], None]:
    """Return what sends a message to the process of that name."""
    return lambda node: eventually(lambda: node.system.whereis(name), name).cast(message) and None


def pause_and_resume(node: Node) -> None:
    insist(node, u.PauseQueue("q"))
    insist(node, u.ResumeQueue("q"))


def quiet_and_resume(node: Node) -> None:
    insist(node, u.Quiet())
    insist(node, u.ResumeQueue("q"))


def resize(node: Node) -> None:
    for size in (5, 3):
        insist(node, u.ResizeQueue("q", size))


def add_and_remove(node: Node) -> None:
    insist(node, u.AddQueue("x", 2))
    eventually(lambda: "x" in node.status().queues, "the added queue")
    insist(node, u.RemoveQueue("x"))
    eventually(lambda: "x" not in node.status().queues, "its removal")


def delete(node: Node) -> None:
    insist(node, u.AddQueue("x", 2))
    insist(node, u.RemoveQueue("x", delete_jobs=True))


def register_another(node: Node) -> None:
    probe = Probe.watching(EventLog())
    insist(node, u.RegisterListener(probe))
    insist(node, u.UnregisterListener(probe))
    probe.stop()


def cancel_none(node: Node) -> None:
    with suppress(JobNotRunning, ActorDeadError, Planted):
        eventually(lambda: node.system.whereis(names.CANCELLER), "Canceller").call(u.CancelJob("nobody's"), timeout=20)


def let_none_go(node: Node) -> None:
    ended = RunningJob(b"", None, outcome=GIVEN_BACK)
    cast(names.CANCELLER, GraceOver("q", None, ended))(node)


def drain(node: Node) -> None:
    with suppress(ActorDeadError, Planted):
        eventually(lambda: node.system.whereis(names.workers_manager("q")), "WorkersManager").call(
            m.Drain(), timeout=20
        )
    pause_and_resume(node)


def hand_back(node: Node) -> None:
    eventually(lambda: node.system.whereis(names.MANAGER), "Manager").cast(m.HandBack())
    pause_and_resume(node)


MANAGER, QUEUE_MANAGER, WORKERS_MANAGER = names.MANAGER, names.queue_manager("q"), names.workers_manager("q")
TICKING = ("BatchManager", "CronManager", "EventProducer", "NodeManager", "Presence", "QueueStats", "ScheduleManager")
# How to have each message sent that does not come with jobs by itself. A new one has to be given its line here.
PROVOKED_BY: dict[tuple[str, type], Callable[[Node], None]] = {
    **{(name, m.Tick): cast(re.sub(r"\B(?=[A-Z])", "_", name).lower(), m.Tick()) for name in TICKING},
    ("BatchManager", m.MembersEnded): cast(names.BATCH_MANAGER, m.MembersEnded(["b"])),
    ("BatchManager", GoOn): cast(names.BATCH_MANAGER, GoOn()),
    ("Canceller", u.CancelJob): cancel_none,
    ("Canceller", GraceOver): let_none_go,
    ("EventProducer", u.RegisterListener): register_another,
    ("EventProducer", u.UnregisterListener): register_another,
    ("GeneralConnection", m.DeleteJobs): delete,
    ("GeneralConnection", m.TellRuns): cast(names.GENERAL_CONNECTION, m.TellRuns({})),
    ("GeneralConnection", m.Unblock): cast(names.GENERAL_CONNECTION, m.Unblock(0)),
    ("JobLogger", Line): cast(names.JOB_LOGGER, Line(logging.getLogger(__name__), logging.DEBUG, "a line", (), None)),
    ("LimitManager", m.LimitsMoved): cast(names.LIMIT_MANAGER, m.LimitsMoved(frozenset({"none"}))),
    ("LimitManager", m.Tick): cast(names.LIMIT_MANAGER, m.Tick()),
    ("Manager", u.AddQueue): add_and_remove,
    ("Manager", u.RemoveQueue): add_and_remove,
    ("Manager", m.QueueDrained): add_and_remove,
    ("Manager", u.ResizeQueue): resize,
    ("Manager", u.PauseQueue): pause_and_resume,
    ("Manager", u.Quiet): quiet_and_resume,
    ("Manager", u.ResumeQueue): pause_and_resume,
    ("Manager", m.RemovalDue): cast(MANAGER, m.RemovalDue("q")),
    ("Manager", m.HandBack): hand_back,
    ("QueueManager", m.LeaseRenewed): cast(QUEUE_MANAGER, m.LeaseRenewed()),
    ("QueueManager", m.SettleEnded): cast(QUEUE_MANAGER, m.SettleEnded()),
    ("QueueManager", m.WorkersFree): cast(QUEUE_MANAGER, m.WorkersFree()),
    ("QueueManager", m.Tick): cast(QUEUE_MANAGER, m.Tick()),
    ("WorkersManager", m.Resized): resize,
    **dict.fromkeys([("WorkersManager", m.Pause), ("WorkersManager", m.Resume)], pause_and_resume),
    ("WorkersManager", m.Drain): drain,
    ("WorkersManager", m.HandBack): hand_back,
    ("WorkersManager", m.Tick): cast(WORKERS_MANAGER, m.Tick()),
}
WHEN_IDLE = (drain, hand_back)  # what is running may start again by them, which is no fault


class Round:
    """Some jobs of each fate, and what must have become of them."""

    def __init__(self, node: Node, redis) -> None:
        self._node, self._redis = node, redis
        self._processed, self._dead = self._count(), redis.zcard("dead")
        self._jobs = [("Good", 4), ("BadAtFirst", 2), ("Bad", 1)]
        self._keys = {class_: [next(_numbers) for _ in range(count)] for class_, count in self._jobs}
        for class_, keys in self._keys.items():
            for key in keys:
                retries = 0 if class_ == "Bad" else None
                node.client.enqueue(Job(queue="q", class_=class_, args=[key], max_retry_count=retries))

    def check(self, what: object) -> None:
        """Wait for the end of all; none is lost, none ran once too often, nothing is left behind."""
        redis, runs = self._redis, self._node.jobs.runs
        wanted = self._processed + sum(count * RUNS[class_] for class_, count in self._jobs)

        def settled() -> bool:
            waiting = redis.llen("queue:q") + redis.zcard("retry")
            return self._count() >= wanted and not waiting and not redis.keys("inprogress:*")

        eventually(settled, f"end of all jobs, {what}: {self._count()} of {wanted} runs")
        assert self._count() == wanted, what
        for class_, keys in self._keys.items():
            assert [runs[class_, key] for key in keys] == [RUNS[class_]] * len(keys), what
        assert redis.zcard("dead") == self._dead + 1, what
        if not str(what).count("EventProducer"):  # it takes along what it had not told yet
            eventually(lambda: len(self._finished()) >= 6, f"all events, {what}")
        assert len(self._finished()) == len(set(self._finished())), what

    def _finished(self) -> list[int]:
        """Return the keys of this round's jobs that listeners were told have finished."""
        keys = {*self._keys["Good"], *self._keys["BadAtFirst"]}
        return [key for event in self._node.log.of(JobFinished) if (key := event.job.args[0]) in keys]

    def _count(self) -> int:
        return int(self._redis.get("stat:processed") or 0)


def strike(node: Node, redis, mine: Mine, provoke: Callable[[Node], None] | None, what: object) -> None:
    """Run jobs, and whatever brings the actor to the point, until the mine has been stepped on."""
    for _ in range(5):
        round_ = Round(node, redis)
        if provoke is not None and provoke not in WHEN_IDLE:
            provoke(node)
        round_.check(what)
        if provoke in WHEN_IDLE and provoke is not None:
            provoke(node)
            Round(node, redis).check(what)
        if mine.fired.is_set():
            break
    eventually(mine.fired.is_set, f"way to {what}: PROVOKED_BY needs a line for it")  # who was told may be slow
    Round(node, redis).check(what)


def planned(how: str) -> object:
    """Return the parameter of a way to die, with the errors that it logs."""
    return pytest.param(how, marks=pytest.mark.logs_errors("Planted()")) if how == "raise" else how


def points() -> list[MessagePoint]:
    """Return all points, but where an AsyncWorker dies beside jobs that it has begun, and after a cancelled job.

    Jobs have another end there; tests/tree/manager/queue/test_async_worker.py and tests/tree/test_canceller.py test it.
    """
    worker = ("after-AsyncWorker-Run", "before-AsyncWorker-Resized", "after-AsyncWorker-Resized")
    beside_jobs = {"after-Canceller-CancelJob", *worker}
    return [point for point in message_points() if str(point) not in beside_jobs]


@pytest.fixture
def queue(point: MessagePoint, monkeypatch: pytest.MonkeyPatch) -> QueueConfig:
    """Return a queue that has the actor of the point."""
    # What a worker hands its jobs to is not struck here, and theirs are in this process.
    monkeypatch.setattr(ProcessWorker, "_perform", Worker._perform)
    executor = {"AsyncWorker": "async", "ProcessWorker": "process"}.get(point.actor.__name__, "thread")
    return QueueConfig(size=3, executor=executor)


@pytest.mark.parametrize("how", [planned(how) for how in HOW])
@pytest.mark.parametrize("point", points(), ids=str)
def test_an_actor_that_dies_at_a_message_loses_and_repeats_nothing(
    config: Config,
    redis,
    long: bool,
    point: MessagePoint,
    how: str,
    queue: QueueConfig,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kit = AsyncFates() if queue.executor == "async" else JobKit()
    caplog.set_level(logging.INFO, "verk_actors.job_log")  # else the JobLogger has nothing to do
    provoke = PROVOKED_BY.get((point.actor.__name__, point.message))
    rng = random.Random(str(point))
    with running_node(config, kit, queues={"q": queue}, **SETTINGS) as node:
        for round_ in range(LONG_ROUNDS if long else 1):
            mine = Mine(how, skip=rng.randrange(4) if round_ else 0)
            with point.mined(mine):
                strike(node, redis, mine, provoke, f"{point}, {how}, round {round_}")


@pytest.mark.slow  # strikes at each of a dozen words
@pytest.mark.parametrize("how", [planned(how) for how in HOW])
@pytest.mark.parametrize("actor", [cls for cls in actors() if cls.__name__ in WORDS], ids=lambda cls: cls.__name__)
def test_an_actor_that_dies_at_a_word_to_redis_loses_and_repeats_nothing(
    config: Config, redis, long: bool, actor: type[Server], how: str
) -> None:
    rng = random.Random(actor.__name__)
    settings = SETTINGS | {"heartbeat_seconds": 5.0, "node_id": "n"}  # so that whatever is said is said each time
    provoked_by = {"CLIENT": begin_anew, "SCRIPT": lambda _: redis.script_flush()}
    with running_node(config, queues={"q": 3}, **settings) as node, RedisPoints(actor) as points:
        redis.script_flush()
        begin_anew(node)
        Round(node, redis).check("calm")
        say_all(node)
        Round(node, redis).check("calm")
        eventually(lambda: points.seen >= WORDS[actor.__name__], "all its words")
        for round_, operation, when in itertools.product(range(LONG_ROUNDS if long else 1), sorted(points.seen), WHEN):
            points.mine = Mine(how, skip=rng.randrange(4) if round_ else 0)
            points.point = (operation, when)
            what = f"{actor.__name__} {when} {operation}, {how}, round {round_}"
            strike(node, redis, points.mine, provoked_by.get(operation, say_all), what)


def begin_anew(node: Node) -> None:
    """Have a new QueueManager say what is said once over each connection."""
    eventually(lambda: {str(ref): ref for ref in node.children() if ref.is_alive()}.get(QUEUE_MANAGER), "one").kill()


def say_all(node: Node) -> None:
    """Have all three say what they do not say at each job."""
    for name, message in ((names.NODE_MANAGER, m.Tick()), (QUEUE_MANAGER, m.LeaseRenewed()), (QUEUE_MANAGER, m.Tick())):
        cast(name, message)(node)


def test_the_points_are_many_and_each_actor_has_some() -> None:
    points = message_points()
    assert len(points) * len(HOW) >= 100
    assert {point.actor for point in points} == set(actors()) - {cls for cls in actors() if not cls._otp_handlers}
