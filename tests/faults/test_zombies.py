"""A node stands still for longer than its lease, and comes back to jobs that others have taken over."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from support.chaos import log_lines, playing

from verk_actors.cli.chaos import ledger
from verk_actors.cli.chaos.jobs import FATES
from verk_actors.wire.job import Job

FENCED = re.compile(r"\w+ ([0-9a-f]{24}) fenced: ")


@pytest.mark.slow  # leases have to run out
@pytest.mark.timeout(600)
def test_each_second_run_that_a_zombie_causes_is_fenced_and_retry_never_holds_two_copies(tmp_path, long):
    jobs, freezes = (5_000, 50) if long else (300, 2)

    with playing(tmp_path / "cluster", kinds=["freeze"]) as play:
        for number in range(1, freezes + 1):
            play.enqueue(jobs * number // freezes - len(play.promised))
            play.inject()
            assert most_copies(play.client.retries.range()) <= 1
        play.settle()
        play.cluster.stop_nodes()
        found = play.look()

    runs = ledger.read(play.cluster.ledgers)
    ran_again = {jid for jid, fate in play.promised.items() if runs.starts[jid] > FATES[fate].runs}
    fenced = {match[1] for line in log_lines(play.cluster.directory) if (match := FENCED.search(line))}
    print(f"{freezes} freezes: {found.ran_again} ran again, {len(fenced)} fenced")
    assert (found.lost, found.copies, found.left) == (0, 0, 0)
    assert ran_again <= fenced
    assert found.ran_again <= sum(fault.at_risk for fault in play.injected)


def most_copies(members) -> int:
    """Return how often the job that is there most often is there."""
    return max(Counter(member.jid for member in members if isinstance(member, Job)).values(), default=0)
