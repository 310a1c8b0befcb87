"""Log lines as text, logfmt and JSON: one for each record, whatever it holds."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.jobs.context import CurrentJob, JobContextFilter, running
from verk_actors.logs.formats import JsonLines, Lines, LogfmtLines, TextLines, format_of, formatter
from verk_actors.wire.job import Job

AT = 1_700_000_000.25  # 2023-11-14 22:13:20 UTC
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^ "=]*)(?: |$)')


def record(message: str, error: BaseException | None = None, **fields: Any) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("app", logging.WARNING, "file.py", 1, "%s", (message,), exc_info)
    made.created = AT
    made.__dict__.update(fields)
    return made


def pairs(line: str) -> dict[str, str]:
    """Return the names and values of a line of logfmt."""
    found = PAIR.findall(line)
    assert "".join(f"{name}={value} " for name, value in found).strip() == line.strip()
    return {name: json.loads(value) if value.startswith('"') else value for name, value in found}


def test_json_and_logfmt_have_the_same_fields_and_leave_out_what_is_not_known() -> None:
    made = record("two words", queue="q", job_class="A::B", jid="7", attempt=2, node="n2")
    fields = {"level": "warning", "logger": "app", "message": "two words", "time": "2023-11-14T22:13:20.250Z"}
    job = {"node": "n2", "queue": "q", "class": "A::B", "jid": "7"}

    assert json.loads(JsonLines("n1").format(made)) == fields | job | {"attempt": 2}
    assert pairs(LogfmtLines("n1").format(made)) == fields | job | {"attempt": "2"}
    assert json.loads(JsonLines().format(record("two words", jid=None))) == fields
    assert json.loads(JsonLines("n1").format(record("two words"))) == fields | {"node": "n1"}


@given(st.text(), st.text(), st.text())
def test_any_text_is_one_line_that_reads_back(message: str, why: str, class_: str) -> None:
    try:
        raise ValueError(why)
    except ValueError as error:
        made = record(message, error, job_class=class_, attempt=1)

    as_json, as_logfmt = JsonLines().format(made), LogfmtLines().format(made)

    assert as_json.isprintable()
    assert as_json.isascii()
    assert as_logfmt.isprintable()
    read, found = json.loads(as_json), pairs(as_logfmt)
    assert (read["message"], read["class"]) == (message, class_) == (found["message"], found["class"])
    assert read["trace"] == found["trace"]
    assert read["trace"].startswith("Traceback ")
    assert TextLines().format(made).splitlines()[0].isprintable()


def test_a_line_of_a_job_has_the_job_in_brackets_unless_it_says_it_itself() -> None:
    fields = {"queue": "q", "job_class": "C", "jid": "7", "attempt": 2}
    ours = logging.makeLogRecord({"name": "verk_actors.job_log", "msg": "C 7 start", "levelname": "INFO"} | fields)

    assert TextLines().format(record("hello", **fields)).endswith(" WARNING hello [C 7, attempt 2 in queue q]")
    assert TextLines().format(ours).endswith(" INFO    C 7 start")


@pytest.mark.parametrize("log_format", ["text", "logfmt", "json"])
def test_a_formatter_tells_its_form(log_format: Any) -> None:
    assert format_of(formatter(log_format, "n")) == log_format
    assert format_of(logging.Formatter()) is None


def test_the_filter_gives_records_the_job_that_they_are_logged_in_and_keeps_what_they_say() -> None:
    job = Job(class_="C", args=[], queue="q", jid="7", retry_count=1)

    def made(**fields: Any) -> dict[str, Any]:
        one = record("x", **fields)
        assert JobContextFilter().filter(one)
        names = ("node", "queue", "job_class", "jid", "attempt")
        return {name: vars(one)[name] for name in names if name in vars(one)}

    expected = {"node": "n", "queue": "q", "job_class": "C", "jid": "7", "attempt": 2}
    assert running(CurrentJob(job, "n"), made) == expected
    assert running(CurrentJob(job, "n"), lambda: made(jid="other")) == expected | {"jid": "other"}
    assert made() == {}


def test_the_base_of_all_forms_has_none() -> None:
    with pytest.raises(NotImplementedError):
        Lines().format(record("x"))
