"""Verk Stats: its four metrics, to a sink of any kind.

Conformance 277-279: verk_stats_test.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import pytest
from support.nodes import running_node

from verk_actors.events import Event, JobFailed, JobFinished, JobStarted, QueueRunning
from verk_actors.integrations.verk_stats import Kind, LoggerSink, Sink, VerkStats
from verk_actors.messages import Backlog, EventBatch, RegisterListener
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

TAGS = ("worker:Billing::Invoice", "queue:default")


class Kept:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.metrics: list[tuple[Kind, str, float, Sequence[str]]] = []
        self.flushed = 0

    def collect(self, kind: Kind, key: str, value: float, tags: Sequence[str]) -> None:
        self.metrics.append((kind, key, value, tags))

    def flush(self) -> None:
        self.flushed = len(self.metrics)


def job(**fields: float) -> Job:
    return Job(class_="Billing::Invoice", args=[], queue="default", **fields)  # type: ignore[arg-type]  # of times


def finished(job: Job, started_at: float, finished_at: float) -> Event:
    return JobFinished(queue="default", job=job, started_at=started_at, finished_at=finished_at)


def collected(*events: Event, sink: Sink | None = None) -> Kept:
    """Tell a VerkStats of events; return what it has collected."""
    kept = Kept()
    stats = VerkStats.start(sink or kept)
    stats.tell(EventBatch(events, Backlog()))
    stats.stop()  # handles what came before it
    return kept


def test_a_start_is_counted() -> None:
    """Conformance case 277."""
    kept = collected(JobStarted(queue="default", job=job(), started_at=10.0))

    assert kept.metrics == [("counter", "jobs.start", 1, TAGS)]


def test_a_success_is_timed_from_its_start_and_from_when_it_was_enqueued() -> None:
    """Conformance case 278; times below a second are not lost."""
    kept = collected(finished(job(enqueued_at=5.0), 10.0, 15.0), finished(job(enqueued_at=9.75), 10.0, 10.00125))

    assert kept.metrics == [
        ("timing", "jobs.success", 5000.0, TAGS),
        ("timing", "jobs.success.total_time", 10_000.0, TAGS),
        ("timing", "jobs.success", 1.25, TAGS),
        ("timing", "jobs.success.total_time", 251.25, TAGS),
    ]


def test_a_failure_is_timed() -> None:
    """Conformance case 279."""
    failure = JobFailed(
        queue="default", job=job(enqueued_at=1.0), started_at=10.0, failed_at=17.0, error_class="E", error_message=""
    )

    assert collected(failure).metrics == [("timing", "jobs.failure", 7000.0, TAGS)]


def test_a_job_of_which_nobody_knows_when_it_was_enqueued_has_no_total_time() -> None:
    """Verk Stats crashes on it: Resque's jobs have no such time."""
    assert [metric[1] for metric in collected(finished(job(), 10.0, 15.0)).metrics] == ["jobs.success"]


def test_no_time_is_negative_where_the_clocks_of_two_machines_differ() -> None:
    kept = collected(finished(job(enqueued_at=20.0), 10.0, 15.0))

    assert kept.metrics[1] == ("timing", "jobs.success.total_time", 0.0, TAGS)


def test_other_events_are_no_metrics_and_a_sink_that_buffers_is_flushed() -> None:
    kept = collected(QueueRunning(queue="default"), JobStarted(queue="default", job=job(), started_at=1.0))

    assert (len(kept.metrics), kept.flushed) == (1, 1)


def test_the_logger_sink_writes_a_line_for_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "verk_actors.integrations.verk_stats")

    collected(
        JobStarted(queue="default", job=job(), started_at=1.0),
        finished(job(), 1.0, 2.5),
        sink=LoggerSink(logging.DEBUG),
    )

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "counter jobs.start 1 worker:Billing::Invoice,queue:default"),
        ("DEBUG", "timing jobs.success 1500 ms worker:Billing::Invoice,queue:default"),
    ]


class Stuck(Kept):
    """A sink that blocks until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.out = threading.Event(), threading.Event()

    def collect(self, kind: Kind, key: str, value: float, tags: Sequence[str]) -> None:
        self.inside.set()
        assert self.out.wait(90)  # longer than the test, which waits for several things meanwhile
        super().collect(kind, key, value, tags)


def test_a_sink_that_blocks_holds_up_no_job_and_loses_only_metrics(config: Config) -> None:
    sink = Stuck()
    stats = VerkStats.start(sink)
    with running_node(config, queues={"default": 2}, event_buffer=250) as node:
        node.system.ask(RegisterListener(stats, selector=VerkStats.EVENTS), timeout=10)
        node.client.enqueue(Job(class_="Good", args=[0]))
        assert sink.inside.wait(20)
        for round_ in range(3):  # the probe hears of one before the next, and so misses nothing
            node.client.enqueue_many([Job(class_="Good", args=[n]) for n in range(100)])
            node.log.expect(JobFinished, 100 * round_ + 101)
        missed = {row.listener: row.missed for row in node.status().listeners}[str(stats)]
        assert missed > 0
        sink.out.set()
        stats.stop()
    assert len(sink.metrics) < 3 * 301


@pytest.mark.logs_errors("raised on")
def test_a_sink_that_raises_is_told_on() -> None:
    class Bad(Kept):
        def collect(self, kind: Kind, key: str, value: float, tags: Sequence[str]) -> None:
            super().collect(kind, key, value, tags)
            raise RuntimeError("no sink today")

        def flush(self) -> None:
            raise RuntimeError("nor a flush")

    bad = Bad()
    collected(*(JobStarted(queue="default", job=job(), started_at=1.0) for _ in range(3)), sink=bad)

    assert len(bad.metrics) == 3
