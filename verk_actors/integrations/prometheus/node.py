"""The metrics of one node: what its actors do, and what the jobs of each class have done here since it started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from verk_actors.otp import ProcessInfo
from verk_actors.status import QueueStatus, SystemStatus
from verk_actors.wire.histogram import Histogram

_JOB = ("queue", "class")


class NodeCollector(Collector):
    """Collects what a node's status tells, and its tree.

    Args:
        status: returns it; called at each scrape.
        tree: likewise; without it nothing is told of actors.
    """

    def __init__(self, status: Callable[[], SystemStatus], tree: Callable[[], ProcessInfo] | None = None) -> None:
        self._status = status
        self._tree = tree

    def describe(self) -> list[Metric]:
        """Return nothing: a registry asks no node what there is."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        status = self._status()
        yield from _of_jobs(status)
        yield from _of_queues(status)
        yield from _of_node(status)
        if self._tree is not None:
            yield from _of_actors(self._tree())


def _of_jobs(status: SystemStatus) -> Iterator[Metric]:
    runs = CounterMetricFamily("verk_jobs", "Runs of jobs that have ended.", labels=(*_JOB, "result"))
    took = HistogramMetricFamily("verk_job_duration_seconds", "How long runs took that did not fail.", labels=_JOB)
    waited = HistogramMetricFamily("verk_job_wait_seconds", "How long jobs had waited in their queue.", labels=_JOB)
    for queue, of_queue in status.queues.items():
        for class_name, one in of_queue.classes.items():
            labels = (queue, class_name)
            runs.add_metric((*labels, "finished"), one.finished)
            runs.add_metric((*labels, "failed"), one.failed)
            took.add_metric(labels, _buckets(one.durations), one.seconds)
            waited.add_metric(labels, _buckets(one.waits), one.waited_seconds)
    yield from (runs, took, waited)


def _of_queues(status: SystemStatus) -> Iterator[Metric]:
    of_queue: tuple[tuple[str, str, Callable[[QueueStatus], float]], ...] = (
        ("verk_queue_workers", "Workers of the queue, or of its group.", lambda queue: queue.size),
        ("verk_queue_running", "Jobs that run.", lambda queue: queue.running),
        ("verk_queue_paused", "1 where no jobs are fetched.", lambda queue: queue.status in ("pausing", "paused")),
        ("verk_queue_down", "1 where its actors wait to be restarted.", lambda queue: queue.status == "failed"),
    )
    for name, help_, value in of_queue:
        gauge = GaugeMetricFamily(name, help_, labels=("queue", "group"))
        for queue, one in status.queues.items():
            gauge.add_metric((queue, one.group), value(one))
        yield gauge
    fenced = CounterMetricFamily(
        "verk_jobs_fenced", "Jobs that ended when they were another node's.", labels=("queue",)
    )
    for queue, one in status.queues.items():
        fenced.add_metric((queue,), one.fenced)
    yield fenced


def _of_node(status: SystemStatus) -> Iterator[Metric]:
    connected = GaugeMetricFamily("verk_node_connected", "1 while the node holds its lease.", labels=("node",))
    connected.add_metric((status.node_id,), status.connected)
    missed = sum(listener.missed for listener in status.listeners)
    yield connected
    yield CounterMetricFamily("verk_events_missed", "Events that listeners were too slow for.", value=missed)
    abandoned = len(status.abandoned)
    yield GaugeMetricFamily("verk_threads_abandoned", "Threads of jobs that were left, as they did not end.", abandoned)


def _of_actors(tree: ProcessInfo) -> Iterator[Metric]:
    running: Counter[str] = Counter()
    restarts: Counter[str] = Counter()
    inboxes: Counter[str] = Counter()
    for process in tree.walk():
        running[process.kind] += process.state == "running"
        restarts[process.kind] += process.restarts
        inboxes[process.kind] += process.inbox
    actors = GaugeMetricFamily("verk_actors", "Actors that run.", labels=("kind",))
    restarted = CounterMetricFamily("verk_actor_restarts", "Restarts by their supervisors.", labels=("kind",))
    waiting = GaugeMetricFamily("verk_actor_inbox_messages", "Messages that wait for them.", labels=("kind",))
    for family, counts in ((actors, running), (restarted, restarts), (waiting, inboxes)):
        for kind, count in counts.items():
            family.add_metric((kind,), count)
        yield family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return how many took no longer than each bound, as Prometheus counts."""
    bounds = (*map(str, histogram.bounds_seconds), "+Inf")
    return list(zip(bounds, accumulate(histogram.counts), strict=True))
