"""A node stands still for longer than its lease, and comes back to jobs that others have taken over."""

from __future__ import annotations

import math
import re
import signal
from collections import Counter

import pytest
import redis as redis_py
from support.chaos import log_lines, playing
from support.commands import RunningNode, wait_pushed
from support.eventually import eventually

from verk_actors.cli.chaos import ledger
from verk_actors.cli.chaos.cluster import WORKERS, Node
from verk_actors.cli.chaos.jobs import FATES, FailsAtFirst, TakesLong
from verk_actors.cli.chaos.play import Play
from verk_actors.client import Client
from verk_actors.store.scripts import TAKE
from verk_actors.wire.job import Job

FENCED = re.compile(r"\w+ ([0-9a-f]{24}) fenced: ")
RUN_SECONDS = 0.7


@pytest.mark.slow  # leases have to run out
@pytest.mark.timeout(600)
def test_each_second_run_that_a_zombie_causes_is_fenced_and_retry_never_holds_two_copies(tmp_path, long):
    freezes = 50 if long else 2

    with playing(tmp_path / "cluster") as play:
        for _ in range(freezes):
            enqueue(play, 2 * WORKERS)
            play.cluster.freeze(zombie := busy_node(play))
            zombie.thaws_at = math.inf
            play.enqueue(2 * WORKERS)
            while play.cluster.held(zombie.name):
                play.let_pass(0.1)
                assert most_copies(play.cluster.client.retries.range()) <= 1
            play.cluster.thaw()
        play.settle()
        play.cluster.stop_nodes()
        found = play.look()

    runs = ledger.read(play.cluster.ledgers)
    ran_again = Counter({jid: runs.starts[jid] - FATES[fate].runs for jid, fate in play.promised.items()})
    fenced = Counter(match[1] for line in log_lines(play.cluster.directory) if (match := FENCED.search(line)))
    print(f"{freezes} freezes, {len(play.promised)} jobs: {found.ran_again} ran again, {fenced.total()} fenced")
    assert (found.lost, found.copies, found.left) == (0, 0, 0)
    assert fenced
    assert ran_again <= fenced
    assert found.ran_again <= freezes * WORKERS


def given_to_a_frozen_node(node: RunningNode, client: Client, redis: redis_py.Redis) -> None:
    """Freeze a node in its wait for jobs, and enqueue one; again where a message had just ended the wait."""

    def waits() -> bool:
        """Whether it is the queue that waits, and not only the node itself."""
        return any("queue:default" in one["name"] and "b" in one["flags"] for one in redis.client_list())

    while True:
        eventually(lambda: waits() and not redis.exists("inprogress:default:frozen"), "the wait, with no job at work")
        node.freeze()
        client.enqueue(Job(class_="Note", args=["a"]))
        if redis.llen("inprogress:default:frozen"):
            return
        node.send(signal.SIGCONT)
        assert wait_pushed(redis, "ran", 1) == ["a"]


@pytest.mark.slow  # a lease has to run out
def test_a_job_that_redis_gives_to_a_node_which_stands_still_is_not_run_there_once_its_lease_is_over(
    config, redis_url, redis, tmp_path
):
    beat = {"VERK_HEARTBEAT_SECONDS": "0.5"}
    redis.script_load(TAKE.text)  # else it is known from the end of the first wait on, and the job stays in its queue
    with RunningNode(tmp_path, redis_url, "--node-id", "frozen", **beat).expect_up() as node:
        with Client(config) as client:
            given_to_a_frozen_node(node, client, redis)
        with RunningNode(tmp_path, redis_url, **beat):
            assert wait_pushed(redis, "ran", 1) == ["a"]
            eventually(lambda: not redis.keys("inprogress:*"), "its end in Redis: the peer is killed here")

        node.send(signal.SIGCONT)
        eventually(lambda: redis.exists("verk:node:frozen"), "its lease, once more")
        node.send(signal.SIGTERM)

        assert node.exit_code() == 0
    assert not redis.exists("ran"), node.output


def enqueue(play: Play, count: int) -> None:
    """Enqueue jobs of which a node that freezes has some that succeed afterwards, and some that fail."""
    for _ in range(count):
        for fate, job_class in (("take long", TakesLong), ("fail, then succeed", FailsAtFirst)):
            play.promised[play.cluster.client.enqueue(job_class.job(RUN_SECONDS))] = fate


def busy_node(play: Play) -> Node:
    """Wait until a node has all its workers at work, and return it."""
    while True:
        for node in play.cluster.at_work:
            if len(play.cluster.held(node.name)) == WORKERS:
                return node
        play.let_pass(0.01)


def most_copies(members) -> int:
    """Return how often the job that is there most often is there."""
    return max(Counter(member.jid for member in members if isinstance(member, Job)).values(), default=0)
