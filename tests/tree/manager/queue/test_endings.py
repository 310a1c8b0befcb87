"""Jobs that choose their own end: snoozed, discarded, killed; in threads, in processes and on an event loop."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ending_jobs import ASYNC, PLAIN, EndingJobs
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.events import JobDead, JobDiscarded, JobFailed, JobFinished, JobSnoozed, JobStarted
from verk_actors.jobs.endings import Discard, Kill, Snooze
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config
from verk_actors.settings.queues import Executor, QueueConfig
from verk_actors.tree.manager.queue.fate import settlement_of
from verk_actors.tree.manager.queue.job_packets import outcome_of, outcome_packet
from verk_actors.tree.manager.queue.performing import outcome_of as ended_by
from verk_actors.tree.running_job import Discarded, Failed, Outcome, RunningJob, Snoozed
from verk_actors.wire.codec import decode
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job

HOUR, NOW = 3600.0, 1_700_000_000.5


@pytest.fixture(params=["thread", pytest.param("process", marks=pytest.mark.slow), "async"])
def node(request: pytest.FixtureRequest, config: Config) -> Iterator[Node]:
    """Return a node with a queue of one worker of each kind."""
    executor: Executor = request.param
    jobs = EndingJobs(ASYNC if executor == "async" else PLAIN)
    with running_node(config, jobs, queues={"q": QueueConfig(size=1, executor=executor)}) as node:  # type: ignore[arg-type]
        yield node


def enqueue(node: Node, name: str, *args: object) -> str:
    return node.client.enqueue(Job(class_=name, args=list(args), queue="q", max_retry_count=0))


def test_a_job_ends_as_it_chooses_whatever_runs_it(node: Node, redis, caplog, tmp_path: Path) -> None:
    """Cases 225 and 231: snoozing takes fractions and uses up no retry; the job has none here."""
    caplog.set_level(logging.INFO, "verk_actors.job_log")
    snoozed = enqueue(node, "SnoozeOnce", str(tmp_path / "ran"), 0.25)
    discarded, killed = enqueue(node, "Give", "Discard"), enqueue(node, "Give", "Kill")

    [snooze] = node.log.expect(JobSnoozed, jid=snoozed)
    [finished] = node.log.expect(JobFinished, jid=snoozed)
    [discard] = node.log.expect(JobDiscarded, jid=discarded)
    [failed] = node.log.expect(JobFailed, jid=killed)
    [dead] = node.log.expect(JobDead, jid=killed)

    assert math.isclose(snooze.due_at - snooze.snoozed_at, 0.25, abs_tol=1e-3)
    assert finished.started_at >= snooze.due_at
    assert (finished.job.attempt, finished.job.retry_count, finished.job.max_retry_count) == (1, 0, 0)
    assert discard.reason == "no use"
    assert (failed.final, failed.error_class, dead.reason) == (True, "Kill", "killed")
    assert len(node.log.of(JobStarted)) == 4
    [buried] = redis.zrange("dead", 0, -1)
    assert (json.loads(buried)["error_class"], json.loads(buried)["error_message"]) == ("Kill", "no use")
    assert [redis.get(f"stat:{name}") for name in ("processed", "failed")] == [b"3", b"1"]  # not the snoozed run
    assert redis.keys("retry") + redis.keys("schedule") + redis.keys("inprogress:*") == []
    eventually(lambda: node.status().queues["q"].finished == 2, "live counts")
    for jid, what, end in [(snoozed, "snoozed", "runs again in 250 ms"), (discarded, "discarded", ", no use")]:
        line = re.compile(f"{jid} {what}: .*{end}$", re.MULTILINE)
        eventually(lambda line=line: line.search(caplog.text), "the JobLogger's line")


def test_a_snoozed_job_waits_in_the_schedule_as_it_was(config: Config, redis, tmp_path: Path) -> None:
    """Its history and its unknown keys too; what Sidekiq needs to bring it back is filled in."""
    payload = (
        b'{"class":"SnoozeOnce","args":["%s",3600],"big":1e+308,"retry_count":3,"retry_queue":"low"}'
        % str(tmp_path / "ran").encode()
    )
    with running_node(config, EndingJobs(), queues={"q": 1}) as node:  # type: ignore[arg-type]
        redis.lpush("queue:q", payload)
        [snoozed] = node.log.expect(JobSnoozed)
        [(member, score)] = redis.zrange("schedule", 0, -1, withscores=True)

    assert score == snoozed.due_at == snoozed.snoozed_at + HOUR
    assert member == payload[:-1] + b',"retry":true,"queue":"q","jid":"%s"}' % str(snoozed.job.jid).encode()


@pytest.mark.parametrize(
    ("payload", "outcome", "kind", "score"),
    [
        (b'{"class":"C","args":[]}', Snoozed(5), "snooze", NOW + 5),
        (b'{"class":"C","args":"[]"}', Snoozed(5), "snooze", int(NOW + 5)),  # Verk reads whole scores only
        (b'{"class":"C","args":[]}', Snoozed(1e300), "snooze", NOW + 10 * 365 * 86_400),
        (b'{"class":"C","args":[]}', Discarded("x"), "ack", 0.0),
        (
            b'{"class":"C","args":[],"dead":false}',
            Failed(failure=Failure(class_name="Kill", message=""), dead_because="killed"),
            "discard",
            0.0,
        ),
    ],
)
def test_a_chosen_end_is_settled_by_its_kind(payload: bytes, outcome: Outcome, kind: str, score: float) -> None:
    job = RunningJob(payload, decode(payload, "q"), ended_at=NOW, outcome=outcome)

    settlement = settlement_of(job, "q", Config(), Registry())

    assert (settlement.kind, settlement.score) == (kind, score)


@pytest.mark.parametrize("outcome", [Snoozed(0.5), Discarded('"\udcff\n')])
def test_a_chosen_end_comes_out_of_a_job_process_as_it_is(outcome: Outcome) -> None:
    assert outcome_of(outcome_packet(outcome, last=True)) == (outcome, True)


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, True, "5", None])
def test_nobody_snoozes_for_what_is_no_time(seconds: float) -> None:
    with pytest.raises(ValueError, match="a number of seconds, 0 or more"):
        Snooze(seconds)


def test_an_end_shows_its_reason() -> None:
    assert (str(Snooze(5)), str(Discard("a")), str(Kill("b")), str(Discard())) == ("for 5 s", "a", "b", "")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ExceptionGroup("of a task", [ExceptionGroup("of another", [Snooze(5)])]), "snooze"),
        (ExceptionGroup("of a task", [Discard("x")]), "ack"),
        (ExceptionGroup("of a task", [Kill("x")]), "dead"),
        (ExceptionGroup("of two tasks", [Snooze(5), ValueError()]), "retry"),
    ],
    ids=["snooze", "discard", "kill", "beside an error"],
)
def test_an_end_that_a_task_chose_counts_unless_others_failed(raised: ExceptionGroup[Exception], kind: str) -> None:
    payload = b'{"class":"C","args":[]}'
    job = decode(payload, "q")
    outcome = ended_by(job, None, raised, 5, lambda: NOW)

    row = RunningJob(payload, job, ended_at=NOW, outcome=outcome)
    assert settlement_of(row, "q", Config(), Registry()).kind == kind
