"""A process with a running node forks: the child may enqueue and start a node of its own, the parent notices nothing.

Each script is an interpreter of its own: a fork of the tests' own would take pytest along.
"""

from __future__ import annotations

import signal
import sys
import textwrap
from pathlib import Path

import pytest
import redis as redis_py
from support.commands import RunningNode, ended, environment, wait_pushed

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow

PREAMBLE = """
import multiprocessing, os, signal, sys, threading
import redis
from verk_actors import ActorSystem, Client, Config, Job, worker
from verk_actors.messages import Status
from verk_actors.tree.manager.queue import worker_pool

worker_pool._SHUTDOWN_SECONDS = dict.fromkeys(worker_pool._SHUTDOWN_SECONDS, 20.0)  # as in tests/conftest.py
signal.alarm(40)  # of parent and child: whoever hangs is ended
URL = sys.argv[1]
redis = redis.Redis.from_url(URL)

@worker
def Note(key):
    redis.rpush("ran", key)

def note(key): return Job(queue="q", class_="Note", args=[key])

def connections():
    return {row["id"]: row["name"] for row in redis.client_list() if row["name"].startswith("verk:parent")}

def waited(pid): return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def wait_ran(count):
    while redis.llen("ran") < count: threading.Event().wait(0.01)

config = Config(queues={"q": 5}, redis_url=URL, node_id="parent")
system = ActorSystem.start(config)
client = Client(config)
client.enqueue(note("before"))
wait_ran(1)
"""


def run(script: str, redis_url: str) -> str:
    """Run a script in an interpreter of its own and return what it printed; a hang fails the test."""
    command = [sys.executable, "-W", "ignore", "-c", PREAMBLE + textwrap.dedent(script), redis_url]
    done = ended(command, environment())
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_child_that_exits_neither_stops_the_node_nor_closes_its_connections(redis_url, redis) -> None:
    """It leaves as any program does: through sys.exit and what was registered for the exit."""
    script = """
    before, token = connections(), redis.get("verk:node:parent")
    pid = os.fork()
    if not pid:
        system.stop()
        sys.exit(7)
    print(waited(pid), before.items() <= connections().items(), redis.get("verk:node:parent") == token)
    print(system.ask(Status(), timeout=10).connected)
    client.enqueue(note("after"))
    wait_ran(2)
    system.stop()
    """
    assert run(script, redis_url) == "7 True True\nTrue\n"
    assert redis.lrange("ran", 0, -1) == [b"before", b"after"]
    assert redis.keys("verk*") == []


def test_parent_and_children_enqueue_at_once_over_connections_of_their_own(redis_url, redis) -> None:
    script = """
    def enqueue(who):
        for number in range(200):
            client.enqueue(note(f"{who}-{number}"))
    pids = []
    for child in range(3):
        pid = os.fork()
        if not pid:
            enqueue(child)
            os._exit(0)
        pids.append(pid)
    enqueue("parent")
    print([waited(pid) for pid in pids])
    wait_ran(1 + 4 * 200)
    system.stop()
    """
    assert run(script, redis_url) == "[0, 0, 0]\n"
    ran = [key.decode() for key in redis.lrange("ran", 1, -1)]
    assert sorted(ran) == sorted(f"{who}-{number}" for who in (0, 1, 2, "parent") for number in range(200))
    assert not redis.keys("inprogress:*")


def test_a_child_of_multiprocessing_that_asks_the_node_is_told_why_it_gets_no_answer(redis_url, redis) -> None:
    script = """
    def child(answers):
        try:
            system.ask(Status())
        except Exception as error:
            answers.put(str(error).replace(str(os.getppid()), "PARENT"))
        client.enqueue(note("from the child"))
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    process = fork.Process(target=child, args=(answers,))
    process.start()
    process.join()
    print(answers.get(), process.exitcode)
    wait_ran(2)
    system.stop()
    """
    assert run(script, redis_url) == (
        "actor_system is dead: a fork takes no threads along; it lives in process PARENT 0\n"
    )
    assert redis.keys("verk*") == []


