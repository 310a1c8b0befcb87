"""What has become of each job: compares what was promised with what the ledger says and with what is in Redis."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import attrs

from verk_actors.cli.chaos.cluster import Cluster
from verk_actors.cli.chaos.jobs import FATES, QUEUE
from verk_actors.cli.chaos.ledger import Runs
from verk_actors.store.members import Member
from verk_actors.wire.bookkeeping import POISONED
from verk_actors.wire.job import Job


@attrs.frozen
class Places:
    """Where each jid is in Redis: names of places, a name for each copy; and the dead ones that were buried unrun."""

    of: Mapping[str, list[str]]
    poisoned: frozenset[str]


@attrs.frozen(kw_only=True)
class Findings:
    """What the comparison found, in numbers of jobs.

    Attributes:
        as_wanted: by fate, those that ended as their fate wants.
        buried: taken from dead nodes more than three times, and so among the dead.
        lost: promised, neither ended nor anywhere in Redis.
        copies: in more places than one, finished and yet in Redis too, or among the dead though their fate is another.
        left: not ended, but still in Redis.
        ran_again: runs beyond those that the fates want.
        unexplained: those of them that no fault explains: the job was in progress on no node that died or was taken
            for dead, or ran again more often than that.
    """

    as_wanted: Mapping[str, int]
    buried: int
    lost: int
    copies: int
    left: int
    ran_again: int
    unexplained: int

    @property
    def settled(self) -> bool:
        """Whether each job is where it ends."""
        return not (self.lost or self.copies or self.left)


def places(cluster: Cluster) -> Places:
    """Look where all jobs are."""
    of: defaultdict[str, list[str]] = defaultdict(list)
    poisoned: set[str] = set()
    client = cluster.client
    for place, members in (
        ("queue", client.queue(QUEUE).range()),
        *(("in progress", cluster.held(node)) for node in cluster.names),
        ("retry", client.retries.range()),
        ("scheduled", client.scheduled.range()),
        ("dead", client.dead.range()),
    ):
        for jid, job in _jobs(members):
            of[jid].append(place)
            if job.error_class == POISONED:
                poisoned.add(jid)
    return Places(of, frozenset(poisoned))


def jids(members: Iterable[Member]) -> list[str]:
    """Return the jids of those that are jobs."""
    return [jid for jid, _ in _jobs(members)]


def _jobs(members: Iterable[Member]) -> Iterator[tuple[str, Job]]:
    return ((str(member.jid), member) for member in members if isinstance(member, Job))


def compare(promised: Mapping[str, str], at_risk: Counter[str], runs: Runs, found: Places) -> Findings:
    """Compare.

    Args:
        promised: the fate of each jid that was enqueued.
        at_risk: how often each jid was in progress on a node that died or was taken for dead.
        runs: what the ledger says.
        found: where Redis has jobs.
    """
    counts: Counter[str] = Counter()
    as_wanted: Counter[str] = Counter(dict.fromkeys(FATES, 0))
    for jid, name in promised.items():
        verdict = _verdict(jid, FATES[name].dies, runs, found)
        counts[verdict] += 1
        as_wanted[name] += verdict == "as wanted"
        again = max(0, runs.starts[jid] - FATES[name].runs)
        counts["ran again"] += again
        counts["unexplained"] += max(0, again - at_risk[jid])
    return Findings(
        as_wanted=as_wanted,
        buried=counts["buried"],
        lost=counts["lost"],
        copies=counts["copies"],
        left=counts["left"],
        ran_again=counts["ran again"],
        unexplained=counts["unexplained"],
    )


def _verdict(jid: str, dies: bool, runs: Runs, found: Places) -> str:
    where, finished = found.of.get(jid, []), runs.ends[jid] > 0
    if jid in found.poisoned and where == ["dead"]:
        return "buried"
    if len(where) > 1 or (where and finished) or (where == ["dead"] and not dies):
        return "copies"
    if where == ["dead"] or (finished and not dies):
        return "as wanted"
    return "left" if where else "lost"
