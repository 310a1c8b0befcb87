"""Traces that go through jobs: middleware around enqueues and runs. Needs `pip install 'verk-actors[otel]'`.

    config = Config(
        client_middleware=["verk_actors.integrations.opentelemetry:traced_enqueue"],
        worker_middleware=["verk_actors.integrations.opentelemetry:traced_run"],
    )

The trace is carried by keys of the job itself (`traceparent`, `tracestate`), as OpenTelemetry's instrumentation of
Sidekiq has it: a trace that begins in Ruby goes on here, and the other way round. It takes the API alone; the program
sets the SDK up.

Source: opentelemetry-ruby-contrib instrumentation/sidekiq. Differs: docs/decisions/0051.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import attrs

from verk_actors.extras import extra_missing
from verk_actors.jobs.endings import Discard, Snooze
from verk_actors.wire.job import Job

try:
    from opentelemetry import context, propagate, trace
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
except ModuleNotFoundError as error:
    raise extra_missing("otel", error) from error

__all__ = ["Propagation", "SpanNaming", "TracedEnqueue", "TracedRun", "traced_enqueue", "traced_run"]

SpanNaming = Literal["queue", "class"]
"""What a span is named after: `QUEUE publish` and `QUEUE process`, or the same with the name of the class."""

Propagation = Literal["link", "child", "none"]
"""What a run's span is to its enqueue's: linked, in a trace of its own; a child of it, in the same trace; nothing."""

_NAMING = attrs.validators.in_(("queue", "class"))
_tracer = trace.get_tracer("verk_actors")


@attrs.frozen(kw_only=True)
class TracedEnqueue:
    """Client middleware: a producer's span for each job, and in the job the way back to it.

    Attributes:
        span_naming: what the span is named after.
    """

    span_naming: SpanNaming = attrs.field(default="queue", validator=_NAMING)

    def __call__(self, job: Job, call_next: Callable[[Job], Job]) -> Job:
        """Pass the job on with the keys of the trace."""
        name, about = _named(job, self.span_naming, "publish"), _attributes(job, "create")
        with _tracer.start_as_current_span(name, kind=SpanKind.PRODUCER, attributes=about):
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            return call_next(attrs.evolve(job, extra={**job.extra, **carrier}))


@attrs.frozen(kw_only=True)
class TracedRun:
    """Worker middleware: a consumer's span for each run, of any executor.

    Attributes:
        propagation: what it is to the span of the enqueue.
        span_naming: what it is named after.
    """

    propagation: Propagation = attrs.field(default="link", validator=attrs.validators.in_(("link", "child", "none")))
    span_naming: SpanNaming = attrs.field(default="queue", validator=_NAMING)

    def __call__(self, job: Job, call_next: Callable[[Job], Any]) -> Any:
        """Run the job within the span; an asynchronous one is awaited within it."""
        span, inner = self._begun(job)
        with _within(span, inner):
            result = call_next(job)
        if inspect.isawaitable(result):
            return self._awaited(result, span, inner)
        span.end()
        return result

    async def _awaited(self, result: Awaitable[Any], span: Span, inner: Context) -> Any:
        with _within(span, inner):
            value = await result
        span.end()
        return value

    def _begun(self, job: Job) -> tuple[Span, Context]:
        """Return the span of a run, and the context that it is to run in."""
        carrier = {name: value for name, value in job.extra.items() if isinstance(value, str)}
        outer = propagate.extract(carrier, context=Context())
        enqueued = trace.get_current_span(outer).get_span_context()
        is_linked = self.propagation == "link" and enqueued.is_valid
        span = _tracer.start_span(
            _named(job, self.span_naming, "process"),
            context=outer if self.propagation == "child" else Context(),
            kind=SpanKind.CONSUMER,
            attributes=_attributes(job, "process"),
            links=[Link(enqueued)] if is_linked else None,
        )
        for name, at in (("created_at", job.created_at), ("enqueued_at", job.enqueued_at)):
            if at is not None:
                span.add_event(name, timestamp=round(at * 1e9))
        return span, trace.set_span_in_context(span, outer)


@contextmanager
def _within(span: Span, inner: Context) -> Iterator[None]:
    """Make a span the current one; where something is raised it is noted there, and the span has ended."""
    token = context.attach(inner)
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Snooze | Discard):  # those are ends that the job chose
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__qualname__}: {error}"))
        span.end()
        raise
    finally:
        context.detach(token)


def _named(job: Job, naming: SpanNaming, what: str) -> str:
    return f"{job.queue if naming == 'queue' else job.class_} {what}"


def _attributes(job: Job, operation: str) -> dict[str, str | int]:
    return {
        "messaging.system": "sidekiq",
        "messaging.destination.name": str(job.queue),
        "messaging.message.id": str(job.jid),
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.sidekiq.job_class": job.class_,
        "messaging.sidekiq.retry_count": job.retry_count,
    }


traced_enqueue = TracedEnqueue()
"""It as the configuration names it: with the default of each option."""
traced_run = TracedRun()
"""It as the configuration names it: with the default of each option."""
