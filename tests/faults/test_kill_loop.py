"""Nodes are killed over and over, and others take their place: no job is lost, and few run again."""

from __future__ import annotations

import pytest
from support.chaos import nobody, playing

from verk_actors.cli.chaos.cluster import WORKERS


@pytest.mark.slow  # nodes are started, killed and taken for dead
@pytest.mark.timeout(900)
def test_no_job_is_lost_and_at_most_those_run_again_that_a_killed_node_had(tmp_path, long):
    jobs, kills = (10_000, 200) if long else (600, 6)

    with playing(tmp_path / "cluster", kinds=["kill"]) as play:
        found = play.run(jobs, kills, nobody)
        client = play.cluster.client
        waiting = [client.queue("chaos").count(), client.retries.count(), client.scheduled.count()]
        nodes = play.cluster.registry.members()

    print(found)
    assert (found.lost, found.copies, found.left) == (0, 0, 0)
    assert found.faults["kill"] == kills
    assert found.unexplained == 0
    assert found.ran_again <= found.bound <= kills * WORKERS
    assert sum(found.as_wanted.values()) + found.buried == jobs
    assert waiting == [0, 0, 0]
    assert nodes == []  # the dead ones were forgotten once they had nothing left, the others left in order
