"""Failed jobs come to Sentry: with the SDK itself, and a transport that keeps what it would send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from support.jobs import JobKit
from support.nodes import Node, running_node

from verk_actors.events import Event, JobDead, JobFailed
from verk_actors.integrations.sentry import SentryListener
from verk_actors.messages import Backlog, EventBatch, RegisterListener
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

SECRET = "hunter2"
JOB = Job(class_="A", args=[SECRET], jid="j2")
FAILED = JobFailed(queue="q", job=JOB, started_at=1.0, failed_at=2.0, error_class="E", error_message="m")


class Kept(Transport):
    """Keeps events as Sentry would get them."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        event = envelope.get_event()
        if event is not None:
            self.events.append(json.loads(json.dumps(event)))


@pytest.fixture
def sent() -> Iterator[list[dict[str, Any]]]:
    """Initialise the SDK as a program does; return the events that go out."""
    transport = Kept()
    sentry_sdk.init(dsn="http://key@localhost/1", transport=transport, default_integrations=False)
    sentry_sdk.add_breadcrumb(message="of the program")
    yield transport.events
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    sentry_sdk.get_isolation_scope().clear()


def told(*events: Event, **options: bool) -> None:
    """Tell a listener of events, and have it handle them."""
    listener = SentryListener.start(**options)
    listener.tell(EventBatch(events, Backlog()))
    listener.stop()


def run(node: Node, jid: str = "j1", **options: bool) -> None:
    """Have a job with a secret fail three times, and die; a listener is told of it."""
    listener = SentryListener.start(**options)
    node.system.ask(RegisterListener(listener, selector=SentryListener.EVENTS), timeout=10)
    node.client.enqueue(Job(class_="Bad", args=[SECRET], jid=jid, max_retry_count=2))
    node.log.expect(JobDead, jid=jid)
    node.system.ask(RegisterListener(listener, selector=lambda event: False), timeout=10)  # all before it is told
    listener.stop()


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    kit = JobKit()
    kit.retry_seconds = 0.0
    with running_node(config, kit, queues={"default": 1}) as node:
        yield node


def test_each_failed_run_is_an_event_with_the_job_as_its_context(node: Node, sent: list[dict[str, Any]]) -> None:
    run(node)

    assert [event["contexts"]["job"]["attempt"] for event in sent] == [1, 2, 3]
    assert [event["contexts"]["job"]["final"] for event in sent] == [False, False, True]
    first = sent[0]
    about = first["contexts"]["job"]
    assert (about["jid"], about["class"], about["queue"]) == ("j1", "Bad", "default")
    assert (first["level"], first["transaction"]) == ("error", "Bad")
    assert first["tags"] == {"job.class": "Bad", "job.queue": "default"}
    [error] = first["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", f"bad {SECRET}")
    assert error["mechanism"] == {"type": "verk_actors", "handled": False}
    assert error["stacktrace"]["frames"][-1]["function"] == "perform"
    assert "breadcrumbs" not in first or not first["breadcrumbs"]["values"]


def test_only_the_last_run_is_an_event_where_that_is_asked_for(node: Node, sent: list[dict[str, Any]]) -> None:
    run(node, only_dead=True)

    assert [event["contexts"]["job"]["attempt"] for event in sent] == [3]


def test_arguments_and_local_variables_go_only_by_choice(node: Node, sent: list[dict[str, Any]]) -> None:
    run(node, "j1", only_dead=True)
    run(node, "j2", only_dead=True, with_args=True)

    without, with_them = sent
    assert "args" not in without["contexts"]["job"]
    assert [frame for frame in without["exception"]["values"][0]["stacktrace"]["frames"] if "vars" in frame] == []
    assert with_them["contexts"]["job"]["args"] == [SECRET]
    assert with_them["exception"]["values"][0]["stacktrace"]["frames"][-1]["vars"]["key"] == f"'{SECRET}'"


def test_an_exception_of_another_process_is_told_from_what_is_kept_of_it(sent: list[dict[str, Any]]) -> None:
    lines = ("/app/jobs.py:7:in A.perform.<locals>.f", "/app/jobs.py:9:in A.perform", "odd")
    told(attrs.evolve(FAILED, failed_at=2.5, backtrace=lines))

    [event] = sent
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"], event["timestamp"]) == ("E", "m", "1970-01-01T00:00:02.500000Z")
    frames = [
        (frame.get("filename"), frame.get("lineno"), frame["function"]) for frame in error["stacktrace"]["frames"]
    ]
    assert frames == [
        (None, None, "odd"),
        ("/app/jobs.py", 9, "A.perform"),
        ("/app/jobs.py", 7, "A.perform.<locals>.f"),
    ]


def test_a_poisoned_job_is_an_event_though_no_run_failed(sent: list[dict[str, Any]]) -> None:
    died = JobDead(queue="q", job=JOB, died_at=2.0, reason="retries used up", error_class="E", error_message="m")
    told(died, attrs.evolve(died, reason="poisoned", error_class="VerkActors::Poisoned"), only_dead=True)

    [event] = sent
    assert [error["type"] for error in event["exception"]["values"]] == ["VerkActors::Poisoned"]
    assert event["contexts"]["job"]["jid"] == "j2"


def test_without_a_client_nothing_is_sent_and_nothing_fails() -> None:
    told(FAILED)
