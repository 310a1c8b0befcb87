"""The counts that every page shows, read every other second: few commands, and each of them short."""

from __future__ import annotations

import attrs

from verk_actors.client import Client


@attrs.frozen(kw_only=True)
class Stats:
    """The system in numbers.

    Attributes:
        processed, failed: runs since the beginning.
        busy: jobs that run now, as nodes told up to five seconds ago.
        enqueued: jobs that wait in all queues.
        retries, scheduled, dead: jobs in each set.
        limited: jobs that wait for limits, for the first hundred of these.
        queues: known by name.
        nodes: that live or may hold jobs.
        at: when it was read, in unix seconds.
    """

    processed: int
    failed: int
    busy: int
    enqueued: int
    retries: int
    scheduled: int
    dead: int
    limited: int
    queues: int
    nodes: int
    at: float


def read_stats(client: Client, now: float) -> Stats:
    """Return the system in numbers."""
    totals, sizes = client.counters.totals(), client.queue_sizes()
    return Stats(
        processed=totals.processed,
        failed=totals.failed,
        busy=sum(process.busy or 0 for process in client.nodes.processes()),
        enqueued=sum(sizes.values()),
        retries=client.retries.count(),
        scheduled=client.scheduled.count(),
        dead=client.dead.count(),
        limited=client.limits.count_waiting(),
        queues=len(sizes),
        nodes=len(client.nodes.ids()),
        at=now,
    )
