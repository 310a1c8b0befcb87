"""The handler of `verk run`: many lines by one write, where nobody else wants the records."""

from __future__ import annotations

import io
import logging

import pytest

from verk_actors.events import Event, JobFinished, JobStarted
from verk_actors.logs import job_log
from verk_actors.logs.formats import JsonLines, TextLines
from verk_actors.logs.handler import LineHandler, line_handler_of
from verk_actors.logs.job_log import JobLog
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

JOB = Job(class_="C", args=[], queue="q", jid="7")
EVENTS: list[Event] = [
    JobStarted(queue="q", job=JOB, started_at=1.0),
    JobFinished(queue="q", job=JOB, started_at=1.0, finished_at=3.0),
]


class Stream(io.StringIO):
    """Counts the writes, and breaks when it is told to."""

    writes, is_broken = 0, False

    def write(self, text: str) -> int:
        if self.is_broken:
            raise OSError("the disk is full")
        self.writes += 1
        return super().write(text)


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def logger(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """Return a logger of jobs that pytest does not find, whose records go to a LineHandler with this stream alone."""
    logger = logging.Logger("verk_actors.job_log", logging.INFO)  # noqa: LOG001
    logger.addHandler(LineHandler(TextLines(), stream))
    monkeypatch.setattr(job_log, "log", logger)
    return logger


def test_lines_of_one_batch_are_one_write_and_read_as_those_of_records(logger: logging.Logger, stream: Stream) -> None:
    """Cases 169 to 171: start, and done with milliseconds or seconds."""
    assert JobLog(Config()).write_together(EVENTS, 1_700_000_000.0) == 0
    together, writes = stream.getvalue().splitlines(), stream.writes
    for event in EVENTS:
        assert JobLog(Config()).write(event)

    assert [line[23:] for line in together] == [" INFO    C 7 start", " INFO    C 7 done: 2 s"]
    assert [line[23:] for line in stream.getvalue().splitlines()[2:]] == [line[23:] for line in together]
    assert writes == 1


def test_lines_that_can_not_be_written_are_counted(logger: logging.Logger, stream: Stream) -> None:
    stream.is_broken = True
    assert JobLog(Config()).write_together(EVENTS, 1.0) == 2


@pytest.mark.parametrize("change", ["filter", "handler filter", "level", "formatter", "second", "other", "kind"])
def test_records_are_made_where_somebody_may_want_them(
    logger: logging.Logger, stream: Stream, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [handler] = logger.handlers
    assert line_handler_of(logger) is handler
    if change == "filter":
        monkeypatch.setattr(logger, "filters", [lambda record: False])
    elif change == "handler filter":
        handler.addFilter(lambda record: False)
    elif change == "level":
        handler.setLevel(logging.ERROR)
    elif change == "formatter":
        handler.setFormatter(JsonLines())
    elif change == "second":
        logger.handlers.append(logging.StreamHandler(io.StringIO()))
    elif change == "other":
        logger.handlers[:] = [logging.StreamHandler(io.StringIO())]
    else:
        logger.handlers[:] = [type("Own", (LineHandler,), {})(TextLines(), stream)]

    assert line_handler_of(logger) is None
    assert JobLog(Config()).write_together(EVENTS, 1.0) is None
    assert stream.writes == 0


def test_a_handler_that_takes_nothing_changes_nothing_and_those_above_count(logger: logging.Logger) -> None:
    above = logger.parent = logging.Logger("verk_actors")  # noqa: LOG001
    above.addHandler(logging.NullHandler())
    assert line_handler_of(logger) is logger.handlers[0]

    above.handlers.append(logging.StreamHandler(io.StringIO()))
    assert line_handler_of(logger) is None
