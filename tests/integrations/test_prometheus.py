"""What Prometheus scrapes of a node and of Redis, read by its own parser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from support.eventually import eventually
from support.nodes import running_node
from support.source import REPOSITORY

from verk_actors.events import JobFailed, JobFinished
from verk_actors.integrations.prometheus import ClusterCollector, NodeCollector, exposition
from verk_actors.messages import PauseQueue
from verk_actors.otp import ProcessInfo, snapshot
from verk_actors.settings.config import Config
from verk_actors.status import ClassStatus, ListenerStatus, QueueStatus, SystemStatus
from verk_actors.wire.histogram import Histogram
from verk_actors.wire.job import Job

TREE = ProcessInfo(
    name="root",
    kind="ActorSystem",
    children=(
        ProcessInfo(name="w1", kind="Worker", restarts=2, inbox=3),
        ProcessInfo(name="w2", kind="Worker", restarts=1, state="restarting"),
    ),
)
LABELS = ("queue", "class", "result", "le", "group", "node", "kind", "set", "state")
ODD = 'a"b\\c\nd'
STATUS = SystemStatus(
    node_id="n1",
    connected=True,
    queues={
        ODD: QueueStatus(
            size=5,
            status="paused",
            group="web",
            running=2,
            fenced=1,
            classes={
                "Mail": ClassStatus(
                    finished=3,
                    failed=1,
                    seconds=12.5,
                    durations=Histogram((1, 0, 2), (0.5, 1.0)),
                    waited_seconds=1.5,
                    waits=Histogram((4, 0, 0), (0.5, 1.0)),
                )
            },
        )
    },
    listeners=(ListenerStatus(listener="a", missed=2), ListenerStatus(listener="b", missed=3)),
    abandoned=("x",),
)


def scraped(*collectors: Collector) -> dict[tuple[str, ...], float]:
    """Return each sample, by its name and the values of its labels."""
    text, content_type = exposition("", *collectors)
    assert content_type.startswith("text/plain; version=")
    families = text_string_to_metric_families(text.decode())
    return {
        (sample.name, *(sample.labels[label] for label in LABELS if label in sample.labels)): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_a_nodes_status_is_told_as_metrics() -> None:
    found = scraped(NodeCollector(lambda: STATUS, lambda: TREE))

    mail = (ODD, "Mail")
    assert found == {
        ("verk_jobs_total", *mail, "finished"): 3,
        ("verk_jobs_total", *mail, "failed"): 1,
        ("verk_job_duration_seconds_bucket", *mail, "0.5"): 1,
        ("verk_job_duration_seconds_bucket", *mail, "1.0"): 1,
        ("verk_job_duration_seconds_bucket", *mail, "+Inf"): 3,
        ("verk_job_duration_seconds_count", *mail): 3,
        ("verk_job_duration_seconds_sum", *mail): 12.5,
        ("verk_job_wait_seconds_bucket", *mail, "0.5"): 4,
        ("verk_job_wait_seconds_bucket", *mail, "1.0"): 4,
        ("verk_job_wait_seconds_bucket", *mail, "+Inf"): 4,
        ("verk_job_wait_seconds_count", *mail): 4,
        ("verk_job_wait_seconds_sum", *mail): 1.5,
        ("verk_queue_workers", ODD, "web"): 5,
        ("verk_queue_running", ODD, "web"): 2,
        ("verk_queue_paused", ODD, "web"): 1,
        ("verk_queue_down", ODD, "web"): 0,
        ("verk_jobs_fenced_total", ODD): 1,
        ("verk_node_connected", "n1"): 1,
        ("verk_events_missed_total",): 5,
        ("verk_threads_abandoned",): 1,
        ("verk_actors", "ActorSystem"): 1,
        ("verk_actors", "Worker"): 1,
        ("verk_actor_restarts_total", "ActorSystem"): 0,
        ("verk_actor_restarts_total", "Worker"): 3,
        ("verk_actor_inbox_messages", "ActorSystem"): 0,
        ("verk_actor_inbox_messages", "Worker"): 3,
    }


def test_a_running_node_and_its_redis_are_scraped(config: Config) -> None:
    with running_node(config, queues={"q": 2, "idle": 1}) as node:
        for number in range(3):
            node.client.enqueue(Job(queue="q", class_="Good", args=[number]))
        node.client.enqueue(Job(queue="q", class_="Bad", args=[1]))
        node.log.expect(JobFinished, 3)
        node.log.expect(JobFailed)
        node.client.queue("other").push(b"{}", b"{}")
        node.client.queue("other").pause()
        node.system.ask(PauseQueue("idle"), timeout=10)
        eventually(lambda: sum(one.processed for one in node.status().classes.values()) == 4, "all runs")

        of_node = scraped(NodeCollector(node.status, lambda: snapshot(node.system)))
        of_all = scraped(ClusterCollector(node.client))

    assert of_node["verk_jobs_total", "q", "Good", "finished"] == 3
    assert of_node["verk_jobs_total", "q", "Bad", "failed"] == 1
    assert of_node["verk_job_duration_seconds_count", "q", "Good"] == 3
    assert 0 < of_node["verk_job_wait_seconds_sum", "q", "Bad"] < 100
    assert [of_node["verk_queue_paused", queue, ""] for queue in ("q", "idle")] == [0, 1]
    assert of_node["verk_actors", "Worker"] == 3
    assert of_all["verk_queue_size", "other"] == 2
    assert of_all["verk_queue_latency_seconds", "q"] == 0
    assert [of_all["verk_queue_paused_everywhere", queue] for queue in ("q", "other")] == [0, 1]
    assert [of_all["verk_set_size", name] for name in ("retry", "schedule", "dead")] == [1, 0, 0]
    assert [of_all["verk_known_nodes", state] for state in ("alive", "dead")] == [1, 0]
    assert (of_all["verk_processed_total",], of_all["verk_failed_total",]) == (4, 1)


def test_a_registry_takes_a_collector_without_asking_the_node() -> None:
    asked: list[int] = []
    registry = CollectorRegistry(auto_describe=True)
    registry.register(NodeCollector(lambda: (asked.append(1), STATUS)[1]))
    assert asked == []
    assert registry.get_sample_value("verk_jobs_fenced_total", {"queue": ODD}) == 1
    assert asked == [1]


def test_the_form_is_what_the_scraper_accepts() -> None:
    text, content_type = exposition("application/openmetrics-text; version=1.0.0", NodeCollector(lambda: STATUS))
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith(b"# EOF\n")


def expressions(part: Any) -> list[str]:
    """Return what a dashboard asks Prometheus."""
    if isinstance(part, dict):
        found = [str(value) for name, value in part.items() if name in ("expr", "query") and isinstance(value, str)]
        return found + expressions(list(part.values()))
    return [one for item in part for one in expressions(item)] if isinstance(part, list) else []


@pytest.mark.parametrize("path", sorted((REPOSITORY / "docs" / "grafana").glob("*.json")), ids=lambda path: path.name)
def test_the_dashboard_of_grafana_asks_for_metrics_that_there_are(path: Path, config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        eventually(lambda: node.status().queues["q"].classes, "a run")
        there = {name for name, *_ in scraped(NodeCollector(node.status, lambda: snapshot(node.system)))}
        there |= {name for name, *_ in scraped(ClusterCollector(node.client))}

    asked = {name for text in expressions(json.loads(path.read_text())) for name in re.findall(r"\bverk_\w+", text)}
    assert len(asked) > 10
    assert asked - there == set()
