"""`verk tree`: a running node's tree, through Redis."""

from __future__ import annotations

import json
import re
import threading
from xml.etree import ElementTree

import cattrs
import pytest
import redis as redis_py
from support.commands import RunningNode, verk
from support.nodes import running_node

from verk_actors.otp import ProcessInfo

pytestmark = pytest.mark.slow  # an interpreter starts


def test_the_only_node_shows_its_tree(tmp_path, redis_url, node):
    said = verk("tree", "--redis", redis_url, cwd=tmp_path)

    assert (said.returncode, said.stderr) == (0, "")
    assert [re.sub(r" +\d+ s$", "", line) for line in said.stdout.splitlines()] == [
        "node n1",
        "actor_system",
        "├─ general_connection",
        "├─ node_manager",
        "├─ other_servers",
        "├─ job_logger",
        "├─ queue_stats",
        "├─ event_producer",
        "├─ schedule_manager",
        "├─ batch_manager",
        "├─ cron_manager",
        "├─ limit_manager",
        "├─ presence",
        "├─ canceller",
        "├─ manager_supervisor",
        "│  ├─ manager",
        "│  └─ default.supervisor",
        "│     ├─ default.queue_manager",
        "│     ├─ default.pool",
        "│     │  └─ default.worker_1 … default.worker_3 (3)",
        "│     └─ default.workers_manager",
        "└─ queues_drainer",
    ]


def test_json_is_the_whole_tree_on_one_line(verk_here, redis_url, node):
    said = verk_here("tree", "--json", "--redis", redis_url)

    assert said.stdout.count("\n") == 1
    tree = cattrs.structure(json.loads(said.stdout), ProcessInfo)
    assert tree.kind == "ActorSystem"
    assert len(list(tree.walk())) == 23


def test_the_latest_restarts_are_told_the_newest_first(verk_here, redis_url, config):
    with running_node(config, queues={"default": 2}) as node:
        quiet = verk_here("tree", "--restarts", "--redis", redis_url)
        for name in ("default.worker_1", "queue_stats"):
            killed = node.whereis(name)
            killed.kill()
            node.successor(killed)
        said = verk_here("tree", "--restarts", "--redis", redis_url)

    assert quiet.stdout.splitlines()[1:] == ["no restarts so far"]
    assert [re.sub(r"^\d+ s ago  ", "", line) for line in said.stdout.splitlines()[1:]] == [
        "actor_system: queue_stats ended (killed), one for one: restarted queue_stats",
        "default.pool: default.worker_1 ended (killed), one for one: restarted default.worker_1",
    ]


def test_a_picture_of_the_tree_is_drawn_into_a_file(verk_here, tmp_path, redis_url, node):
    said = verk_here("tree", "--svg", "tree.svg", "--redis", redis_url)

    assert (said.returncode, said.stdout) == (0, "")
    picture = ElementTree.parse(tmp_path / "tree.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert "node_manager" in {element.text for element in picture.iter()}


def test_of_several_nodes_one_has_to_be_chosen(tmp_path, redis_url, node):
    with RunningNode(tmp_path, redis_url, "--node-id", "n2", queue="mail:1").expect_up():
        refused = verk("tree", "--redis", redis_url, cwd=tmp_path)
        said = verk("tree", "--node", "n2", "--redis", redis_url, cwd=tmp_path)

    assert (refused.returncode, refused.stderr) == (2, "Error: several nodes run, choose one by --node: n1, n2\n")
    assert said.stdout.startswith("node n2\n")


def test_a_node_that_does_not_run_is_said_to(verk_here, redis_url, node):
    failed = verk_here("tree", "--node", "n2", "--redis", redis_url)

    assert (failed.returncode, failed.stderr) == (1, "Error: no node n2 runs; running: n1\n")


def test_without_any_node_there_is_nothing_to_show(verk_here, redis_url):
    failed = verk_here("tree", "--redis", redis_url)

    assert (failed.returncode, failed.stderr) == (1, "Error: no node runs on this Redis\n")


def test_a_node_that_does_not_answer_is_waited_for_a_moment(verk_here, redis_url, node):
    node.freeze()

    failed = verk_here("tree", "--redis", redis_url)

    assert (failed.returncode, failed.stderr) == (1, "Error: node n1 did not answer within 3 s\n")


NO_TREES = [b"", b"{}", b"[1]", b"\xff", b"[" * 100_000, b'{"name": 1, "kind": [], "children": 5}']


@pytest.mark.parametrize("answer", NO_TREES, ids=lambda answer: repr(answer[:9]))
def test_an_answer_that_is_no_tree_is_told_in_one_line(verk_here, redis_url, redis, answer):
    redis.sadd("verk_nodes", "n1")
    redis.set("verk:node:n1", "token", px=60_000)

    def answer_one_question():
        with redis_py.Redis.from_url(redis_url) as client:
            _, question = client.blpop(["verk:node:n1:requests"], timeout=20)
            client.rpush(b"verk:reply:" + question.partition(b" ")[0], answer)

    answerer = threading.Thread(target=answer_one_question)
    answerer.start()

    failed = verk_here("tree", "--redis", redis_url)

    answerer.join()
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "Error: node n1 answered with something that is no tree\n"
