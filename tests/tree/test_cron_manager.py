"""Periodic jobs are enqueued when their times come, by one of the nodes, and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import attrs
import pytest
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import running_node

from verk_actors.client import Client
from verk_actors.events import CronJobEnqueued, CronJobKeptOut, JobFinished
from verk_actors.jobs.endings import Discard
from verk_actors.jobs.job_class import worker
from verk_actors.settings.config import Config
from verk_actors.settings.cron import CronConfig
from verk_actors.settings.queues import QueueConfig
from verk_actors.store.cron import CronEntries
from verk_actors.wire import cron_entry, cron_runs
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.cron_runs import CronResult
from verk_actors.wire.cron_schedule import CronSchedule
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

EACH_SECOND = "* * * * * *"
DAY = 86_400


class Kit(JobKit):
    """Adds a periodic class."""

    def __init__(self) -> None:
        super().__init__()
        kit = self

        @worker(registry=self.registry, cron=EACH_SECOND, timezone="Europe/Berlin", queue="q", max_retry_count=3)
        def ticking() -> None:
            kit.order.append("tick")

        @worker(registry=self.registry, name="never", cron="@yearly", queue="q")
        def never_in_this_test() -> None:
            kit.order.append("never")


@pytest.fixture
def entries(config: Config) -> Iterator[CronEntries]:
    with Client(config) as client:
        yield CronEntries(client._pools[config.redis_url], Keys())


def test_a_periodic_class_runs_by_itself_with_its_options_and_tells_of_it(
    config: Config, entries: CronEntries, redis
) -> None:
    with running_node(config, Kit(), queues={"q": 1}) as node:
        event = node.log.expect(CronJobEnqueued)[0]
        assert (event.name, event.queue, event.job.class_, event.job.max_retry_count) == ("ticking", "q", "ticking", 3)
        assert event.job.cron == "ticking"
        assert event.job.extra == {"verk_cron_at": event.slot_at}
        node.log.expect(JobFinished, jid=event.job.jid)

        table = entries.look()
        assert cron_entry.read("never", table.definitions["never"]).source == "code"
        assert set(table.told) == {"ticking", "never"}
        assert table.slots["ticking"] >= event.slot_at
        result = cron_runs.result_in(table.results["ticking"])
        assert isinstance(result, CronResult)
        assert (result.outcome, result.error) == ("succeeded", None)
        assert "never" not in node.jobs.order

        redis.delete("verk:cron", "verk:cron:slots", "verk:cron:runs")  # emptied, as by somebody's mistake
        eventually(lambda: redis.hexists("verk:cron:runs", "ticking"), "another run")


def missed(redis, name: str, seconds: float) -> float:
    """Have the last time of an entry that was seen to be so long ago; returns it."""
    last = int(redis.time()[0] - seconds)
    redis.hset("verk:cron:slots", name, last)
    return last


def slots_in(redis, queue: str = "q") -> list[float]:
    return [json.loads(payload)["verk_cron_at"] for payload in reversed(redis.lrange(f"queue:{queue}", 0, -1))]


def entered(entries: CronEntries, name: str, cron: str, job: Job | None = None, **schedule: object) -> None:
    job = job or Job(class_="Good", args=[name], queue="q")
    assert entries.put(CronEntry(name, job, CronSchedule(cron, **schedule)), instead_of=None)  # type: ignore[arg-type]


def test_what_was_missed_is_made_up_for_as_each_entry_says(config: Config, entries: CronEntries, redis) -> None:
    for catch_up in ("none", "last", "all"):
        entered(
            entries, catch_up, "30 0 * * * *", Job(class_="Good", args=[], queue=catch_up),
            catch_up=catch_up, catch_up_window_seconds=3 * 3600,
        )  # fmt: skip
        missed(redis, catch_up, DAY)
    entered(entries, "paused", "* * * * *", catch_up="all")
    missed(redis, "paused", DAY)
    entries.pause("paused")
    with running_node(config):
        eventually(lambda: len(slots_in(redis, "all")) >= 3, "the jobs of the last three hours")
    # Only now: the entries are seen to in any order, and a look that has begun goes through all of them.
    found = {catch_up: slots_in(redis, catch_up) for catch_up in ("none", "last", "all")}
    assert found["all"] == [found["all"][0] + 3600 * number for number in range(len(found["all"]))]
    assert found["last"] == found["all"][-1:]
    assert found["none"] == [] or redis.time()[0] - found["none"][0] < 120
    assert slots_in(redis) == []


def test_of_many_missed_times_all_are_made_up_for_part_by_part(config: Config, entries: CronEntries, redis) -> None:
    entered(entries, "many", EACH_SECOND, catch_up="all", catch_up_window_seconds=400)
    last = missed(redis, "many", 350)
    with running_node(config):
        eventually(lambda: redis.llen("queue:q") >= 350, "all of them")
    slots = slots_in(redis)
    assert slots == [last + 1 + number for number in range(len(slots))]


def test_two_nodes_and_a_crash_enqueue_each_time_once(config: Config, redis) -> None:
    every = {"each": CronConfig(class_="Good", cron=EACH_SECOND, queue="q", catch_up="all")}
    with ExitStack() as stack:
        first, _ = (stack.enter_context(running_node(config, node_id=name, cron=every)) for name in ("n1", "n2"))
        eventually(lambda: redis.llen("queue:q") >= 1, "a job")
        manager = first.whereis("cron_manager")
        manager.kill()
        first.successor(manager)
        eventually(lambda: redis.llen("queue:q") >= 3, "more jobs")
    slots = slots_in(redis)
    assert slots == [slots[0] + number for number in range(len(slots))]


def test_the_configuration_goes_before_the_code_and_an_older_definition(
    config: Config, entries: CronEntries, redis
) -> None:
    entered(entries, "ticking", "@yearly")
    ours = CronConfig(class_="ticking", cron="@monthly", args=[1], options={"expires_in": 60.0})
    with running_node(config, Kit(), cron={"ticking": ours}):
        written = eventually(lambda: definition_from(entries, "config"), "its own definition")
    assert written == CronEntry(
        "ticking",
        Job(class_="ticking", args=[1], queue="q", max_retry_count=3, expires_in=60.0),
        CronSchedule("@monthly"),
        "config",
    )


def definition_from(entries: CronEntries, source: str) -> CronEntry | None:
    entry = cron_entry.read("ticking", entries.definition("ticking") or b"{}")
    return entry if entry.source == source else None


def troublesome(job: Job, call_next):
    """Halt or break some jobs, as a client's middleware may."""
    if job.cron == "halted":
        raise Discard("not today")
    if job.cron == "broken":
        raise RuntimeError("no")
    return call_next(attrs.evolve(job, args=["changed"]))


