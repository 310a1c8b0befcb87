"""One record is one line, whatever names and messages hold: nobody can forge a line, or colour a terminal."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1

import attrs
import pytest
import redis as redis_py
from hypothesis import given
from hypothesis import strategies as st
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import running_node

from verk_actors import events
from verk_actors.cli.options import as_json_line
from verk_actors.drawing.tree_text import draw
from verk_actors.errors import NodeIdInUse, loggable
from verk_actors.events import JobFailed
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.listener import EventListener
from verk_actors.logs.formats import TextLines
from verk_actors.logs.handler import LineHandler
from verk_actors.logs.job_log import JobLog
from verk_actors.messages import RegisterListener
from verk_actors.otp import ProcessInfo
from verk_actors.settings.config import Config
from verk_actors.tree import token
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.wire.job import Job

FORGED = "x\n2026-01-01 00:00:00 INFO the node stops"
HOSTILE = [
    FORGED, "a\r\nb", "\x1b[2J\x1b[31mred", "\u202egnirts", "\x9b31m", "\x00", "\u2028next", "\x7f\x08\x08", "t\tt",
]  # fmt: skip
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR|CRITICAL) ")
any_text = st.text() | st.sampled_from(HOSTILE)


class Lines(logging.Handler):
    """Keeps the records of a logger, at every level."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.records]

    def count(self, part: str) -> int:
        return sum(part in message for message in self.messages)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Keep what is logged below a name while the context lasts."""
        logger = logging.getLogger(name)
        level = logger.level
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.setLevel(level)


def hostile_jobs() -> JobKit:
    """Return job classes, of which `Raises` raises errors of a class and a message that came with the job."""
    kit = JobKit()

    @worker(registry=kit.registry)
    class Raises(JobClass):
        def perform(self, text: str) -> None:
            raise type(text.replace("\0", ""), (Exception,), {})(text)

        def retry_at(self, failed_at: float, attempt: int) -> float:
            raise Loud

    return kit


class Loud(Exception):
    def __repr__(self) -> str:
        return FORGED


class Quarrelsome(EventListener):
    def handle_event(self, event: events.Event) -> None:
        if isinstance(event, JobFailed):
            raise event.exception


def leave_dead_nodes(redis: redis_py.Redis, text: str) -> None:
    """Leave a job that goes back, one that is buried as poison, and a list that is none."""
    poison = json.dumps({"class": "Good", "args": [text]}).encode()
    redis.hset("verk:recovered", sha1(poison).hexdigest(), 9)
    for name, payload in ((text, text.encode()), (f"poisoned {text}", poison), (f"spoilt {text}", None)):
        redis.sadd("verk_nodes", name)
        redis.sadd(f"verk:node:{name}:queues", name)
        if payload is None:
            redis.set(f"inprogress:{name}:{name}", "no list")
        else:
            redis.lpush(f"inprogress:{name}:{name}", payload)


def written(*records: logging.LogRecord) -> list[str]:
    """Return the lines that `verk run` writes of records."""
    handler = LineHandler(TextLines(), io.StringIO())
    for record in records:
        handler.handle(record)
    return handler.stream.getvalue().removesuffix("\n").split("\n")


def record_of(message: str, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("any", logging.ERROR, "file.py", 1, "%s", (message,), exc_info, sinfo="Stack:\n  here")


@given(any_text, any_text)
def test_of_any_text_verk_run_makes_one_line_with_the_traceback_indented_below(message: str, why: str) -> None:
    try:
        raise ValueError(why)
    except ValueError as error:
        first, *below = written(record_of(message, error))

    assert LINE.match(first)
    assert all(line.startswith("    ") for line in below)
    assert all(line.isprintable() for line in [first, *below])
    assert "    Stack:" in below


@given(any_text)
def test_any_text_is_made_one_short_printable_line(text: str) -> None:
    assert loggable(text).isprintable()
    assert len(loggable(text)) <= 10 * 201  # an escape takes up to ten characters
    assert loggable(text) == text or not text.isprintable() or len(text) > 200


@given(any_text, any_text, any_text)
def test_the_line_of_a_failed_job_is_one_line_whatever_was_raised(class_name: str, message: str, frame: str) -> None:
    lines = Lines()
    failed = events.JobFailed(
        queue="q", job=Job(class_="Good", args=[], jid="j"), started_at=1.0, failed_at=2.0,
        error_class=class_name, error_message=message, backtrace=(frame,),
    )  # fmt: skip
    with lines.of("verk_actors.job_log"):
        JobLog(Config()).write(failed)

    [line] = lines.messages
    assert line.startswith("Good j fail: ")
    assert line.isprintable()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_token_or_a_tree_that_came_from_redis_is_shown_on_one_line(name: str) -> None:
    assert token.shown(name).isprintable()
    assert token.shown(f"{name}|boot|{name}|1|2").isprintable()
    assert all(line.isprintable() for line in draw(ProcessInfo(name=name, kind=name, state=name)).split("\n"))
    line = as_json_line({name: [name]})
    assert line.isprintable()
    assert line.isascii()
    assert json.loads(line) == {name: [name]}


@pytest.mark.slow  # a lease has to pass before others are rescued
@pytest.mark.logs_errors("are no job", "can't be rescued", "buried", "raised on")
def test_a_running_node_writes_one_line_per_record_whatever_redis_and_jobs_hand_it(config: Config, redis) -> None:
    """All sources of foreign text at once: names in Redis, payloads, what jobs and listeners raise."""
    lines, many = Lines(), len(HOSTILE)
    for text in HOSTILE:
        leave_dead_nodes(redis, text)
    with lines.of("verk_actors"), running_node(config, hostile_jobs(), queues={"q": 3}, heartbeat_seconds=0.2) as node:
        listeners = [type(text.replace("\0", ""), (Quarrelsome,), {}).start() for text in HOSTILE]
        for listener in listeners:
            node.system.ask(RegisterListener(listener, JobFailed), timeout=10)
        for text in HOSTILE:
            redis.lpush("queue:q", text.encode(), json.dumps({"class": text, "args": []}))
            node.client.enqueue(Job(class_="Raises", args=[text], queue="q", max_retry_count=0))
        node.log.expect(JobFailed, many)
        node.log.expect(events.JobMalformed, 2 * many)
        for part in ("are back", "can't be rescued", "buried", "raised on"):
            eventually(lambda part=part: lines.count(part) >= many, part)
        for listener in listeners:
            listener.stop()
        node.client.enqueue(Job(class_="Raises", args=["last"], queue="q", max_retry_count=0))
        eventually(lambda: lines.count("no longer told") == many, "the end of each listener")

    assert lines.count("retry_at raised") == many + 1
    assert [message for message in lines.messages if not message.isprintable()] == []
    assert [line for line in written(*lines.records) if not line.isprintable()] == []
    assert [line for line in written(*lines.records) if not line.startswith("    ") and not LINE.match(line)] == []


@pytest.mark.logs_errors("did not start")
def test_the_holder_of_a_node_id_is_told_on_one_line(config, redis) -> None:
    redis.set("verk:node:n1", FORGED)  # without an end
    lines = Lines()

    with lines.of("verk_actors"), pytest.raises(NodeIdInUse) as refused:
        ActorSystem.start(attrs.evolve(config, node_id="n1"))

    assert str(refused.value).isprintable()
    assert all(message.isprintable() for message in lines.messages)


def test_a_line_has_the_time_that_every_formatter_gives_it() -> None:
    ours, plain = TextLines(), logging.Formatter("%(asctime)s %(levelname)-7s %(message)s")
    for created in (1_700_000_000.25, 1_700_000_000.999, 1_700_000_001.0, 1_700_003_600.0, 1_700_000_000.25):
        record = logging.makeLogRecord({"created": created, "msecs": created % 1 * 1000})
        assert ours.format(record) == plain.format(record)


def test_the_lines_of_jobs_say_where_they_are_from(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    JobLog(Config()).write(events.JobStarted(queue="q", job=Job(class_="C", args=[], jid="7"), started_at=0.0))

    [record] = caplog.records
    assert (record.filename, record.funcName, record.queue, record.jid) == ("job_log.py", "_written", "q", "7")
    assert record.lineno > 0
