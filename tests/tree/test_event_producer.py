"""Listeners: any Pykka actor, with a selector, and none can hold up jobs or another listener."""

from __future__ import annotations

import threading
from typing import Any

import pykka
import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import Event, JobFailed, JobFinished, JobStarted
from verk_actors.listener import EventListener
from verk_actors.messages import RegisterListener, UnregisterListener
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.wire.job import Job


class StockActor(pykka.ThreadingActor):
    """An actor that knows nothing of us."""

    use_daemon_thread = True

    def __init__(self, seen: list[Any], wait_for: threading.Event | None = None) -> None:
        super().__init__()
        self._seen = seen
        self._wait_for = wait_for

    def on_receive(self, message: Any) -> None:
        if self._wait_for is not None:
            self._wait_for.wait(20)
        self._seen.append(message)


class Raising(EventListener):
    """A listener of ours that raises on everything."""

    def __init__(self, seen: list[Event]) -> None:
        super().__init__()
        self._events = seen

    def handle_event(self, event: Event) -> None:
        self._events.append(event)
        raise RuntimeError("listener is broken")


def run_jobs(node, count: int = 1, class_: str = "Good") -> None:
    before = len(node.log.of(JobFinished)) + len(node.log.of(JobFailed))
    for key in range(count):
        node.client.enqueue(Job(queue="q", class_=class_, args=[key]))
    node.log.wait_for(
        lambda: len(node.log.of(JobFinished)) + len(node.log.of(JobFailed)) >= before + count, f"{count} ends"
    )


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        (JobFailed, ["JobFailed"]),
        ((JobStarted, JobFinished), ["JobStarted", "JobFinished", "JobStarted"]),
        (lambda event: getattr(event, "final", None) is False, ["JobFailed"]),
        (None, ["JobStarted", "JobFinished", "JobStarted", "JobFailed"]),
    ],
    ids=["class", "classes", "predicate", "all"],
)
def test_a_stock_pykka_actor_is_told_what_it_selects(config: Config, selector: Any, wanted: list[str]) -> None:
    seen: list[Any] = []
    actor = StockActor.start(seen)
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(RegisterListener(actor, selector))
        run_jobs(node, class_="Good")
        run_jobs(node, class_="Bad")
        eventually(lambda: len(seen) >= len(wanted), "events")
        assert [type(event).__name__ for event in seen] == wanted
    actor.stop()


def test_a_listener_that_is_unregistered_is_told_no_more(config: Config) -> None:
    seen: list[Any] = []
    actor = StockActor.start(seen)
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(RegisterListener(actor, JobFinished))
        node.system.ask(UnregisterListener(actor))
        run_jobs(node)
    assert seen == []
    actor.stop()


def missed(node, kind: str) -> int:
    return sum(row.missed for row in node.status().listeners if kind in row.listener)


def test_a_stuck_listener_holds_up_nobody_and_what_it_missed_is_counted(config: Config) -> None:
    seen: list[Any] = []
    release = threading.Event()
    actor = StockActor.start(seen, release)
    with running_node(config, queues={"q": 2}, event_buffer=5) as node:
        node.system.ask(RegisterListener(actor, JobFinished))
        for key in range(20):
            node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
        # Five in its inbox, and one in hand unless that many came before it took the first.
        eventually(lambda: missed(node, "StockActor") in (20 - 1 - 5, 20 - 5), "missed events")
        release.set()
        eventually(lambda: len(seen) + missed(node, "StockActor") == 20, "the buffered events")
    actor.stop()


class Stuck(EventListener):
    """A listener of ours that waits in its first event."""

    def __init__(self, seen: list[Event], release: threading.Event) -> None:
        super().__init__()
        self._events, self._gate = seen, release

    def handle_event(self, event: Event) -> None:
        self._gate.wait(20)
        self._events.append(event)


def test_a_stuck_listener_of_ours_is_bounded_by_events_not_by_batches(config: Config) -> None:
    seen: list[Event] = []
    release = threading.Event()
    listener = Stuck.start(seen, release)
    with running_node(config, queues={"q": 10}, event_buffer=5) as node:  # the node's probe may miss some too
        node.system.ask(RegisterListener(listener, JobFinished))
        for key in range(30):
            node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
        eventually(lambda: missed(node, "Stuck") == 30 - 5, "missed events")
        release.set()
        eventually(lambda: len(seen) == 5, "the buffered events")
        node.client.enqueue(Job(queue="q", class_="Good", args=["next"]))
        eventually(lambda: len(seen) == 6, "the next event")
    listener.stop()


def test_a_dead_listener_is_forgotten_and_the_others_are_told(config: Config) -> None:
    actor = StockActor.start([])
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(RegisterListener(actor, None))
        actor.stop()
        run_jobs(node)
        eventually(lambda: not any("StockActor" in row.listener for row in node.status().listeners), "its removal")


@pytest.mark.logs_errors("raised on JobFinished")
def test_a_raising_listener_goes_on_being_told_and_the_others_too(config: Config) -> None:
    seen: list[Event] = []
    with running_node(config, queues={"q": 1}) as node:
        listener = Raising.start(seen)
        node.system.ask(RegisterListener(listener, JobFinished))
        run_jobs(node, 3)
        eventually(lambda: len(seen) == 3, "all three")
        assert listener.is_alive()
        listener.stop()


@pytest.mark.logs_errors("selector raised")
def test_a_raising_selector_silences_its_own_listener_only(config: Config) -> None:
    actor = StockActor.start([])
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(RegisterListener(actor, lambda event: event.no_such_field))
        run_jobs(node, 2)
    actor.stop()


def test_listeners_survive_a_crash_of_the_event_producer(config: Config) -> None:
    seen: list[Any] = []
    actor = StockActor.start(seen)
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(RegisterListener(actor, JobFinished))
        old = node.whereis(names.EVENT_PRODUCER)
        old.kill()
        node.successor(old)
        run_jobs(node)
        eventually(lambda: len(seen) == 1, "the event")
    actor.stop()


def test_stop_tells_all_events_first(config: Config) -> None:
    with running_node(config, queues={"q": 5}) as node:
        for key in range(200):
            node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
        node.log.expect(JobFinished)
        node.system.stop()
        processed = node.client.counters.totals().processed
        node.log.expect(JobFinished, processed)
        assert len(node.log.of(JobFinished)) == processed
