"""`verk run`: each of its options, and what it refuses. Signals are in tests/test_node.py."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import redis as redis_py
from support.commands import JOBS, RunningNode, verk, wait_pushed

from verk_actors import embedded
from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # an interpreter starts


def workers_of(cwd: Path, redis_url: str, queue: str) -> int:
    """Return how many workers the only node has for a queue."""
    return verk("tree", "--json", "--redis", redis_url, cwd=cwd).stdout.count(f'"name": "{queue}.worker_')


def test_jobs_of_a_module_in_the_current_directory_run_and_each_run_is_two_lines(tmp_path, redis_url, redis, client):
    jid = client.enqueue(Job(class_="Note", args=["here"]))

    with RunningNode(tmp_path, redis_url) as node:
        assert wait_pushed(redis, "ran", 1) == ["here"]
        node.expect(f"INFO    Note {jid} start\n")
        node.expect(f"INFO    Note {jid} done: ")


def test_several_modules_are_imported_in_their_order(tmp_path, redis_url):
    (tmp_path / "one.py").write_text("print('one')")
    (tmp_path / "two.py").write_text("print('two')")

    with RunningNode(tmp_path, redis_url, "-r", "one", "-r", "two").expect_up() as node:
        assert node.output.startswith("one\ntwo\n")


def test_each_queue_has_its_number_of_workers(tmp_path, redis_url):
    with RunningNode(tmp_path, redis_url, "-q", "mail:2", "-q", "low", queue="default:1").expect_up() as node:
        node.expect("queues: default, mail, low\n")

        counts = [workers_of(tmp_path, redis_url, queue) for queue in ("default", "mail", "low")]

    assert counts == [1, 2, 25]


def test_queues_of_a_group_share_its_workers(tmp_path, redis_url, redis, client):
    for queue in ("critical", "low"):
        client.enqueue(Job(class_="Note", args=[queue], queue=queue))

    with RunningNode(tmp_path, redis_url, "-g", "web=critical,3+low,1:2") as node:
        node.expect("queues: default, critical, low\n")
        assert sorted(wait_pushed(redis, "ran", 2)) == ["critical", "low"]

        assert [workers_of(tmp_path, redis_url, pool) for pool in ("web", "critical")] == [2, 0]


def test_a_log_level_of_warning_hides_the_life_of_jobs(tmp_path, redis_url, redis, client):
    with RunningNode(tmp_path, redis_url, "--log-level", "warning") as node:
        client.enqueue(Job(class_="Note", args=[1]))
        wait_pushed(redis, "ran", 1)
        node.send(signal.SIGTERM)

        assert node.exit_code() == 0
        assert node.output == ""


def test_a_module_may_set_up_logging_itself(tmp_path, redis_url):
    (tmp_path / "logs.py").write_text("import logging\nlogging.basicConfig(level='INFO', format='mine: %(message)s')")

    with RunningNode(tmp_path, redis_url, "-r", "logs") as node:
        node.expect("mine: queue default running")


def test_options_win_over_variables_and_those_over_the_file(tmp_path, redis_url):
    (tmp_path / "verk.toml").write_text('node_id = "file"\nshutdown_timeout_seconds = 1\n[queues]\nfiled = 1\n')

    with RunningNode(tmp_path, redis_url, VERK_NODE_ID="variable", queue="option:1").expect_up() as node:
        assert "node variable runs; queues: option\n" in node.output


def test_queues_may_come_from_the_file(tmp_path, redis_url):
    (tmp_path / "verk.toml").write_text(f'redis_url = "{redis_url}"\n[queues]\nfiled = 2\n')
    (tmp_path / "jobs.py").write_text(JOBS)

    with RunningNode(tmp_path, redis_url, queue="").expect_up() as node:
        assert "queues: filed\n" in node.output


def test_an_embedded_server_is_started_and_outlives_the_node(tmp_path):
    home = tmp_path / "redis"
    try:
        with RunningNode(tmp_path, f"embedded:{home}", JOBS_REDIS="redis://unused").expect_up() as node:
            node.send(signal.SIGTERM)
            assert node.exit_code() == 0

        server = embedded.ensure(home)
        assert not server.started
        with redis_py.Redis.from_url(server.url) as redis:
            assert redis.keys("verk*") == []
    finally:
        embedded.stop(home)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-q", "default:many"], "queues.default.size='many' is not allowed: a whole number, 1 or more"),
        (["-q", "default:0"], "queues.default.size=0 is not allowed: a whole number, 1 or more"),
        (["-q", "a b:1"], "queues='a b' is not allowed: names of "),
        ([], "no queue to work: give -q NAME:N, or set queues in verk.toml or VERK_QUEUES"),
        (["-q", "q:1", "-q", "r:1", "-q", "q:2"], "queues='q' is not allowed: each queue once"),
        (["-g", "g=a,1+a:2"], "groups='g=a,1+a:2' is not allowed: each group, and each queue in it, once"),
        (["-q", "q:1", "-r", ""], "-r '': the whole name of a module is needed"),
        (["-q", "q:1", "-r", ".jobs"], "-r '.jobs': the whole name of a module is needed"),
        (["-q", "q:1", "-r", "nowhere"], "-r nowhere: no module of that name"),
        (["-q", "q:1", "-r", "jobs.py"], "name a module, not a file"),
        (["-q", "q:1", "--redis", "localhost"], "redis_url='localhost' is not allowed: redis://"),
        (["-q", "q:1", "--node-id", "a b"], "node_id='a b' is not allowed: "),
        (["-q", "q:1", "-t", "-1"], "shutdown_timeout_seconds=-1.0 is not allowed: a number of seconds"),
        (["-q", "q:1", "-t", "soon"], "'soon' is not a valid float"),
        (["-q", "q:1", "--log-level", "loud"], "'loud' is not one of 'debug', "),
        (["-q", "q:1", "now"], "Got unexpected extra argument (now)"),
    ],
)
def test_what_can_not_be_done_is_refused_in_one_line(tmp_path, verk_here, options, said):
    (tmp_path / "jobs.py").write_text("")

    refused = verk_here("run", *options)

    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: ")
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_an_unknown_variable_is_refused_in_one_line(verk_here):
    refused = verk_here("run", "-q", "q:1", VERK_NODEID="n1")

    assert (refused.returncode, refused.stderr) == (
        2,
        "Error: environment variable='VERK_NODEID' is not allowed: VERK_NODE_ID\n",
    )


def test_a_module_that_fails_to_be_imported_shows_where(tmp_path):
    (tmp_path / "broken.py").write_text("import not_there\n")

    failed = verk("run", "-q", "q:1", "-r", "broken", cwd=tmp_path)

    assert failed.returncode == 1
    assert 'broken.py", line 1' in failed.stderr


def test_a_node_id_that_a_live_node_bears_is_refused_and_that_node_goes_on(tmp_path, redis_url, redis, client):
    # The second waits for the first's next heartbeat; one that is late by as much again would cost it the lease.
    heartbeat = {"VERK_HEARTBEAT_SECONDS": "3"}
    with RunningNode(tmp_path, redis_url, "--node-id", "n1", **heartbeat).expect_up():
        with RunningNode(tmp_path, redis_url, "--node-id", "n1") as second:
            assert second.exit_code() == 2

        assert second.output.splitlines()[-1].startswith("Error: the node id 'n1' is in use by 'process ")
        client.enqueue(Job(class_="Note", args=["first"]))
        assert wait_pushed(redis, "ran", 1) == ["first"]


def test_a_node_waits_for_a_redis_that_is_not_there_yet(tmp_path):
    home = tmp_path / "redis"
    try:
        url = embedded.ensure(home).url
        embedded.stop(home)
        with RunningNode(tmp_path, url, queue="default:1") as node:
            node.expect("Redis is of no use now")
            embedded.ensure(home)
            with Client(Config(redis_url=url)) as client, redis_py.Redis.from_url(url, socket_timeout=None) as redis:
                client.enqueue(Job(class_="Note", args=["at last"]))
                assert json.dumps(wait_pushed(redis, "ran", 1)) == '["at last"]'
    finally:
        embedded.stop(home)
