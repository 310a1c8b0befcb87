"""What a client writes is, to the byte, what Verk 1.7.3 and Sidekiq 6.4.1 wrote for the same jobs.

Conformance 4, 12, 15-18: Verk's enqueue, schedule and encode, in `wire_format="verk"`; 2.6 (b): times of Sidekiq.
"""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from redis import Redis

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

GOLDEN = Path(__file__).parents[1] / "wire" / "golden"


def untried(peer: str) -> list[bytes]:
    """Return the payloads of a peer's jobs that had not run yet, as it enqueued or scheduled them."""
    lines = (GOLDEN / f"{peer}.txt").read_bytes().splitlines()
    found = dict.fromkeys(line for line in lines if not line.startswith(b"#"))
    return [line for line in found if b"retried_at" not in line or b'"failed_at":null' in line]


VERK = [line for line in untried("verk_1.7.3") if line.startswith(b'{"args"')]  # others its Lua has written anew
ENQUEUED = [line for line in VERK if b'"enqueued_at":null' not in line]
SCHEDULED = [line for line in VERK if line not in ENQUEUED]


def job_of(golden: bytes) -> Job:
    """Return the job for which Verk wrote this; 25 retries are its default."""
    fields = json.loads(golden)
    limit = fields["max_retry_count"]
    return Job(
        class_=fields["class"], args=json.loads(fields["args"]), queue=fields["queue"], jid=fields["jid"],
        max_retry_count=None if limit == 25 else limit,
    )  # fmt: skip


@pytest.mark.parametrize("golden", ENQUEUED)
def test_a_job_enqueued_in_verks_form_has_verks_bytes(config: Config, redis: Redis, golden: bytes) -> None:
    job, now = job_of(golden), json.loads(golden)["enqueued_at"] + 0.9

    with Client(attrs.evolve(config, wire_format="verk"), clock=lambda: now) as client:
        client.enqueue(job)
        client.enqueue_many([job])

    assert redis.lrange(f"queue:{job.queue}", 0, -1) == [golden, golden]


@pytest.mark.parametrize("golden", SCHEDULED)
def test_a_job_scheduled_in_verks_form_has_verks_bytes_and_a_whole_score(
    config: Config, redis: Redis, golden: bytes
) -> None:
    with Client(attrs.evolve(config, wire_format="verk"), clock=lambda: 1795310000.9) as client:
        client.schedule(job_of(golden), 60.2)

    assert redis.zrange("schedule", 0, -1, withscores=True) == [(golden, 1795310061.0)]


@pytest.mark.parametrize("now", [1795310000.0, 1795310000])
def test_times_in_sidekiqs_form_are_floats_even_on_the_second(config: Config, redis: Redis, now: float) -> None:
    """Sidekiq 8 takes a time without a decimal point for milliseconds."""
    with Client(config, clock=lambda: now) as client:
        client.enqueue(Job(class_="A", args=[], jid="1"))
        client.enqueue_many([Job(class_="A", args=[], jid="1")])
        client.schedule(Job(class_="A", args=[], jid="2"), 60)

    times = b'"created_at":1795310000.0,"enqueued_at":1795310000.0}'
    expected = b'{"retry":true,"queue":"default","class":"A","args":[],"jid":"1",' + times
    assert redis.lrange("queue:default", 0, -1) == [expected, expected]
    assert redis.zrange("schedule", 0, -1) == [
        b'{"retry":true,"queue":"default","class":"A","args":[],"jid":"2","created_at":1795310000.0}'
    ]
