"""`verk run --processes`: several nodes under one command."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
from collections import Counter

import pytest
from support.commands import RunningNode, wait_pushed
from support.eventually import DEADLINE_SECONDS

from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # interpreters start


def pids(fleet: RunningNode) -> dict[str, int]:
    """Return the process of each node, as the fleet last said."""
    return {name: int(pid) for name, pid in re.findall(r"node (\S+) is process (\d+)\n", fleet.output)}


def test_the_jobs_of_a_node_that_is_killed_run_in_the_next_of_its_name_and_all_drain(
    tmp_path, redis_url, redis, client
):
    for key in range(4):
        client.enqueue(Job(class_="Wait", args=[key]))
    with RunningNode(tmp_path, redis_url, "--processes", "2", "--node-id", "web", queue="default:2") as fleet:
        fleet.expect(" runs; queues: ", 2)
        assert Counter(wait_pushed(redis, "started", 4)) == Counter("0123")
        assert sorted(redis.keys("inprogress:*")) == [b"inprogress:default:web-1", b"inprogress:default:web-2"]

        os.kill(pids(fleet)["web-2"], signal.SIGKILL)
        fleet.expect(" runs; queues: ", 3)
        again = wait_pushed(redis, "started", 2)
        redis.rpush("gate", *range(4))
        ran = wait_pushed(redis, "ran", 4)
        fleet.send(signal.SIGTERM)

        assert fleet.exit_code() == 0

    assert len(set(again)) == 2
    assert Counter(ran) == Counter("0123")
    assert not redis.keys("inprogress:*") + redis.keys("verk[_:]node*")
    assert len(re.findall(r"^web-[12] \| .* node web-[12] runs; queues: default$", fleet.output, re.MULTILINE)) == 3
    assert "web-2 ended (killed by SIGKILL)" in fleet.output


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process can be watched that is no child")
def test_no_node_outlives_the_fleet_though_that_is_killed(tmp_path, redis_url):
    with RunningNode(tmp_path, redis_url, VERK_PROCESSES="2") as fleet:
        fleet.expect(" runs; queues: ", 2)
        watched = [os.pidfd_open(pid) for pid in pids(fleet).values()]

        fleet.send(signal.SIGKILL)

        for node in watched:
            assert select.select([node], [], [], DEADLINE_SECONDS)[0], "a node lives on"
            os.close(node)
    assert len(watched) == 2


def test_nodes_that_die_over_and_over_are_given_up(tmp_path, redis_url):
    (tmp_path / "fatal.py").write_text("import os\nos._exit(3)\n")
    intensity = {"VERK_MAX_RESTARTS": "1", "VERK_RESTART_WINDOW_SECONDS": "3600"}

    with RunningNode(tmp_path, redis_url, "--processes", "2", "-r", "fatal", **intensity) as fleet:
        assert fleet.exit_code() == 1

    assert "ended (exited with 3)" in fleet.output
    assert "gave up: more than 1 restarts in 3600.0 s" in fleet.output.splitlines()[-1]


def test_what_a_node_can_not_do_the_fleet_does_not_try_again(tmp_path, redis_url):
    with RunningNode(tmp_path, redis_url, "--processes", "2", "-r", "nowhere") as fleet:
        assert fleet.exit_code() == 2

    # By the first to find out: the other is stopped. The fleet itself imports none.
    assert re.search(r"-[12] \| Error: -r nowhere: no module of that name", fleet.output)
    assert "one_for_one" not in fleet.output
