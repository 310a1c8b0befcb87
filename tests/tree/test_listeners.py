"""Which events a listener is told of, and which need not be made."""

from __future__ import annotations

from typing import Any

import pytest
from support.processes import Bench

from verk_actors.events import Event, JobEvent, JobFinished, JobStarted, QueueRunning
from verk_actors.jobs.registry import Registry
from verk_actors.messages import RegisterListener
from verk_actors.otp import Server
from verk_actors.settings.config import Config
from verk_actors.tree.event_producer import EventProducer
from verk_actors.tree.listeners import Listener, OfKinds
from verk_actors.tree.messages import Publish
from verk_actors.tree.node_state import NodeState
from verk_actors.wire.job import Job

JOB = Job(class_="Good", args=[], queue="q", jid="j")
RUNNING = QueueRunning(queue="q")
STARTED = JobStarted(queue="q", job=JOB, started_at=1.0)
FINISHED = JobFinished(queue="q", job=JOB, started_at=1.0, finished_at=2.0)


@pytest.mark.parametrize(
    ("selector", "told", "started_may_be_wanted"),
    [
        (None, [RUNNING, STARTED, FINISHED], True),
        (Event, [RUNNING, STARTED, FINISHED], True),
        (JobEvent, [STARTED, FINISHED], True),
        (JobFinished, [FINISHED], False),
        ((JobFinished, QueueRunning), [RUNNING, FINISHED], False),
        ([], [], False),
        (OfKinds(lambda kind: kind is QueueRunning), [RUNNING], False),
        (lambda event: event is FINISHED, [FINISHED], True),
    ],
    ids=["all", "the root", "a class above", "a class", "classes", "none", "of kinds", "a predicate"],
)
def test_a_listener_gets_what_it_selects_and_what_none_selects_is_not_wanted(
    selector: Any, told: list[Event], started_may_be_wanted: bool
) -> None:
    listener = Listener(None, selector)
    node = NodeState.of(Config(), Registry())
    node.listeners["urn"] = listener

    assert list(listener.selected([RUNNING, STARTED, FINISHED])) == told
    assert node.is_wanted(JobStarted) == started_may_be_wanted


def test_where_nobody_listens_nothing_is_wanted() -> None:
    assert not NodeState.of(Config(), Registry()).is_wanted(JobStarted)


class Gate(Server):
    """A listener that is no actor of ours to the EventProducer: it gets each event as a message."""

    def __init__(self, seen: list[object]) -> None:
        super().__init__()
        self._seen = seen

    def on_receive(self, message: object) -> None:
        self._seen.append(message)


def test_a_listener_is_not_told_of_what_was_published_before_it_was_registered() -> None:
    bench = Bench()
    early: list[object] = []
    late: list[object] = []
    producer = bench.start(EventProducer(NodeState.of(Config(), Registry())))
    producer.call(RegisterListener(bench.start(Gate(early))))
    for event in (RUNNING, STARTED):
        producer.cast(Publish([event]))
    producer.call(RegisterListener(bench.start(Gate(late))))
    producer.cast(Publish([FINISHED]))
    producer.stop()
    bench.settle()

    assert early == [RUNNING, STARTED, FINISHED]
    assert late == [FINISHED]
    bench.end()
