"""Listeners and log handlers that are slow, block, raise or never end: jobs and heartbeats take no notice."""

from __future__ import annotations

import errno
import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pykka
import pytest
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node

from verk_actors.events import Event, JobFailed, JobFinished, JobStarted
from verk_actors.jobs.job_class import worker
from verk_actors.listener import EventListener
from verk_actors.messages import RegisterListener
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.wire.job import Job


def run_jobs(node: Node, redis, count: int) -> None:
    """Run jobs, and wait until Redis knows: not for any event, which may be held up."""
    before = int(redis.get("stat:processed") or 0)
    for key in range(count):
        node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
    eventually(lambda: int(redis.get("stat:processed") or 0) == before + count, f"{count} jobs settled")


def missed(node: Node, name: str) -> int:
    """Return how many events a listener was not told of."""
    return sum(row.missed for row in node.status().listeners if name in row.listener)


class Slow(EventListener):
    """A listener that takes its time, and in each event waits for the next."""

    def __init__(self, gate: threading.Semaphore) -> None:
        super().__init__()
        self._semaphore = gate
        self.seen: list[Event] = []

    def handle_event(self, event: Event) -> None:
        self._semaphore.acquire(timeout=20)
        self.seen.append(event)


def test_a_slow_listener_gets_its_events_late_and_in_order_while_jobs_and_others_go_on(config: Config, redis) -> None:
    steps = threading.Semaphore(0)
    with running_node(config, queues={"q": 5}) as node:
        listener = Slow.start(steps)
        node.system.ask(RegisterListener(listener, JobFinished))
        run_jobs(node, redis, 50)
        finished = node.log.expect(JobFinished, 50)  # the probe has all, the slow one none
        for _ in range(50):
            steps.release()
        seen = eventually(lambda: _seen(listener, 50), "the slow listener's events")
        assert seen == finished
        assert missed(node, "Slow") == 0
        listener.stop()


def _seen(listener, count: int) -> list[Event] | None:
    seen: list[Event] = listener.proxy().seen.get(timeout=20)
    return seen if len(seen) == count else None


def test_the_memory_of_a_listener_that_never_ends_is_bounded_however_many_events_come(config: Config, redis) -> None:
    never = threading.Semaphore(0)
    listener = Slow.start(never)
    with running_node(config, queues={"q": 10}, event_buffer=50) as node:
        node.system.ask(RegisterListener(listener, (JobStarted, JobFinished)))
        for told in (200, 400):
            run_jobs(node, redis, 100)
            eventually(lambda told=told: missed(node, "Slow") == told - 50, "missed events")
            assert sum(len(batch.events) for batch, _ in list(_inbox(listener))) <= 50
        for _ in range(60):
            never.release()
        listener.stop()


def _inbox(listener) -> list:
    """Return what waits in an inbox, which has no way to be looked at but by taking all out and putting it back."""
    inbox, waiting = listener.actor_inbox, []
    with suppress(queue.Empty):  # the listener may take one meanwhile
        while True:
            waiting.append(inbox.get_nowait())
    for message in waiting:
        inbox.put(message)
    return waiting


class Broken(EventListener):
    """Raises on everything until it is mended."""

    broken = True

    def handle_event(self, event: Event) -> None:
        if Broken.broken:
            raise RuntimeError("listener is broken")


