"""Arguments may be secrets: they are in Redis and in the job's hands, and in no log line, repr or error."""

from __future__ import annotations

import logging

import pytest
from support.nodes import running_node

from verk_actors import errors
from verk_actors.events import JobDead, JobFailed, JobFinished, JobMalformed
from verk_actors.jobs.context import CurrentJob
from verk_actors.otp import CallTimeout, Cast
from verk_actors.store import exchange as exchange_of_store
from verk_actors.store.exchange import Settlement
from verk_actors.store.members import member_of
from verk_actors.tree import names
from verk_actors.tree.manager.queue.reconcile import compare
from verk_actors.tree.messages import Publish
from verk_actors.tree.running_job import RunningJob
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.job import Job

SECRET = "hunter2-in-the-arguments"
BROKEN = b'{"args": ["' + SECRET.encode() + b'"]}'  # no class


class Planted(Cast):
    """No actor has a handler for it."""


def test_nothing_that_holds_a_job_shows_its_arguments() -> None:
    job = decode(encode(Job(class_="Good", args=[SECRET, {"x": SECRET}], extra={"token": SECRET}, queue="q", jid="j")))
    row = RunningJob(payload=encode(job), job=job)
    finished = JobFinished(queue="q", job=job, started_at=1.0, finished_at=2.0)
    publish = Publish([finished])
    holders = [
        job, CurrentJob(job), row, publish, finished,
        JobDead(queue="q", job=job, died_at=1.0, reason="killed", error_class="E", error_message="m"),
        JobMalformed(queue="q", payload=BROKEN, jid="j", reason="no class"), member_of(BROKEN),
        Settlement("retry", row.payload, row.payload, 1.0), compare([BROKEN], [row]),
        exchange_of_store.Exchanged(status="OK", settled=[], payloads=[BROKEN], trimmed=0),
        CallTimeout("event_producer", publish, 5.0),
    ]  # fmt: skip

    assert [holder for holder in holders if SECRET in f"{holder!r} {holder}"] == []
    assert "args=<2>" in repr(job)


@pytest.mark.parametrize("args", [[SECRET.encode()], [{SECRET}], [{"key": [SECRET + "\ud800"]}], SECRET])
def test_an_argument_that_can_not_be_written_is_named_and_not_shown(args) -> None:
    with pytest.raises(errors.InvalidJob) as refused:
        encode(Job(class_="Good", args=args))

    assert "args" in str(refused.value)
    assert SECRET not in f"{refused.value} {refused.value!r}"


@pytest.mark.parametrize("extra", [{"token": SECRET.encode()}, {"retry": SECRET}, {"nested": [{"token": {SECRET}}]}])
def test_nor_is_an_option_of_a_peer_shown(extra) -> None:
    with pytest.raises(errors.InvalidJob) as refused:
        encode(Job(class_="Good", args=[], extra=extra))

    assert SECRET not in f"{refused.value} {refused.value!r}"


def test_bytes_that_are_no_job_are_counted_and_not_shown() -> None:
    with pytest.raises(errors.MalformedJob) as raised:
        decode(BROKEN)

    assert SECRET not in f"{raised.value} {raised.value!r}"
    assert raised.value.payload == BROKEN


@pytest.mark.logs_errors("are no job", "crashed: NotHandled")
def test_a_node_logs_no_arguments_whatever_becomes_of_the_jobs(config, redis, caplog) -> None:
    """At every level, with jobs of every fate, and actors that crash while they hold some."""
    caplog.set_level(logging.DEBUG)
    with running_node(config, queues={"q": 3}) as node:
        redis.lpush("queue:q", BROKEN)
        for class_, args in (("Good", [SECRET]), ("Bad", [1, SECRET]), ("Nope", [SECRET])):
            node.client.enqueue(Job(class_=class_, args=args, queue="q", max_retry_count=0))
        node.client.enqueue(Job(class_="Waiting", args=[SECRET], queue="q"))
        node.jobs.gate.wait_started(1)
        for name in (names.workers_manager("q"), names.queue_manager("q")):
            old = node.whereis(name)
            old.cast(Planted())
            node.successor(old)
        node.jobs.gate.open()
        node.log.expect(JobMalformed)
        node.log.expect(JobFinished, 2)
        node.log.expect(JobFailed, 2)  # Bad takes one argument, Nope is not registered
        dead = node.client.dead.range()

    assert [record for record in caplog.records if SECRET in shown(record)] == []
    assert SECRET not in repr(node.log.events) + repr(dead)
    assert SECRET in repr([member.args for member in dead if isinstance(member, Job)])


def shown(record: logging.LogRecord) -> str:
    """Return all that a handler might write of a record."""
    return logging.Formatter().format(record) + repr(vars(record))
