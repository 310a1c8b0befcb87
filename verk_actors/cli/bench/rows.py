"""What can be measured, and what is to be reached: the table of the issue, row by row.

Absolute goals are for a machine of two cores with Redis 7 on the loopback interface; one that runs Python at another
speed has them in proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from verk_actors.cli.bench import curves, drains, enqueues, executors, features, idle, large, pages, pickup, waits
from verk_actors.cli.bench.drains import Figures
from verk_actors.cli.bench.ground import Ground


@attrs.frozen(kw_only=True)
class Goal:
    """What a figure shall be: at least, or at most.

    Attributes:
        scale: how it goes with the machine's speed; None where it does not: see `rate`, `time`, `share`.
    """

    least: float | None = None
    most: float | None = None
    scale: Callable[[float, float], float] | None = attrs.field(default=None, repr=False)

    def at(self, speed: float) -> Goal:
        """Return what it is at such a speed."""
        scale = self.scale
        if scale is None:
            return self
        least, most = (None if limit is None else scale(limit, speed) for limit in (self.least, self.most))
        return Goal(least=least, most=most)

    def is_met(self, value: float) -> bool:
        """Whether a value is good enough."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def rate(goal: float, speed: float) -> float:
    """Return a rate in proportion to the speed."""
    return goal * speed


def time(goal: float, speed: float) -> float:
    """Return what may take longer on a slower machine."""
    return goal / speed


def share(goal: float, speed: float) -> float:
    """Return how many percent of the ideal are left, where what is lost takes longer on a slower machine.

    The ideal itself, such as jobs that sleep, takes as long on each.
    """
    return 100 / (1 + (100 / goal - 1) / speed)


@attrs.frozen(kw_only=True)
class Row:
    """One thing to measure.

    Attributes:
        says: what is measured.
        measure: measures it once, with so many jobs, or for so many seconds.
        size, brief: how many; and how many to see only that it works.
        goals: by the name of the figure.
    """

    says: str
    measure: Callable[[Ground, int], Figures]
    size: int
    brief: int
    goals: Mapping[str, Goal] = attrs.field(factory=dict)


ROWS: Mapping[str, Row] = {
    "drain": Row(
        says="no-op jobs, 25 workers, one process, defaults",
        measure=drains.one_node,
        size=100_000,
        brief=200,
        goals={"jobs/s": Goal(least=35_000, scale=rate)},
    ),
    "prefetch": Row(
        says="the same with prefetch=100",
        measure=drains.with_prefetch,
        size=100_000,
        brief=200,
        goals={"times no prefetch": Goal(least=1.4)},
    ),
    "nodes": Row(
        says="the same with two node processes",
        measure=drains.two_nodes,
        size=100_000,
        brief=200,
        goals={"times one node": Goal(least=1.5)},
    ),
    "waiting": Row(
        says="jobs that wait 10 ms, 25 at once; the same with prefetch=100, and by bare threads",
        measure=waits.waiting,
        size=20_000,
        brief=50,
        goals={"% of the ideal, prefetch=100": Goal(least=94, scale=share), "% of bare threads": Goal(least=95)},
    ),
    "failing": Row(
        says="jobs that fail into the retry set",
        measure=drains.failing,
        size=20_000,
        brief=100,
        goals={"jobs/s": Goal(least=8_000, scale=rate)},
    ),
    "log": Row(
        says="no-op jobs, two lines of each in a file",
        measure=drains.logged,
        size=50_000,
        brief=100,
        goals={"jobs/s": Goal(least=15_000, scale=rate)},
    ),
    "features": Row(
        says="what features add to the CPU time of a no-op job, in node and server",
        measure=features.per_job,
        size=10_000,
        brief=100,
    ),
    "process": Row(
        says="no-op jobs in a process queue of four workers, prefetch=100",
        measure=executors.in_processes,
        size=30_000,
        brief=50,
        goals={"jobs/s": Goal(least=8_000, scale=rate)},
    ),
    "process-compute": Row(
        says="jobs of 20 ms CPU time in a process queue of two workers, against one",
        measure=executors.computing_in_processes,
        size=250,
        brief=4,
    ),
    "async": Row(
        says="jobs that sleep for 100 ms, 1,000 at once in an async queue",
        measure=executors.on_a_loop,
        size=50_000,
        brief=50,
        goals={"% of the ideal": Goal(least=90, scale=share)},
    ),
    "pickup": Row(
        says="from enqueue to the start of perform, idle queue",
        measure=pickup.idle_queue,
        size=200,
        brief=5,
    ),
    "pickup-busy": Row(
        says="the same while 4 jobs compute in the process",
        measure=pickup.busy_process,
        size=100,
        brief=2,
        goals={"p50 ms": Goal(most=30)},
    ),
    "idle": Row(
        says="four queues with nothing to do",
        measure=idle.four_queues,
        size=20,
        brief=1,
        goals={"% of a core": Goal(most=0.5), "commands/s": Goal(most=10)},
    ),
    "enqueue": Row(
        says="one call per job, against a bare redis-py LPUSH loop",
        measure=enqueues.one_by_one,
        size=10_000,
        brief=500,
        goals={"% of bare LPUSH": Goal(least=90)},
    ),
    "enqueue-many": Row(
        says="jobs that one call of enqueue_many enqueues",
        measure=enqueues.many_at_once,
        size=100_000,
        brief=100,
        goals={"jobs/s": Goal(least=120_000, scale=rate)},
    ),
    "dashboard": Row(
        says="pages of the dashboard, so many jobs in each set",
        measure=pages.big_sets,
        size=100_000,
        brief=100,
        goals={"slowest page ms": Goal(most=100)},
    ),
    "memory": Row(
        says="resident memory while two queues of 25 drain",
        measure=large.memory,
        size=1_000_000,
        brief=100,
        goals={"peak MB": Goal(most=60), "MB more at the end than at a tenth": Goal(most=5)},
    ),
    "backlog": Row(
        says="CPU time per job with a full queue, against a hundredth of it",
        measure=large.backlog,
        size=1_000_000,
        brief=1_000,
        goals={"times a hundredth": Goal(most=1.1)},
    ),
    "due": Row(
        says="scheduled jobs that are due at once, moved to their queue",
        measure=large.due,
        size=1_000_000,
        brief=200,
        goals={"jobs/s": Goal(least=50_000, scale=rate), "longest script ms": Goal(most=10, scale=time)},
    ),
    "by-backlog": Row(
        says="no-op jobs by how many wait",
        measure=curves.by_backlog,
        size=1_000_000,
        brief=1_000,
    ),
    "by-workers": Row(
        says="no-op jobs by the number of workers",
        measure=curves.by_workers,
        size=50_000,
        brief=100,
    ),
}
