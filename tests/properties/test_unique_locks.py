"""Unique jobs, enqueued by several processes at once in every way there is: of each token there is one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.source import REPOSITORY

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

PROCESSES = 3
TOKENS = st.lists(st.sampled_from(["a", "b", "cc", "dd", "e" * 3]), min_size=1, max_size=8)
OPERATIONS = st.lists(st.tuples(st.sampled_from(["enqueue", "schedule", "many"]), TOKENS), min_size=1, max_size=6)


@pytest.fixture
def enqueuers(redis_url: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Return processes that enqueue what they are told."""
    command = [sys.executable, "-m", "support.enqueuer", redis_url]
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                subprocess.Popen(
                    command, cwd=REPOSITORY / "tests", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for _ in range(PROCESSES)
        ]


def told(enqueuer: subprocess.Popen[str], operations: object) -> None:
    assert enqueuer.stdin is not None
    enqueuer.stdin.write(json.dumps(operations) + "\n")
    enqueuer.stdin.flush()


def answer(enqueuer: subprocess.Popen[str]) -> list[str]:
    assert enqueuer.stdout is not None
    jids: list[str] = json.loads(enqueuer.stdout.readline())
    return jids


@pytest.mark.slow  # processes are started
def test_of_each_token_one_job_is_enqueued_and_all_are_told_its_jid(enqueuers, config: Config, redis) -> None:
    with Client(config) as client:

        @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(st.lists(OPERATIONS, min_size=PROCESSES, max_size=PROCESSES))
        def check(plans: list[list[tuple[str, list[str]]]]) -> None:
            for enqueuer, plan in zip(enqueuers, plans, strict=True):
                told(enqueuer, plan)
            answers = [answer(enqueuer) for enqueuer in enqueuers]

            tokens = [[token for _, tokens in plan for token in tokens] for plan in plans]
            found = {job.unique_token: job.jid for job in jobs_of(client)}
            assert Counter(job.unique_token for job in jobs_of(client)) == Counter(
                {token for of in tokens for token in of}
            )
            assert answers == [[found[token] for token in of] for of in tokens]
            release(client)
            assert redis.keys("unique:*") == []

        check()


def jobs_of(client: Client) -> list[Job]:
    members = [member for name in client.queue_names() for member in client.queue(name).range()]
    return [member for member in members + client.scheduled.range() if isinstance(member, Job)]


def release(client: Client) -> None:
    """Remove the jobs, by which their locks are released."""
    for name in client.queue_names():
        client.queue(name).delete_many(client.queue(name).range())
    client.scheduled.delete_many(client.scheduled.range())
