"""A Redis in which something of ours is everywhere: jobs of each fate, put there by a node that really ran them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from redis import Redis

from support.jobs import JobKit
from support.nodes import Node, running_node
from support.sidekiq import make_all_due
from verk_actors.events import JobDead, JobFailed, JobFinished, QueuePaused
from verk_actors.messages import PauseQueue, ResumeQueue
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

HOUR = 3600.0
ARGUMENTS = [7, [], {"a": {}}, "Grüße <b>"]


@attrs.frozen
class Furnished:
    """A running node, which works `default`, and the ids of the jobs that it left behind.

    Attributes:
        waiting: three jobs in the queue `waiting`, which nobody works, in order.
        scheduled: two jobs, for in an hour and in two.
        retries: a job that failed once, and one that failed twice, due in an hour.
        dead: a job that failed for good.
    """

    node: Node
    waiting: list[str]
    scheduled: list[str]
    retries: list[str]
    dead: str

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let nothing run meanwhile: Sidekiq's "retry all" goes on while there is any, also what has failed again."""
        pauses = len(self.node.log.of(QueuePaused))
        self.node.system.ask(PauseQueue("default"), timeout=10)
        self.node.log.expect(QueuePaused, pauses + 1)
        yield
        self.node.system.ask(ResumeQueue("default"), timeout=10)


@contextmanager
def furnished(config: Config, redis: Redis, kit: JobKit | None = None) -> Iterator[Furnished]:
    """Start such a node: of 5 runs 4 have failed."""
    with running_node(config, kit, queues={"default": 2}) as node:
        client, log = node.client, node.log
        node.jobs.retry_seconds = HOUR
        client.enqueue(Job(class_="Good", args=["ran"]))
        log.expect(JobFinished)
        twice = client.enqueue(Job(class_="Bad", args=["twice"]))
        log.expect(JobFailed, 1)
        make_all_due(redis, "retry")
        log.expect(JobFailed, 2)
        once = client.enqueue(Job(class_="Bad", args=ARGUMENTS))
        log.expect(JobFailed, 3)
        dead = client.enqueue(Job(class_="Bad", args=["dead"], max_retry_count=0))
        log.expect(JobDead)
        waiting = client.enqueue_many([Job(queue="waiting", class_="Good", args=[n]) for n in range(3)])
        scheduled = [client.schedule(Job(class_="Good", args=[n]), n * HOUR) for n in (1, 2)]
        yield Furnished(node, waiting, scheduled, [once, twice], dead)
