"""The metrics of all that is in Redis: to be scraped at one place only, as each would tell the same."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from verk_actors.client import Client


class ClusterCollector(Collector):
    """Collects queues, sets, nodes and totals; a few short commands for each queue and node.

    Args:
        client: asked at each scrape.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def describe(self) -> list[Metric]:
        """Return nothing: a registry asks no Redis what there is."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        yield from self._queues()
        yield from self._sets()
        yield from self._nodes()
        totals = self._client.counters.totals()
        yield CounterMetricFamily("verk_processed", "Runs of jobs since the beginning.", value=totals.processed)
        yield CounterMetricFamily("verk_failed", "Runs that failed since the beginning.", value=totals.failed)

    def _queues(self) -> Iterator[Metric]:
        size = GaugeMetricFamily("verk_queue_size", "Jobs that wait.", labels=("queue",))
        latency = GaugeMetricFamily(
            "verk_queue_latency_seconds", "How long the job has waited that runs next.", labels=("queue",)
        )
        paused = GaugeMetricFamily("verk_queue_paused_everywhere", "1 where no node is to fetch.", labels=("queue",))
        are_paused = set(self._client.paused_queue_names())
        sizes = self._client.queue_sizes()
        latencies = self._client.queue_latencies(sizes)
        for name, count in sizes.items():
            size.add_metric((name,), count)
            latency.add_metric((name,), latencies[name])
            paused.add_metric((name,), name in are_paused)
        yield from (size, latency, paused)

    def _sets(self) -> Iterator[Metric]:
        sets = GaugeMetricFamily("verk_set_size", "Jobs in a set.", labels=("set",))
        client = self._client
        for name, jobs in (("retry", client.retries), ("schedule", client.scheduled), ("dead", client.dead)):
            sets.add_metric((name,), jobs.count())
        yield sets

    def _nodes(self) -> Iterator[Metric]:
        nodes = GaugeMetricFamily("verk_known_nodes", "Nodes by whether they live.", labels=("state",))
        held = GaugeMetricFamily("verk_jobs_in_progress", "Jobs that nodes hold.", labels=("queue",))
        statuses = self._client.nodes.statuses()
        alive = sum(status.is_alive for status in statuses)
        nodes.add_metric(("alive",), alive)
        nodes.add_metric(("dead",), len(statuses) - alive)
        in_progress: dict[str, int] = {}
        for status in statuses:
            for queue, count in status.in_progress.items():
                in_progress[queue] = in_progress.get(queue, 0) + count
        for queue, count in in_progress.items():
            held.add_metric((queue,), count)
        yield from (nodes, held)
