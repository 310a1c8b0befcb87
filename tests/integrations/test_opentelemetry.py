"""Traces go through jobs: with the SDK itself, which keeps the spans that have ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from support.async_jobs import async_queue
from support.jobs import Gate
from support.nodes import Node, running_node

from verk_actors.client import Client
from verk_actors.events import JobDiscarded, JobFailed, JobFinished, JobSnoozed
from verk_actors.extras import ExtraMissing
from verk_actors.integrations.opentelemetry import TracedEnqueue, TracedRun
from verk_actors.jobs.endings import Discard, Snooze
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry
from verk_actors.middleware import worker_chain
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.wire.job import Job

HERE = "verk_actors.integrations.opentelemetry"
MIDDLEWARE: dict[str, Any] = {
    "client_middleware": [f"{HERE}:traced_enqueue"],
    "worker_middleware": [f"{HERE}:traced_run"],
}
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OF_RUBY = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=b", "tags": [1]}


@attrs.define
class Kit:
    """Job classes that note the span they run in."""

    registry: Registry = attrs.Factory(Registry)
    gate: Gate = attrs.Factory(Gate)
    seen: list[int] = attrs.Factory(list)

    def __attrs_post_init__(self) -> None:
        @worker(registry=self.registry, name="Plain")
        def plain(end: str = "") -> None:
            self.seen.append(trace.get_current_span().get_span_context().span_id)
            if end:
                raise {"fail": ValueError("as told"), "snooze": Snooze(60), "discard": Discard("no use")}[end]

        @worker(registry=self.registry, name="Async")
        async def asynchronous(end: str = "") -> None:
            plain(end)


@cache
def _exporter() -> InMemorySpanExporter:
    """Set the SDK up, which can be done but once in a process."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Return what keeps the spans that have ended, none so far."""
    _exporter().clear()
    return _exporter()


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    queues = {"q": QueueConfig(size=1), "async": async_queue(1)}
    with running_node(config, Kit(), queues=queues, **MIDDLEWARE) as node:  # type: ignore[arg-type]
        yield node


def ended(spans: InMemorySpanExporter, what: str) -> ReadableSpan:
    """Return the only span of a kind."""
    [found] = [span for span in spans.get_finished_spans() if span.name.endswith(what)]
    return found


def test_a_job_carries_the_trace_of_its_enqueue_in_keys_of_its_own(config: Config, redis, spans) -> None:
    tracer = trace.get_tracer("test")
    with Client(attrs.evolve(config, **MIDDLEWARE)) as client, tracer.start_as_current_span("request") as request:
        jid = client.enqueue(Job(queue="q", class_="Mail", args=[1], extra={"tags": ["a"]}))

    sent = ended(spans, "publish")
    payload = json.loads(redis.lindex("queue:q", 0))
    assert payload["traceparent"].startswith(f"00-{sent.context.trace_id:032x}-{sent.context.span_id:016x}-")
    assert payload["tags"] == ["a"]
    assert (sent.name, sent.kind, sent.parent) == ("q publish", SpanKind.PRODUCER, request.get_span_context())
    assert dict(sent.attributes) == {
        "messaging.system": "sidekiq",
        "messaging.destination.name": "q",
        "messaging.message.id": jid,
        "messaging.operation.name": "create",
        "messaging.operation.type": "create",
        "messaging.sidekiq.job_class": "Mail",
        "messaging.sidekiq.retry_count": 0,
    }


@pytest.mark.parametrize(("queue", "class_"), [("q", "Plain"), ("q", "Async"), ("async", "Async")])
def test_a_run_is_a_trace_of_its_own_linked_to_the_enqueue(node: Node, spans, queue: str, class_: str) -> None:
    node.client.enqueue(Job(queue=queue, class_=class_, args=[]))
    node.log.expect(JobFinished)

    sent, run = ended(spans, "publish"), ended(spans, "process")
    assert (run.name, run.kind, run.parent) == (f"{queue} process", SpanKind.CONSUMER, None)
    assert [(link.context.trace_id, link.context.span_id) for link in run.links] == [
        (sent.context.trace_id, sent.context.span_id)
    ]
    assert run.context.trace_id != sent.context.trace_id
    assert [event.name for event in run.events] == ["created_at", "enqueued_at"]
    assert 0 <= run.start_time - run.events[1].timestamp < 20e9
    assert run.status.status_code is StatusCode.UNSET
    assert node.jobs.seen == [run.context.span_id]  # the job's own spans are below it
    assert run.attributes["messaging.operation.type"] == "process"


@pytest.mark.parametrize(("queue", "class_"), [("q", "Plain"), ("async", "Async")])
def test_a_run_that_fails_is_an_error_and_ends_that_a_job_chose_are_none(
    node: Node, spans, queue: str, class_: str
) -> None:
    for end, event in (("fail", JobFailed), ("snooze", JobSnoozed), ("discard", JobDiscarded)):
        node.client.enqueue(Job(queue=queue, class_=class_, args=[end]))
        node.log.expect(event)

    runs = [span for span in spans.get_finished_spans() if span.kind is SpanKind.CONSUMER]
    assert [run.status.status_code for run in runs] == [StatusCode.ERROR, StatusCode.UNSET, StatusCode.UNSET]
    assert runs[0].status.description == "ValueError: as told"
    assert runs[0].events[-1].attributes["exception.type"] == "ValueError"


def test_a_trace_that_began_in_ruby_goes_on(node: Node, spans, redis) -> None:
    ruby = {"class": "Plain", "queue": "q", "args": [], "jid": "a" * 24, "retry": True, **OF_RUBY}
    redis.lpush("queue:q", json.dumps(ruby))
    node.log.expect(JobFinished)

    [link] = ended(spans, "process").links
    assert (link.context.trace_id, link.context.span_id) == (int(TRACE, 16), int(SPAN, 16))
    assert link.context.trace_state.get("a") == "b"


@pytest.mark.parametrize(
    ("extra", "options", "parent", "links"),
    [
        (OF_RUBY, {"propagation": "link"}, None, 1),
        (OF_RUBY, {"propagation": "child", "span_naming": "class"}, int(SPAN, 16), 0),
        (OF_RUBY, {"propagation": "none"}, None, 0),
        ({}, {}, None, 0),
        ({"traceparent": 5, "tracestate": []}, {}, None, 0),
        ({"traceparent": "nonsense"}, {"propagation": "child"}, None, 0),
    ],
)
def test_what_a_run_is_to_its_enqueue_can_be_chosen(spans, extra, options, parent, links) -> None:
    chain = worker_chain([TracedRun(**options)], lambda job: "done", is_async=False)
    assert chain(Job(class_="Plain", args=[], queue="q", extra=extra)) == "done"

    run = ended(spans, "process")
    assert run.name == ("Plain process" if "span_naming" in options else "q process")
    assert (run.parent and run.parent.span_id, len(run.links)) == (parent, links)
    assert not trace.get_current_span().get_span_context().is_valid  # nothing is left behind


def test_an_option_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="span_naming"):
        TracedEnqueue(span_naming="jid")  # type: ignore[arg-type]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, HERE)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(ExtraMissing, match=r"pip install 'verk-actors\[otel\]'"):
        __import__(HERE)