def test_a_child_may_start_a_node_of_its_own_beside_its_parents_by_the_same_config(redis_url, redis) -> None:
    """As a web server does that loads a program once and forks its workers."""
    script = """
    both = Config(queues={"mine": 1}, redis_url=URL)
    first = ActorSystem.start(both)
    pid = os.fork()
    if not pid:
        mine = ActorSystem.start(both)
        print(redis.smembers("verk_nodes") > {b"parent", both.node_id.encode()}, flush=True)
        client.enqueue(Job(queue="mine", class_="Note", args=["child's"]))
        wait_ran(2)
        mine.stop()
        sys.exit()
    print(waited(pid), system.ask(Status(), timeout=10).connected)
    print(redis.smembers("verk_nodes") == {b"parent", both.node_id.encode()})
    first.stop()
    system.stop()
    """
    assert run(script, redis_url) == "True\n0 True\nTrue\n"
    assert redis.keys("verk*") == []


def test_forks_in_the_middle_of_work_hang_neither_child_nor_parent(redis_url, redis) -> None:
    """Python: a lock that another thread holds at the fork is never given back in the child."""
    script = """
    def child(number):
        signal.alarm(20)
        try:
            system.ask(Status())
        except Exception:
            client.enqueue(note(number))
            os._exit(3)
    for number in range(300):
        client.enqueue(note(f"work-{number}"))
    codes = set()
    for number in range(30):
        pid = os.fork()
        if not pid: child(number)
        codes.add(waited(pid))
    wait_ran(1 + 300 + 30)
    system.stop()
    print(codes)
    """
    assert run(script, redis_url) == "{3}\n"
    assert redis.llen("ran") == len(set(redis.lrange("ran", 0, -1))) == 331
    assert int(redis.get("stat:processed")) == 331
    assert not redis.exists("stat:failed", "retry")


# -- row 7: jobs that start threads or fork

FORKS = """
import os, signal, sys, threading
from jobs import client
from verk_actors import worker

@worker
def Fork(how):
    pid = os.fork()
    if pid == 0:
        if how == "wait": return signal.pause()
        if how == "raise": raise ValueError("in the child")
        if how == "exit": sys.exit(7)
        return
    if how == "wait": os.kill(pid, signal.SIGTERM)
    client.rpush("codes", f"{how} {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")

@worker
def Thread():
    threading.Thread(target=threading.Event().wait).start()
    threading.Thread(target=threading.Event().wait, daemon=True).start()
"""


def forking_node(cwd: Path, redis_url: str) -> RunningNode:
    (cwd / "forks.py").write_text(FORKS)
    (cwd / "verk.toml").write_text("[queues.default]\nsize = 2\nprefetch = 5\n")
    return RunningNode(cwd, redis_url, "-r", "forks", queue="", PYTHONWARNINGS="ignore").expect_up()


def ran_once(node: RunningNode, redis: redis_py.Redis, jobs: int) -> bool:
    node.expect(" done: ", jobs)
    return int(redis.get("stat:processed")) == jobs and not redis.exists("stat:failed", "retry", "dead")


def test_a_child_that_a_job_forked_ends_with_the_job_and_runs_no_other(tmp_path, redis_url, redis) -> None:
    """It has a copy of the running table, with jobs that wait for a worker there too."""
    with Client(Config(redis_url=redis_url)) as client:
        for how in ("return", "raise", "exit"):
            client.enqueue(Job(class_="Fork", args=[how]))
        for key in range(20):
            client.enqueue(Job(class_="Note", args=[key]))
    with forking_node(tmp_path, redis_url) as node:
        assert sorted(wait_pushed(redis, "codes", 3)) == ["exit 7", "raise 1", "return 0"]
        assert ran_once(node, redis, 23)
    assert sorted(map(int, redis.lrange("ran", 0, -1))) == list(range(20))


def test_a_signal_to_a_child_that_a_job_forked_ends_the_child_and_not_the_node(tmp_path, redis_url, redis) -> None:
    with forking_node(tmp_path, redis_url) as node, Client(Config(redis_url=redis_url)) as client:
        client.enqueue(Job(class_="Fork", args=["wait"]))
        assert wait_pushed(redis, "codes", 1) == [f"wait {-signal.SIGTERM}"]
        client.enqueue(Job(class_="Note", args=["goes on"]))
        assert ran_once(node, redis, 2)
        assert "drains" not in node.output


def test_threads_that_jobs_start_and_leave_change_nothing_for_other_jobs(tmp_path, redis_url, redis) -> None:
    with Client(Config(redis_url=redis_url)) as client:
        for key in range(20):
            client.enqueue(Job(class_="Thread", args=[]))
            client.enqueue(Job(class_="Note", args=[key]))
    with forking_node(tmp_path, redis_url) as node:
        assert ran_once(node, redis, 40)
    assert sorted(map(int, redis.lrange("ran", 0, -1))) == list(range(20))
