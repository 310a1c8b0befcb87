"""`verk doctor` finds each fault that is planted, and nothing where there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis
from support.relay import relay

from verk_actors.cli.doctor import CHECKS, examine
from verk_actors.cli.doctor.finding import Patient
from verk_actors.client import Client
from verk_actors.jobs.registry import Registry
from verk_actors.otp.clock import SystemClock
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.pool import Pool
from verk_actors.wire import cron_entry
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.cron_schedule import CatchUp, CronSchedule
from verk_actors.wire.job import Job

JOBS = """
from verk_actors import worker

@worker(name="Doctored")
def doctored(): ...
"""
VERKS = b'{"class":"Doctored","args":"[1]","jid":"v1","queue":"default","max_retry_count":25}'


@pytest.fixture
def sound(redis, client, tmp_path):
    """Have a node that lives and works two queues, one of which has a job."""
    (tmp_path / "doctored.py").write_text(JOBS)
    redis.sadd("verk_nodes", "n1")
    redis.set("verk:node:n1", "token", px=60_000)
    redis.sadd("verk:node:n1:queues", "default", "mail")
    redis.sadd("processes", "verk:process:n1")
    redis.hset("verk:process:n1", mapping={"beat": str(redis.time()[0]), "quiet": "false"})
    client.enqueue(Job(class_="Doctored", args=[1]))


def nothing(redis: Redis) -> None:
    """Plant no fault."""


def dead_node(redis: Redis) -> None:
    redis.sadd("verk_nodes", "n2")
    redis.sadd("verk:node:n2:queues", "default")
    redis.lpush("inprogress:default:n2", VERKS)


def orphan(redis: Redis) -> None:
    redis.lpush("inprogress:default:ghost", VERKS)


def lonely_queue(redis: Redis) -> None:
    redis.sadd("queues", "lonely")
    redis.lpush("queue:lonely", '{"class":"Doctored","args":[]}')


def paused_queue(redis: Redis) -> None:
    redis.sadd("paused", "default")


def overdue_retry(redis: Redis) -> None:
    redis.zadd("retry", {b'{"class":"Doctored","args":[],"queue":"default"}': 1.0})


def unknown_class(redis: Redis) -> None:
    redis.lpush("queue:default", '{"class":"Doctord","args":[]}')


def mixed_forms(redis: Redis) -> None:
    redis.lpush("queue:default", VERKS)


def forms_that_a_sidekiq_misreads(redis: Redis) -> None:
    redis.lpush("queue:default", VERKS)
    redis.sadd("processes", "host:1:abc")
    info = json.dumps({"queues": ["default"], "hostname": "host", "pid": 1})
    redis.hset("host:1:abc", mapping={"info": info, "beat": str(redis.time()[0])})


def no_job(redis: Redis) -> None:
    redis.lpush("queue:mail", "no job")
    redis.sadd("queues", "mail")


def wrong_type(redis: Redis) -> None:
    redis.set("retry", "a text")


def node_ahead(redis: Redis) -> None:
    redis.hset("verk:process:n1", "beat", str(redis.time()[0] + 100))


def periodic(redis: Redis, last: float, source: str, catch_up: CatchUp = "last") -> None:
    schedule = CronSchedule("* * * * *", catch_up=catch_up)
    entry = CronEntry("nightly", Job(class_="Doctored", args=[]), schedule, source)  # type: ignore[arg-type]
    redis.hset("verk:cron", "nightly", cron_entry.write(entry))
    redis.hset("verk:cron:slots", "nightly", last)


def missed_time(redis: Redis) -> None:
    periodic(redis, redis.time()[0] - 90_000, "client")


def time_passed_by(redis: Redis) -> None:
    periodic(redis, redis.time()[0] - 90_000, "client", "none")


def time_ahead(redis: Redis) -> None:
    periodic(redis, redis.time()[0] + 90_000, "client")


def stale_entry(redis: Redis) -> None:
    periodic(redis, redis.time()[0] - 90_000, "code")


def forgotten_limit(redis: Redis) -> None:
    redis.zadd("verk:limited", {"api": 1})
    redis.zadd("verk:limit:api:waiting", {VERKS: 1})


def limit_of_the_dead(redis: Redis) -> None:
    forgotten_limit(redis)
    redis.hset("verk:limits", "api", json.dumps({"name": "api", "concurrency": 1, "told_at": redis.time()[0]}))
    redis.hset("verk:limit:api:slots", "1", "gone token")


def spoiled_limit(redis: Redis) -> None:
    redis.zadd("verk:limited", {"customer:7": 1})
    redis.set("verk:limit:customer:7:slots", "a text")


FAULTS = [
    (nothing, {}),
    (dead_node, {"dead nodes": "problem"}),
    (orphan, {"orphans": "problem"}),
    (lonely_queue, {"queues": "problem"}),
    (paused_queue, {"paused": "warning"}),
    (overdue_retry, {"overdue": "problem"}),
    (unknown_class, {"classes": "problem"}),
    (mixed_forms, {"wire formats": "warning"}),
    (forms_that_a_sidekiq_misreads, {"wire formats": "problem"}),
    (no_job, {"payloads": "warning"}),
    (wrong_type, {"types": "problem", "overdue": "note", "classes": "note", "payloads": "note"}),
    (node_ahead, {"clocks": "problem"}),
    (missed_time, {"periodic": "problem"}),
    (time_passed_by, {}),
    (time_ahead, {"periodic": "problem"}),
    (stale_entry, {"periodic": "warning"}),
    (forgotten_limit, {"limits": "problem"}),
    (limit_of_the_dead, {"limits": "warning"}),
    (spoiled_limit, {"types": "problem"}),
]


def found(said) -> dict[str, str]:
    """Return what was found: how bad each check found it."""
    return {one["check"]: finding["severity"] for one in json.loads(said.stdout) for finding in one["findings"]}


@pytest.mark.parametrize(("plant", "findings"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_each_fault_is_found_and_nothing_else(verk_here, redis_url, redis, sound, plant, findings):
    plant(redis)

    said = verk_here("doctor", "--json", "-r", "doctored", "--redis", redis_url)

    assert found(said) == findings
    assert said.returncode == ("problem" in findings.values())
    assert all(finding["remedy"] for one in json.loads(said.stdout) for finding in one["findings"])


def test_names_in_a_remedy_are_one_word_each_for_the_shell(verk_here, redis_url, redis, sound):
    redis.sadd("queues", "a;reboot")
    redis.lpush("queue:a;reboot", VERKS)
    redis.lpush("inprogress:b c:d$e", VERKS)

    said = verk_here("doctor", "-r", "doctored", "--redis", redis_url).stdout

    assert "> start one: verk run -q 'a;reboot':25 -r MODULE\n" in said
    assert "verk redis cli SADD 'verk:node:d$e:queues' 'b c', verk nodes rescue 'd$e'\n" in said


@contextmanager
def set_to(redis: Redis, **settings: str) -> Iterator[None]:
    """Have a server with other settings for a while."""
    before = {name: value for one in settings for name, value in redis.config_get(one).items()}
    try:
        for name, value in settings.items():
            redis.config_set(name, value)
        yield
    finally:
        for name, value in before.items():
            redis.config_set(name, value)


@pytest.mark.parametrize(
    ("settings", "check"),
    [
        ({"maxmemory-policy": "allkeys-lru"}, "eviction"),
        ({"appendonly": "no"}, "persistence"),
        ({"maxmemory": "USED"}, "memory"),
    ],
)
def test_each_setting_of_a_server_that_costs_jobs_is_found(verk_here, redis_url, redis, sound, settings, check):
    used = str(int(redis.info("memory")["used_memory"] / 0.95))

    with set_to(redis, **{name: used if value == "USED" else value for name, value in settings.items()}):
        said = verk_here("doctor", "--json", "-r", "doctored", "--redis", redis_url)

    assert found(said) == {check: "problem"}


def test_a_replica_is_found(verk_here, redis_url, redis, sound):
    redis.replicaof("127.0.0.1", "1")
    try:
        said = verk_here("doctor", "--json", "-r", "doctored", "--redis", redis_url)
    finally:
        redis.replicaof("NO", "ONE")

    assert found(said) == {"role": "problem"}


@pytest.mark.parametrize(
    ("pattern", "instead", "check"),
    [
        (rb"redis_version:\d\.", b"redis_version:5.", "version"),
        (rb"(?<=\*2\r\n\$10\r\n)\d{8}", b"17000000", "clocks"),
    ],
)
def test_an_old_version_and_a_clock_that_is_wrong_are_found(
    verk_here, redis_url, redis, sound, pattern, instead, check
):
    path = redis_url.removeprefix("unix://").partition("?")[0]

    with relay(path, lambda reply: re.sub(pattern, instead, reply)) as url:
        said = verk_here("doctor", "--json", "-r", "doctored", "--redis", url)

    assert found(said)[check] == "problem"


def test_a_password_in_the_clear_and_a_full_dead_set_are_found(redis_url, client, sound):
    client.dead.add(b"{}", 1.0)
    config = Config(redis_url=redis_url, max_dead_jobs=1)
    pool = Pool(config.redis_url, name="test")
    with Client(config) as client:
        patient = Patient(
            config=config,
            client=client,
            servers={RedisUrl("redis://:secret@redis.example:6379/0"): pool},
            registry=Registry(),
            clock=SystemClock.time,
        )
        results = {result.check: result.findings for result in examine(patient)}
    pool.close()

    [password], [dead], [classes] = results["password"], results["dead set"], results["classes"]
    assert (password.severity, dead.severity, classes.severity) == ("warning", "warning", "note")
    assert "secret" not in password.what


def test_a_redis_that_does_not_answer_is_all_that_is_found(verk_here):
    said = verk_here("doctor", VERK_REDIS_URL="unix:///nothing")

    assert said.returncode == 1
    assert said.stdout.startswith("problem  redis  connect unix:///nothing failed: ")
    assert said.stdout.count("\n") == 2


def test_what_may_not_be_asked_is_a_note(verk_here, redis_url, redis, sound):
    redis.execute_command("ACL", "SETUSER", "poor", "on", "nopass", "~*", "+@all", "-info", "-scan")
    try:
        path = redis_url.removeprefix("unix://")
        said = verk_here("doctor", "--json", "-r", "doctored", VERK_REDIS_URL=f"unix://poor:any@{path}")
    finally:
        redis.execute_command("ACL", "DELUSER", "poor")

    assert found(said) == dict.fromkeys(["version", "eviction", "persistence", "memory", "role", "orphans"], "note")
    assert said.returncode == 0


def test_findings_are_told_with_their_remedies(verk_here, redis_url, redis, sound):
    unknown_class(redis)

    said = verk_here("doctor", "-r", "doctored", "--redis", redis_url)

    lines = said.stdout.splitlines()
    assert lines[0] == "ok       version       The version has all commands that are needed."
    place = next(number for number, line in enumerate(lines) if line.startswith("problem"))
    assert lines[place] == "problem  classes       queue default has 1 job of the class Doctord, which is not known"
    assert lines[place + 1].strip() == "> register it, as @worker(name='Doctord'); there is Doctored"
    assert len(CHECKS) == len(lines) - 1
