"""The root: its children, its messages, its connections, its end."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors import errors
from verk_actors.events import JobFinished, QueuePaused, QueuePausing, QueueRunning
from verk_actors.messages import AddQueue, PauseQueue, RegisterListener, RemoveQueue, ResumeQueue, UnregisterListener
from verk_actors.otp import NotHandled, snapshot
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.tree import names
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.tree.messages import Drain, Tick
from verk_actors.wire.job import Job


def test_the_children_of_the_root_are_verks_in_verks_order(config: Config) -> None:
    with running_node(config, queues={"default": 2}) as node:
        assert [row.id for row in node.system.children] == [
            "general_connection",
            "node_manager",
            "other_servers",  # ours, and empty unless a queue names a Redis of its own
            "job_logger",
            "queue_stats",
            "event_producer",
            "schedule_manager",
            "batch_manager",
            "cron_manager",
            "limit_manager",
            "presence",
            "canceller",
            "manager_supervisor",
            "queues_drainer",
        ]
        tree = {info.name: [child.kind for child in info.children] for info in snapshot(node.system).walk()}
        assert tree["manager_supervisor"] == ["Manager", "QueueSupervisor"]
        assert tree["default.supervisor"] == ["QueueManager", "WorkerPool", "WorkersManager"]
        assert tree["default.pool"] == ["Worker", "Worker"]


def test_client_list_shows_one_connection_per_queue_and_one_each_for_schedules_presence_the_node_and_the_rest(
    config: Config, redis
) -> None:
    config = attrs.evolve(config, node_id="n1")
    with running_node(config, queues={"a": 3, "b": 3}) as node:
        node.client.enqueue(Job(queue="a", class_="Good", args=[1]))
        node.client.enqueue(Job(queue="b", class_="Good", args=[2]))
        node.log.expect(JobFinished, 2)
        node.whereis(names.QUEUE_STATS).cast(Tick())  # has the general connection used, and so opened

        def connections() -> list[str] | None:
            found = sorted(row["name"] for row in redis.client_list() if row["name"].startswith("verk:n1:"))
            return found if len(found) == 9 else None

        assert eventually(connections, "nine connections") == [
            "verk:n1:batches",
            "verk:n1:cron",
            "verk:n1:general",
            "verk:n1:limits",
            "verk:n1:node",
            "verk:n1:presence",
            "verk:n1:queue:a",
            "verk:n1:queue:b",
            "verk:n1:schedule",
        ]


def test_a_queue_can_be_added_and_removed_while_the_node_runs(config: Config, redis) -> None:
    with running_node(config) as node:
        node.system.ask(AddQueue("new", 3))
        assert node.status().queues["new"].size == 3
        node.client.enqueue(Job(queue="new", class_="Good", args=[1]))
        node.log.expect(JobFinished, queue="new")
        node.system.ask(RemoveQueue("new"), timeout=20)
        assert "new" not in node.status().queues
        assert node.system.whereis("new.supervisor") is None
        node.client.enqueue(Job(queue="new", class_="Good", args=[2]))
        assert redis.llen("queue:new") == 1


def test_removing_a_queue_lets_running_jobs_end(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        removed = node.system.ask(RemoveQueue("q"), block=False)
        node.log.expect(QueuePausing, queue="q")
        node.jobs.gate.open()
        removed.get(timeout=20)
        node.log.expect(JobFinished, queue="q")
        assert redis.keys("inprogress:*") == []
        assert redis.llen("queue:q") == 0


@pytest.mark.logs_errors("did not stop within")
def test_removing_a_queue_hands_back_what_does_not_end_in_time(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=0.1) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        payload = redis.lrange("inprogress:q:" + node.config.node_id, 0, -1)
        node.system.ask(RemoveQueue("q"), timeout=20)
        assert redis.lrange("queue:q", 0, -1) == payload
        assert redis.keys("inprogress:*") == []
        assert redis.zcard("retry") == 0
        assert node.status().abandoned == ("q.worker_1",)


def test_adding_a_queue_that_runs_is_refused_by_name(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        with pytest.raises(errors.QueueAlreadyAdded, match="q"):
            node.system.ask(AddQueue("q"))
        with pytest.raises(errors.ConfigError, match="size"):
            node.system.ask(AddQueue("other", 0))
        with pytest.raises(errors.ConfigError, match="bad name"):
            node.system.ask(AddQueue("bad name"))


@pytest.mark.parametrize("message", [RemoveQueue("x"), PauseQueue("x"), ResumeQueue("x")])
def test_a_queue_that_does_not_run_is_refused_by_name(config: Config, message: object) -> None:
    with running_node(config) as node, pytest.raises(errors.QueueNotFound, match="x"):
        node.system.ask(message)


def test_a_paused_queue_fetches_nothing_until_it_is_resumed(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePaused, queue="q")
        assert node.status().queues["q"].status == "paused"
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        assert redis.llen("queue:q") == 1
        node.system.ask(ResumeQueue("q"))
        node.log.expect(JobFinished, queue="q")
        assert node.log.of(QueueRunning, queue="q")


def test_a_pausing_queue_is_paused_when_its_last_job_has_ended(config: Config) -> None:
    with running_node(config, queues={"q": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePausing, queue="q")
        assert not node.log.of(QueuePaused, queue="q")
        assert node.status().queues["q"].running == 1
        node.jobs.gate.open()
        node.log.expect(QueuePaused, queue="q")


def test_stop_waits_for_running_jobs_and_leaves_no_thread_and_no_key(config: Config, redis) -> None:
    before = set(threading.enumerate())
    with running_node(config, queues={"q": 3}) as node:
        for key in range(3):
            node.client.enqueue(Job(queue="q", class_="Waiting", args=[key]))
        node.jobs.gate.wait_started(3)
        stopped = node.system.stop(block=False)
        node.log.expect(QueuePausing, queue="q")
        node.jobs.gate.open()
        stopped.get(timeout=20)
        assert node.jobs.gate.ended.total() == 3
        assert int(redis.get("stat:processed")) == 3
        assert [key for key in redis.keys("*") if not key.startswith((b"stat:", b"queues", b"j|", b"h|"))] == []
    eventually(lambda: set(threading.enumerate()) <= before, "end of all threads")  # that of the timers is not awaited


@pytest.mark.logs_errors("did not stop within")
def test_stop_hands_back_what_does_not_end_in_time_and_counts_no_retry(config: Config, redis) -> None:
    with running_node(config, queues={"q": 3}, shutdown_timeout_seconds=0.1) as node:
        jids = [node.client.enqueue(Job(queue="q", class_="Waiting", args=[key])) for key in range(5)]
        node.jobs.gate.wait_started(3)
        node.system.stop()
        back = node.client.queue("q").range()
        assert [job.jid for job in reversed(back)] == jids  # in the order in which they came
        assert {job.retry_count for job in back} == {0}
        assert redis.keys("inprogress:*") + redis.keys("verk*") == []
        node.jobs.gate.open()


def test_two_systems_in_one_process_do_not_see_each_other(config: Config) -> None:
    with running_node(config, queues={"one": 1}) as first:
        other = attrs.evolve(config, node_id="other", namespace="elsewhere")
        with running_node(other, queues={"one": 1}) as second:
            first.client.enqueue(Job(queue="one", class_="Good", args=[1]))
            second.client.enqueue(Job(queue="one", class_="Good", args=[2]))
            first.log.expect(JobFinished)
            second.log.expect(JobFinished)
        assert set(first.jobs.runs) == {("Good", 1)}
        assert set(second.jobs.runs) == {("Good", 2)}


@pytest.mark.logs_errors("did not start: NodeIdInUse")
def test_a_second_live_process_with_the_same_node_id_refuses_to_start_and_names_the_first(config: Config) -> None:
    config = attrs.evolve(config, node_id="same")
    with running_node(config) as node, ThreadPoolExecutor(1) as threads:
        second = threads.submit(ActorSystem.start, config)
        eventually(lambda: node.beat() or second.done(), "refusal")  # a lease that lasts, and is renewed meanwhile
        with pytest.raises(errors.NodeIdInUse, match=f"same.*process {os.getpid()}"):
            second.result()


@pytest.mark.parametrize(
    "make",
    [
        lambda: AddQueue(7),
        lambda: PauseQueue([]),
        lambda: RemoveQueue(None),
        lambda: RegisterListener(object()),
        lambda: RegisterListener(None),
        lambda: UnregisterListener("x"),
    ],
)
def test_a_message_with_a_value_of_the_wrong_kind_raises_where_it_is_made(make) -> None:
    with pytest.raises(TypeError):
        make()


@pytest.mark.parametrize("selector", ["JobFinished", ["JobFinished"], int, [JobFinished, 7], 7])
def test_a_selector_that_selects_nothing_raises_where_it_is_made(config: Config, selector: object) -> None:
    with running_node(config) as node, pytest.raises(TypeError, match="selector"):
        RegisterListener(node.system, selector)


def test_a_message_that_the_system_does_not_know_is_refused_and_the_node_goes_on(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        for message in ("nonsense", Drain(), 7):
            with pytest.raises(NotHandled):
                node.system.ask(message)
            node.system.tell(message)
        assert node.status().queues["q"].status == "idle"


@pytest.mark.logs_errors("did not start: NodeIdInUse")
def test_of_two_that_start_at_once_with_one_node_id_the_second_is_refused(config: Config) -> None:
    config = attrs.evolve(config, node_id="same")
    with ThreadPoolExecutor(3) as threads:
        starts = [threads.submit(ActorSystem.start, config) for _ in range(3)]
        [first] = eventually(lambda: [one.result() for one in starts if one.done() and not one.exception()], "a start")
        heart = first.whereis(names.NODE_MANAGER)
        # A lease that lasts, and is renewed meanwhile.
        eventually(lambda: heart.cast(Tick()) and all(one.done() for one in starts), "refusals")
    refusals = [error for one in starts if (error := one.exception()) is not None]
    assert [type(error) for error in refusals] == [errors.NodeIdInUse] * 2
    first.stop()


@pytest.mark.logs_errors("Redis is of no use now")
def test_an_idle_node_stops_at_once_without_redis(config: Config, tmp_path) -> None:
    config = attrs.evolve(config, redis_url=RedisUrl(f"unix://{tmp_path}/none.sock"))
    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=10_000.0) as node:
        assert node.system.stop(timeout=20)


def test_a_queue_added_in_the_moment_of_a_stop_does_not_hold_it_up(config: Config) -> None:
    with running_node(config) as node:
        for number in range(10):
            node.system.tell(AddQueue(f"q{number}", 1))
        assert node.system.stop(timeout=20)
