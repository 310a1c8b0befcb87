"""What a queue's in-progress list and its running table say about each other; pure.

Needed where a reply was lost: the jobs of a fetch may be in the list and nowhere else, and settlements may be
done though nobody was told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import attrs

from verk_actors.tree.running_job import RunningJob


@attrs.frozen
class Verdict:
    """What follows from the comparison.

    Attributes:
        settled: jobs that are gone from the list and whose fate had been sent: it was done, and the reply lost.
        lost: other jobs that are gone: this node was taken for dead, and a peer has them.
        orphans: payloads in the list that nobody here knows of: fetched, and the reply was lost.
    """

    settled: Sequence[RunningJob]
    lost: Sequence[RunningJob]
    orphans: Sequence[bytes] = attrs.field(repr=False)


def compare(listed: Sequence[bytes], held: Iterable[RunningJob]) -> Verdict:
    """Compare by count: a list may hold byte-identical jobs, of which one has ended and one runs.

    Args:
        listed: the in-progress list, the newest first.
        held: the running table.
    """
    copies = Counter(listed)
    by_payload: dict[bytes, list[RunningJob]] = defaultdict(list)
    for job in list(held):
        by_payload[job.payload].append(job)
    settled: list[RunningJob] = []
    lost: list[RunningJob] = []
    for payload, jobs in by_payload.items():
        missing = len(jobs) - copies.pop(payload, 0)
        if missing < 0:
            copies[payload] = -missing
        jobs.sort(key=lambda job: not job.sent)
        for job in jobs[: max(missing, 0)]:
            (settled if job.sent else lost).append(job)
    orphans = [payload for payload in listed for _ in range(copies.pop(payload, 0))]
    return Verdict(settled, lost, orphans)
