"""A node as a process: what each signal does to it and to its jobs, and the exit codes."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest
import redis as redis_py
from support.commands import RunningNode, wait_pushed
from support.eventually import eventually

from verk_actors import embedded
from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

slow = pytest.mark.slow  # an interpreter starts


@pytest.fixture
def client(redis_url: str):
    """Return a client of the empty server; its socket may idle while a node is waited for."""
    with Client(Config(redis_url=redis_url)) as client:
        yield client


def run_waiting(client: Client, redis: redis_py.Redis, count: int) -> list[bytes]:
    """Enqueue jobs that wait at the gate; return their payloads once all of them run."""
    for key in range(count):
        client.enqueue(Job(class_="Wait", args=[key]))
    wait_pushed(redis, "started", count)
    [key] = redis.keys("inprogress:*")
    return redis.lrange(key, 0, -1)


def nothing_is_left(redis: redis_py.Redis) -> bool:
    """Whether no job is in progress, in a set or counted as failed, and no node is known."""
    keys = redis.keys("*")
    return not [key for key in keys if key.startswith((b"inprogress", b"verk", b"retry", b"dead", b"stat:failed"))]


# -- the first signal


@slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_running_jobs_end_and_then_the_node(tmp_path, redis_url, redis, client, number):
    with RunningNode(tmp_path, redis_url, queue="default:1") as node:
        run_waiting(client, redis, 1)
        client.enqueue(Job(class_="Note", args=["too late"]))
        node.send(number)
        node.expect("queue default pausing")
        redis.rpush("gate", "open")

        assert node.exit_code() == 0

    assert redis.lrange("ran", 0, -1) == [b"0"]
    assert [job.args for job in client.queue("default").range()] == [["too late"]]
    assert nothing_is_left(redis)


@slow
def test_a_job_that_outlasts_the_shutdown_timeout_goes_back_as_it_was(tmp_path, redis_url, redis, client):
    with RunningNode(tmp_path, redis_url, "-t", "0.1") as node:
        payloads = run_waiting(client, redis, 2)
        node.send(signal.SIGTERM)

        assert node.exit_code() == 0

    assert sorted(redis.lrange("queue:default", 0, -1)) == sorted(payloads)
    assert nothing_is_left(redis)


@slow
def test_a_node_without_jobs_ends_at_once(tmp_path, redis_url, redis):
    with RunningNode(tmp_path, redis_url, "-t", "1000").expect_up() as node:
        node.send(signal.SIGTERM)

        assert node.exit_code() == 0

    assert nothing_is_left(redis)


@slow
def test_threads_that_jobs_have_left_behind_do_not_keep_the_process(tmp_path, redis_url, redis, client):
    """The interpreter waits for each thread that is no daemon: here it would wait for ever."""
    (tmp_path / "leaves.py").write_text(
        "import threading\nfrom verk_actors import worker\n"
        "@worker\ndef Leave(): threading.Thread(target=threading.Event().wait).start()\n"
    )
    with RunningNode(tmp_path, redis_url, "-r", "leaves") as node:
        client.enqueue(Job(class_="Leave", args=[]))
        node.expect(" done: ")
        node.send(signal.SIGTERM)

        assert node.exit_code() == 0

    assert nothing_is_left(redis)


@slow
def test_what_modules_have_registered_for_the_exit_is_called(tmp_path, redis_url):
    (tmp_path / "tidies.py").write_text("import atexit\natexit.register(print, 'tidied up')\n")
    with RunningNode(tmp_path, redis_url, "-r", "tidies").expect_up() as node:
        node.send(signal.SIGTERM)

        assert node.exit_code() == 0
        assert "tidied up" in node.output


# -- the second


@slow
def test_a_second_signal_hands_running_jobs_back_at_once(tmp_path, redis_url, redis, client):
    # It grants a second; what is handed back within it is not the question here.
    (tmp_path / "patience.py").write_text("from verk_actors import node\nnode._HURRY_SECONDS = 60.0\n")
    with RunningNode(tmp_path, redis_url, "-r", "patience", "-t", "1000") as node:
        payloads = run_waiting(client, redis, 25)
        node.send(signal.SIGTERM)
        node.expect("queue default pausing")
        node.send(signal.SIGTERM)

        assert node.exit_code() == 128 + signal.SIGTERM

    assert sorted(redis.lrange("queue:default", 0, -1)) == sorted(payloads)
    assert "25 jobs did not end and were abandoned" in node.output
    assert nothing_is_left(redis)


@slow
def test_a_second_signal_ends_a_node_whose_redis_hangs(tmp_path):
    server = embedded.ensure(tmp_path / "redis", fsync="no")
    with (
        redis_py.Redis.from_url(server.url, socket_timeout=None) as redis,
        Client(Config(redis_url=server.url)) as client,
    ):
        try:
            with RunningNode(tmp_path, server.url, "-t", "1000") as node:
                payloads = run_waiting(client, redis, 3)
                os.kill(server.pid, signal.SIGSTOP)
                node.send(signal.SIGINT)
                node.expect("SIGINT: the node drains")
                node.send(signal.SIGINT)

                assert node.exit_code() == 128 + signal.SIGINT
        finally:
            os.kill(server.pid, signal.SIGCONT)
        kept = [payload for key in redis.keys("[iq]*:*") for payload in redis.lrange(key, 0, -1)]
        assert sorted(kept) == sorted(payloads)  # in progress; or in the queue, where Redis got the word after all
        embedded.stop(tmp_path / "redis")


@slow
def test_a_node_that_waits_for_its_id_ends_at_the_first_signal(tmp_path, redis_url, redis):
    redis.set("verk:node:n1", "elsewhere|boot|1|1|nonce", px=600_000)
    with RunningNode(tmp_path, redis_url, "--node-id", "n1") as node:
        node.expect("may hold node id n1")
        node.send(signal.SIGTERM)

        assert node.exit_code() == 0


# -- SIGTSTP


@slow
def test_sigtstp_stops_fetching_and_a_later_sigterm_ends_the_node(tmp_path, redis_url, redis, client):
    with RunningNode(tmp_path, redis_url) as node:
        run_waiting(client, redis, 1)
        node.send(signal.SIGTSTP)
        node.expect("queue default pausing")
        client.enqueue(Job(class_="Note", args=["stays"]))
        redis.rpush("gate", "open")
        node.expect("queue default paused")

        assert [job.args for job in client.queue("default").range()] == [["stays"]]
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0


@slow
def test_a_node_that_was_told_to_fetch_no_more_still_moves_what_is_due(tmp_path, redis_url, redis, client):
    with RunningNode(tmp_path, redis_url, VERK_POLL_INTERVAL_SECONDS="0.05").expect_up() as node:
        node.send(signal.SIGTSTP)
        node.expect("queue default paused")

        client.schedule(Job(class_="Note", args=["due"]), 0.01)

        eventually(lambda: client.queue("default").count() == 1, "job in the queue")


# -- SIGTTIN


@slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_sigttin_has_the_tree_and_all_threads_written_to_the_log(tmp_path, redis_url, redis, client, processes):
    with RunningNode(tmp_path, redis_url, "--processes", processes, queue="default:1") as node:
        run_waiting(client, redis, 1)
        node.expect(" runs; queues: ", count=int(processes))
        node.send(signal.SIGTTIN)
        node.expect("SIGTTIN: thread MainThread: ", count=int(processes))

        assert node.output.count("SIGTTIN: actor_system, ") == int(processes)
        assert re.search(r"SIGTTIN: +default\.worker_1, .*jobs\.py:\d+:in Wait < ", node.output)
        redis.rpush("gate", "open")
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0


# -- without any


@slow
def test_a_node_whose_tree_gives_up_exits_with_1(tmp_path, redis_url, client):
    with RunningNode(tmp_path, redis_url, VERK_MAX_RESTARTS="0").expect_up() as node:
        client.enqueue(Job(class_="Kill", args=["event_producer"]))

        assert node.exit_code() == 1
        assert "gave up" in node.output


@slow
def test_the_node_switches_threads_soon_and_collects_garbage_late(tmp_path, redis_url, redis, client):
    (tmp_path / "looks.py").write_text(
        "import gc, json, sys\nfrom verk_actors import worker\nfrom jobs import client\n"
        "@worker\ndef Look(): client.rpush('ran', json.dumps([sys.getswitchinterval(), gc.get_threshold()[0]]))\n"
    )
    with RunningNode(tmp_path, redis_url, "-r", "looks"):
        client.enqueue(Job(class_="Look", args=[]))

        [looked] = wait_pushed(redis, "ran", 1)

    assert json.loads(looked) == [pytest.approx(0.0005), 10_000]
