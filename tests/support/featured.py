"""Something of each feature that has its own keys in Redis: a batch, a workflow, a limit and periodic jobs, in use."""

from __future__ import annotations

import attrs
from redis import Redis

from support.eventually import eventually
from support.jobs import Gate, JobKit
from support.nodes import Node
from verk_actors.client.workflow import chain
from verk_actors.events import JobDead, JobFinished
from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import worker
from verk_actors.messages import RunningJobs
from verk_actors.settings.limit import Limit
from verk_actors.wire.job import Job

LIMIT = Limit("narrow", concurrency=1)
OURS = ("verk:batch", "verk:limit", "verk:cron", "verk:result:")
"""How the keys begin that nobody else has."""

_RUNS_SECONDS = 600.0  # as long as the tests of all pages take
_REFRESHED = (b"verk:limited", b"verk:limits", b"verk:cron:told")


class FeaturedKit(JobKit):
    """Adds a class with a limit, whose jobs say how far they are and wait at the gate; and others."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate(_RUNS_SECONDS)

        @worker(registry=self.registry, limits=[LIMIT])
        def Narrow(key: object) -> None:
            current_job().progress(30, 120, "reading <b>")  # type: ignore[union-attr]
            self.gate.pass_through(key)

        @worker(registry=self.registry)
        def FailsOnce(*_: object) -> None:
            if current_job().attempt == 1:  # type: ignore[union-attr]
                raise ValueError("at first")

        @worker(registry=self.registry)
        def Set(value: object) -> None:
            current_job().set_result(value)  # type: ignore[union-attr]


@attrs.frozen
class Featured:
    """What is there.

    Attributes:
        batch: the id of one of five members: two have succeeded, one is dead, two wait where nobody works.
        workflow: the id of one whose first step has ended, and whose second waits; the third is to come.
        running: the job that has the only slot of the limit, and runs.
        limited: two that wait for it.
        result: the job that has set a result.
    """

    batch: str
    workflow: str
    running: str
    limited: list[str]
    result: str


def add_features(node: Node, redis: Redis, queue: str = "default") -> Featured:
    """Put something of each feature there, with a node that has the FeaturedKit and two workers for the queue."""
    client, log = node.client, node.log

    def waits(class_: str = "Good") -> Job:
        return Job(queue="waiting", class_=class_, args=["waits"])

    members = [Job(queue=queue, class_="Good", args=[number], jid=f"member-{number}") for number in range(2)]
    dead = Job(queue=queue, class_="Bad", args=["<b>"], max_retry_count=0, jid="dead-member")
    before = client.queue("waiting").count()
    batch = client.batch(
        [*members, dead, waits(), waits()], on_complete=waits(), on_success=waits(), description="Letters <b> of May"
    )
    first = Job(queue=queue, class_="Set", args=[{"sum": 3}])
    workflow = client.batch(chain(first, waits(), Job(queue=queue, class_="Good", args=[])), description="Three steps")
    log.expect(JobDead, jid=dead.jid)
    for member in members:
        log.expect(JobFinished, jid=member.jid)
    eventually(lambda: client.queue("waiting").count() == before + 3, "the second step")
    narrow = [client.enqueue(Job(queue=queue, class_="Narrow", args=[number])) for number in range(3)]
    node.jobs.gate.wait_started(1)
    eventually(lambda: redis.zcard("verk:limit:narrow:waiting") == 2, "those that wait for the limit")
    client.cron.add("digest", Job(queue="waiting", class_="Good", args=["<b>"]), "30 8 * * 1", timezone="Asia/Tokyo")
    client.cron.add("paused", Job(queue="waiting", class_="Good", args=[]), "@daily")
    client.cron.pause("paused")
    [running] = [run.jid for run in node.system.ask(RunningJobs(queue), timeout=10)]
    return Featured(
        batch=batch.bid,
        workflow=workflow.bid,
        running=running,
        limited=[jid for jid in narrow if jid != running],
        result=workflow.jids[0],
    )


def dump_of_ours(redis: Redis) -> dict[bytes, bytes]:
    """Return all that is in the keys that nobody else has, but for what our node writes from time to time."""
    return {
        key: redis.dump(key) for key in redis.scan_iter() if key.decode().startswith(OURS) and key not in _REFRESHED
    }