@pytest.mark.logs_errors("periodic job broken can't be enqueued", "Redis refuses this", "WRONGTYPE")
def test_what_is_not_enqueued_stops_no_other(config: Config, entries: CronEntries, redis) -> None:
    redis.hset("verk:cron", "unreadable", "{")
    redis.hset("verk:cron:slots", "unreadable", "0")
    redis.set("queue:odd", "no list")
    for name in ("halted", "broken"):
        entered(entries, name, EACH_SECOND, catch_up="all")
    missed(redis, "broken", 500)  # more than are made up for in one go
    entered(entries, "refused", EACH_SECOND, Job(class_="Good", args=[], queue="odd"))
    entered(entries, "unique", EACH_SECOND, Job(class_="Good", args=[], queue="unique", unique_for=60.0))
    theirs = CronEntry("in their code", Job(class_="Good", args=[], queue="q"), CronSchedule(EACH_SECOND), "code")
    entries.put(theirs, instead_of=None)
    missed(redis, "in their code", 30)
    entered(entries, "well", EACH_SECOND)
    with running_node(config, client_middleware=[troublesome]) as node:
        kept_out = node.log.expect(CronJobKeptOut)[0]
        first = json.loads(redis.lindex("queue:unique", 0))["jid"]
        assert (kept_out.name, kept_out.queue, kept_out.holder) == ("unique", "unique", first)
        eventually(lambda: redis.llen("queue:q") >= 1, "a job of the one that is well")
    jobs = [json.loads(payload) for payload in redis.lrange("queue:q", 0, -1)]
    assert {(job["verk_cron"], *job["args"]) for job in jobs} == {("well", "changed")}
    assert redis.llen("queue:unique") == 1
    assert entries.read().slots["broken"] < redis.time()[0] - 400, "none of its times is over"


def test_an_entry_is_on_the_redis_of_its_queue(config: Config, own_server, redis) -> None:
    queues = {"q": QueueConfig(size=1), "far": QueueConfig(size=1, redis_url=own_server.url)}
    every = {
        "near": CronConfig(class_="Good", cron=EACH_SECOND, queue="q", args=["near"]),
        "far": CronConfig(class_="Good", cron=EACH_SECOND, queue="far", args=["far"]),
    }
    with running_node(config, queues=queues, cron=every) as node:
        eventually(lambda: {"near", "far"} <= set(node.jobs.order), "runs of both")
        with own_server.client() as far:
            assert far.hkeys("verk:cron") == [b"far"]
            assert redis.hkeys("verk:cron") == [b"near"]


def test_a_class_that_needs_arguments_can_not_be_periodic() -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'key'"):
        worker(cron="@daily", name="needy", registry=JobKit().registry)(lambda key: None)
