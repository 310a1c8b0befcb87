"""What all nodes run, as they have told dashboards."""

from __future__ import annotations

import json

import attrs
import pytest

from verk_actors.jobs.progress import JobProgress
from verk_actors.store.presence import Presence, Work
from verk_actors.store.processes import Processes

NOW = 1_700_000_060.0


@pytest.fixture
def processes(connection, keys) -> Processes:
    return Processes([connection], keys)


def work_of(jid: str, started_at: float) -> Work:
    payload = json.dumps({"class": "A", "jid": jid, "args": [jid]}).encode()
    return Work(worker=f"w{jid}", queue="q", payload=payload, class_name="A", jid=jid, started_at=started_at)


def test_how_far_a_job_is_is_told_and_nonsense_of_others_is_not(processes, connection, nodes, keys, redis):
    nodes.heartbeat("n1", "token", 60_000, ["q"])
    far = attrs.evolve(work_of("1", 1_700_000_000.0), progress=JobProgress.of(1, 4, "\ud800<b>"))
    Presence(connection, keys, "n1").beat({"busy": 1}, [far, work_of("2", 1_700_000_001.0)], first=True)
    redis.sadd(keys.processes, "host:1:2")
    told_of = {"queue": "q", "payload": '{"class":"A","jid":"3","args":[]}', "run_at": 1_700_000_002, "progress": [1]}
    redis.hset(keys.work("host:1:2"), mapping=told({"x": told_of}))

    progress = {run.jid: run.progress for run in processes.running(NOW)}

    assert progress == {"1": JobProgress(done=1.0, total=4.0, message="?<b>"), "2": None, "3": None}


def told(work: dict[str, object]) -> dict[str, str]:
    return {worker: value if isinstance(value, str) else json.dumps(value) for worker, value in work.items()}


def test_of_all_nodes_that_hold_a_lease_the_jobs_are_listed_the_oldest_first(processes, connection, nodes, keys):
    """Conformance case 236: busy, nodes and processes; a node that died told of its jobs less than a minute ago."""
    for node, jobs in {"n1": ("1", "3"), "n2": ("2",), "dead": ("4",)}.items():
        if node != "dead":
            nodes.heartbeat(node, "token", 60_000, ["q"])
        Presence(connection, keys, node).beat(
            {"busy": 1}, [work_of(j, 1_700_000_000.0 + int(j)) for j in jobs], first=True
        )

    runs = processes.running(NOW)

    assert [(run.node, run.jid) for run in runs] == [("n1", "1"), ("n2", "2"), ("n1", "3")]
    assert (runs[0].queue, runs[0].class_, runs[0].args, runs[0].worker) == ("q", "A", ["1"], "w1")
    assert (runs[0].started_at, runs[0].elapsed_seconds, runs[0].stack) == (1_700_000_001.0, 59.0, ())


def test_processes_of_sidekiq_and_exq_are_listed_too(processes, redis, keys):
    """The values are those of the wire dumps; Sidekiq 6.4.1 and Exq write `workers`, later Sidekiqs `work`."""
    payload = (
        '{"retry":true,"queue":"default","args":[3,60000],"class":"SleepWorker","jid":"j","created_at":1795310914.4}'
    )
    redis.sadd(keys.processes, "vm:952:02b4ecabc929", "vm", "new:1:2")
    sidekiq = {"queue": "default", "payload": payload, "run_at": 1795310915}
    exq = {"host": "vm", "payload": payload, "pid": "#PID<0.157.0>", "queue": "default", "run_at": 1795310696.310657}
    redis.hset("app:vm:952:02b4ecabc929:workers", mapping=told({"xc": sidekiq}))
    redis.hset("app:vm:workers", mapping=told({"#PID<0.157.0>": exq}))
    redis.hset("app:new:1:2:work", mapping=told({"y": sidekiq}))

    runs = processes.running(1795310920.0)

    assert [(run.node, run.class_, run.args) for run in runs] == [
        ("vm", "SleepWorker", [3, 60000]),
        ("new:1:2", "SleepWorker", [3, 60000]),
        ("vm:952:02b4ecabc929", "SleepWorker", [3, 60000]),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        {"queue": 1, "payload": 2, "run_at": "x"},
        {"payload": "{"},
        {"payload": "\ud800"},
        {"payload": "{}"},
    ],
    ids=repr,
)
def test_what_can_not_be_read_is_shown_as_far_as_it_can_and_breaks_no_listing(processes, redis, keys, broken):
    redis.sadd(keys.processes, "host:1:2")
    good = {"queue": "q", "payload": '{"class":"A","jid":"1","args":[]}', "run_at": 1_700_000_000}
    redis.hset(keys.work("host:1:2"), mapping=told({"bad": broken, "good": good}))

    runs = {run.worker: run for run in processes.running(NOW)}

    assert (runs["bad"].jid, runs["bad"].class_, runs["bad"].args) == ("", "", None)
    assert runs["good"].jid == "1"


def test_a_process_whose_jobs_may_not_be_read_or_are_no_hash_is_left_out(processes, redis, keys):
    redis.sadd(keys.processes, "host:1:2")
    redis.set(keys.work("host:1:2"), "x")

    assert processes.running(NOW) == []