@pytest.mark.logs_errors("raised on JobFinished")
def test_a_listener_that_keeps_raising_is_told_on_and_logged_once_a_minute(
    config: Config, redis, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Broken.start()
    with running_node(config, queues={"q": 5}) as node:
        node.system.ask(RegisterListener(listener, JobFinished))
        run_jobs(node, redis, 150)
        eventually(lambda: listener.proxy().errors.get(timeout=20) == 150, "150 errors")
    assert sum("raised on JobFinished" in record.getMessage() for record in caplog.records) == 1
    assert listener.is_alive()
    listener.stop()


class Stock(pykka.ThreadingActor):
    """An actor of stock Pykka that raises: it dies of it."""

    use_daemon_thread = True

    def on_receive(self, message: object) -> None:
        raise RuntimeError("stock actor is broken")


def test_a_stock_actor_that_raises_dies_and_is_told_no_more(config: Config, redis) -> None:
    listener = Stock.start()
    with running_node(config, queues={"q": 5}) as node:
        node.system.ask(RegisterListener(listener, JobFinished))
        run_jobs(node, redis, 20)
        node.log.expect(JobFinished, 20)
        eventually(lambda: not listener.is_alive(), "its end")  # which is noticed at the next event
        run_jobs(node, redis, 1)
        eventually(lambda: not any("Stock" in row.listener for row in node.status().listeners), "forgotten listener")


class Blocked(logging.Handler):
    """A handler that blocks, as a full pipe does."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.opened = threading.Event(), threading.Event()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.reached.set()
        self.opened.wait(60)  # longer than a test may take until it opens
        self.lines.append(record.getMessage())


class Full(logging.Handler):
    """A handler that lets the error of a full disk out, which those of the standard library don't."""

    refused = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.refused += record.getMessage()
        raise OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def handling(handler: logging.Handler) -> Iterator[None]:
    """Log this package's lines, from INFO on, to a handler."""
    log = logging.getLogger("verk_actors")
    level, raises = log.level, logging.raiseExceptions
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        logging.raiseExceptions = raises
        with suppress(OSError):
            handler.close()


@pytest.mark.slow  # heartbeats are waited for
def test_a_log_handler_that_blocks_holds_up_neither_jobs_nor_events_nor_heartbeats(config: Config, redis) -> None:
    handler = Blocked()
    with running_node(config, queues={"q": 5}, heartbeat_seconds=0.2) as node, handling(handler):
        run_jobs(node, redis, 1)
        assert handler.reached.wait(20)
        run_jobs(node, redis, 100)
        node.log.expect(JobFinished, 101)
        wait_for_heartbeats(node, redis)
        assert handler.lines == []
        handler.opened.set()
        eventually(lambda: sum(" done: " in line for line in list(handler.lines)) == 101, "all lines")


def wait_for_heartbeats(node: Node, redis) -> None:
    """Wait until the lease has been renewed three times."""
    lease, looks = node.state.keys.node(node.config.node_id), [0]

    def renewed() -> bool:
        looks.append(redis.pttl(lease))
        return looks[-1] > looks[-2] > 0  # it had less to live a moment ago, and was never gone

    for _ in range(3):
        eventually(renewed, "a heartbeat")


@pytest.mark.slow  # heartbeats are waited for
@pytest.mark.logs_errors("Redis is of no use now")
def test_what_actors_say_of_an_outage_to_a_handler_that_blocks_holds_none_of_them_up(config: Config, redis) -> None:
    handler = Blocked()
    with running_node(config, queues={"q": 5}, heartbeat_seconds=0.2) as node, handling(handler):
        for client in redis.client_list():
            if client["name"].startswith(f"verk:{node.config.node_id}:"):
                redis.client_kill_filter(_id=client["id"])
        run_jobs(node, redis, 10)
        wait_for_heartbeats(node, redis)
        assert handler.lines == []
        handler.opened.set()
        eventually(lambda: any("Redis is of no use" in line for line in list(handler.lines)), "word of the outage")


def test_workers_that_warn_at_each_job_do_not_wait_for_the_log(config: Config, redis) -> None:
    handler, jobs = Blocked(), JobKit()

    @worker(registry=jobs.registry)
    class BadRetry:
        def perform(self) -> None:
            raise ValueError("bad")

        def retry_at(self, failed_at: float, attempt: int) -> float:
            raise RuntimeError("worse")

    with running_node(config, jobs, queues={"q": 2}) as node, handling(handler):
        for _ in range(20):
            node.client.enqueue(Job(queue="q", class_="BadRetry", args=[]))
        node.log.expect(JobFailed, 20)
        assert handler.lines == []
        handler.opened.set()
        eventually(lambda: sum("retry_at raised" in line for line in list(handler.lines)) == 20, "all warnings")


def test_lines_that_a_blocked_handler_costs_are_bounded_counted_and_told(config: Config, redis) -> None:
    handler = Blocked()
    with running_node(config, queues={"q": 5}, event_buffer=20) as node, handling(handler):
        run_jobs(node, redis, 1)
        assert handler.reached.wait(20)
        run_jobs(node, redis, 50)
        lost = eventually(lambda: missed(node, names.JOB_LOGGER) == 102 - 20 and 82, "missing lines")
        handler.opened.set()
        line = f"{lost} lines are missing here"
        eventually(lambda: any(line in said for said in list(handler.lines)), "word of them")


def test_a_node_starts_though_the_handler_raises_on_what_it_has_to_say_of_its_redis(config: Config, redis) -> None:
    policy = redis.config_get("maxmemory-policy")["maxmemory-policy"]
    redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with handling(Full()), running_node(config, queues={"q": 1}) as node:
            run_jobs(node, redis, 1)
    finally:
        redis.config_set("maxmemory-policy", policy)


def test_a_log_handler_that_raises_costs_lines_and_nothing_else(config: Config, redis) -> None:
    with running_node(config, queues={"q": 5}) as node:
        before = node.whereis(names.JOB_LOGGER)
        full = Full()
        with handling(full):
            run_jobs(node, redis, 50)
            eventually(lambda: "100 lines are missing" in full.refused, "lines refused")
        handler = Blocked()
        handler.opened.set()
        with handling(handler):
            run_jobs(node, redis, 1)
            eventually(lambda: any("100 lines are missing" in line for line in list(handler.lines)), "word")
        assert node.whereis(names.JOB_LOGGER) is before
        assert node.log.of(JobFailed) == []


def test_an_actor_that_dies_while_the_log_handler_raises_takes_no_supervisor_along(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node, handling(Full()):
        supervisors = [node.system, node.whereis(names.MANAGER_SUPERVISOR), node.whereis(names.queue_supervisor("q"))]
        for name in (names.NODE_MANAGER, names.MANAGER, names.workers_manager("q")):
            old = node.whereis(name)
            old.kill()
            node.successor(old)
        run_jobs(node, redis, 10)
        assert all(supervisor.is_alive() for supervisor in supervisors)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_log_file_on_a_full_disk_costs_lines_and_nothing_else(config: Config, redis) -> None:
    handler = logging.FileHandler("/dev/full", delay=True)
    with running_node(config, queues={"q": 5}) as node, handling(handler):
        logging.raiseExceptions = False  # else each line is a traceback on standard error
        run_jobs(node, redis, 50)
        node.log.expect(JobFinished, 50)
